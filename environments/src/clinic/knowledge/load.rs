//! Reads a knowledge base from a file, whatever its format.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::base::{Knowledge, KnowledgeError};
use super::{ddxplus, rows, table};
use crate::nearest::nearest;
use crate::text::read_text;

/// Speciality of conditions for which none is given.
pub(super) const GENERAL: &str = "General medicine";

static BUILTIN: LazyLock<Arc<Knowledge>> = LazyLock::new(|| {
    let text = include_str!("builtin.toml");
    let base = table::parse(text, "builtin", "builtin.toml");
    Arc::new(base.expect("the built-in base is part of the program and checked by its tests"))
});

impl Knowledge {
    /// The knowledge base that comes with Rounds: illustrative, not for clinical use.
    ///
    /// # Source
    /// Made for Rounds (`builtin.toml`).
    pub fn builtin() -> Arc<Self> {
        Arc::clone(&BUILTIN)
    }

    /// Reads a knowledge base: TOML in the shape of the built-in one, CSV with the columns
    /// disease, evidence, probability and cost, or the JSON table of DDXPlus rates. The
    /// extension decides; for any other extension the first character or line does.
    ///
    /// # Errors
    /// [`KnowledgeError`] naming the file, the line where it is known, and what was expected.
    pub fn load(path: &Path) -> Result<Arc<Self>, KnowledgeError> {
        let shown = path.display().to_string();
        let text = read_text(path).map_err(|error| KnowledgeError::Io {
            path: shown.clone(),
            why: error.to_string(),
        })?;
        let text = text.trim_start_matches('\u{feff}');
        let name = path
            .file_stem()
            .map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
        let base = match format_of(path, text) {
            Format::Toml => table::parse(text, &name, &shown),
            Format::Csv => rows::parse(text, &name, &shown),
            Format::Json => ddxplus::parse(text, &name, path),
        };
        base.map(Arc::new)
    }
}

enum Format {
    Toml,
    Csv,
    Json,
}

fn format_of(path: &Path, text: &str) -> Format {
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    match extension.as_deref().and_then(|e| e.to_str()) {
        Some("toml") => Format::Toml,
        Some("csv") => Format::Csv,
        Some("json") => Format::Json,
        _ if text.trim_start().starts_with('{') => Format::Json,
        _ => {
            let header = text.lines().next().unwrap_or("").to_lowercase();
            if header.contains("disease") && header.contains(',') {
                Format::Csv
            } else {
                Format::Toml
            }
        }
    }
}

/// An error at a line of a file.
pub(super) fn invalid(path: &str, line: Option<u64>, why: impl Into<String>) -> KnowledgeError {
    KnowledgeError::Invalid {
        path: path.to_owned(),
        line,
        why: why.into(),
    }
}

/// The same error with the file in place of the name of the base, and the line of the entry that
/// it names by `{name:?}: `, where `line_of` knows it.
pub(super) fn in_file(
    error: KnowledgeError,
    file: &str,
    line_of: impl Fn(&str) -> Option<u64>,
) -> KnowledgeError {
    match error {
        KnowledgeError::Invalid { line, why, .. } => {
            let entry = why.split_once(": ").map_or("", |(entry, _)| entry);
            let line = line.or_else(|| line_of(entry));
            invalid(file, line, why)
        }
        other => other,
    }
}

/// The nearest of `names` to `got`, as a question to append to a message.
pub(super) fn meant<'a>(got: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    nearest(got, names).map_or_else(String::new, |name| format!("; did you mean {name:?}?"))
}

/// Position of `name` in `names`, added at the end where it is new.
pub(super) fn position_or_add(names: &mut Vec<String>, name: &str) -> u32 {
    let at = names.iter().position(|n| n == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    at as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clinic::knowledge::{ConditionIx, FindingIx, FindingKind};

    #[test]
    fn builtin_base_is_large_enough_and_every_question_differs() {
        let base = Knowledge::builtin();
        assert!(base.conditions().len() >= 62);
        assert!(base.findings().len() >= 255);
        assert!(base.specialities().len() >= 8);
        assert!(
            base.findings()
                .iter()
                .filter(|f| f.parent.is_some())
                .count()
                >= 15
        );
        let questions: std::collections::BTreeSet<_> =
            base.findings().iter().map(|f| &f.question).collect();
        assert_eq!(questions.len(), base.findings().len());
        for kind in [
            FindingKind::Symptom,
            FindingKind::Antecedent,
            FindingKind::Sign,
            FindingKind::Test,
        ] {
            assert!(base.findings().iter().any(|f| f.kind == kind), "{kind:?}");
        }
    }

    #[test]
    fn builtin_children_are_never_more_probable_than_their_parents() {
        let base = Knowledge::builtin();
        for (e, finding) in base.findings().iter().enumerate() {
            let Some(parent) = finding.parent else {
                continue;
            };
            for d in 0..base.conditions().len() {
                let d = ConditionIx(d as u32);
                let child = base.theta(d, FindingIx(e as u32));
                assert!(
                    child <= base.theta(d, parent),
                    "{} {}",
                    base.condition(d).name,
                    finding.id
                );
            }
        }
    }

    #[test]
    fn builtin_base_says_what_it_is() {
        let text = include_str!("builtin.toml");
        assert!(text.contains("not clinical data"));
        assert!(text.contains("must not be used for clinical decisions"));
    }

    #[test]
    fn missing_file_is_named() {
        let error = Knowledge::load(Path::new("/no/such/base.toml")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("/no/such/base.toml: cannot be read")
        );
    }

    #[test]
    fn content_decides_where_the_extension_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("base.txt");
        std::fs::write(&path, "Disease,Evidence,Probability,Cost\na,x,0.5,1\n").unwrap();
        assert_eq!(Knowledge::load(&path).unwrap().conditions().len(), 1);
        std::fs::write(&path, include_str!("builtin.toml")).unwrap();
        let loaded = Knowledge::load(&path).unwrap();
        assert_eq!(loaded.conditions(), Knowledge::builtin().conditions());
    }
}
