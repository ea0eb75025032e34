//! A case from a record.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use rounds_environments::clinic::icd9;
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::record::{DiagnosisEntry, Record, RecordError, RecordSet};
use serde::Deserialize;
use serde_json::Value;

use super::fill::{fill, toml_line};
use super::topics::{OfferedTopic, known_sections, offered};

/// Why a record makes no case.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SkeletonError {
    /// It cannot be read.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A folder was given.
    #[error("{}: expected a file with one record, got a folder", .0.display())]
    Folder(PathBuf),
}

/// A record that a case is to be made of.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordCase {
    record: Record,
    /// No text of the record may be copied: its manifest says so, or it has none.
    pub restricted: bool,
    licence: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Checks {
    checks: Vec<OfferedCheck>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfferedCheck {
    id: String,
    axis: String,
    points: i64,
    #[serde(default)]
    critical: bool,
    when: String,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    about: String,
}

const RESTRICTED: &str = "\
#
# The record is restricted: no text of it stands here, and none must be written here before the file
# is shared. Its truth is read from the record when the case is played.
";

impl RecordCase {
    /// Reads the record at `path`, with the manifest of its folder.
    ///
    /// # Errors
    /// [`SkeletonError`] when it is no record.
    pub fn load(path: &Path) -> Result<Self, SkeletonError> {
        if path.is_dir() {
            return Err(SkeletonError::Folder(path.to_owned()));
        }
        let set = RecordSet::load(path)?;
        let licence = set.manifest.as_ref().map(|known| known.licence.clone());
        let record = set.records.into_iter().next().unwrap_or_default();
        Ok(Self {
            record,
            restricted: set.restricted,
            licence: licence.filter(|licence| !licence.trim().is_empty()),
        })
    }

    /// The case called `id`, to be stored as `file`, from which `path` leads to the record.
    pub fn case(&self, id: &str, file: &str, path: &str) -> String {
        let topics = offered(&self.record.patient, self.restricted);
        let licence = match (&self.licence, self.restricted) {
            (Some(licence), false) => toml_line(licence),
            (_, true) => "\"restricted\"".to_owned(),
            (None, false) => "\"see the record\"".to_owned(),
        };
        let values = [
            ("id", id),
            ("file", file),
            ("notice", if self.restricted { RESTRICTED } else { "" }),
            ("title", &self.title(id)),
            ("licence", &licence),
            ("record", &toml_line(path)),
            ("facts", &self.facts()),
            ("topics", &topics_table(&topics)),
            ("truth", &self.truth()),
            ("checks", &checks(&topics)),
        ];
        fill(include_str!("templates/record-case.toml"), &values)
    }

    /// The complaint, where it may be told.
    fn title(&self, id: &str) -> String {
        let complaint = self.text("Chief Complaint").filter(|_| !self.restricted);
        toml_line(complaint.unwrap_or(&format!("The record of {id}")))
    }

    /// The text of a section, where it has one that is not empty.
    fn text(&self, section: &str) -> Option<&str> {
        let text = self.record.patient.text.get(section)?;
        text.as_str().filter(|text| !text.trim().is_empty())
    }

    /// The history as commented-out facts, for a patient in words of one's own.
    fn facts(&self) -> String {
        if self.restricted {
            return String::new();
        }
        let sections: Vec<(String, Vec<String>, &str)> = known_sections()
            .into_iter()
            .filter(|words| words.fact && words.section != "Chief Complaint")
            .filter_map(|words| {
                let text = self.text(&words.section)?;
                Some((
                    crate::predicate::plain_name(&words.section),
                    words.aliases,
                    text,
                ))
            })
            .collect();
        let complaint = self.text("Chief Complaint");
        if complaint.is_none() && sections.is_empty() {
            return String::new();
        }
        let mut out = String::from(
            "## Or a patient in words of your own: remove `record` above, take out the leading `# `\n\
             ## of the lines below, and let the patient speak.\n",
        );
        let opening = toml_line(complaint.unwrap_or("Doctor, I do not feel well."));
        let _ = writeln!(out, "# opening = {opening}");
        let person = &self.record.patient.demographics;
        let age = person.age.map(|age| format!("age = {age}"));
        let sex = person.gender.as_ref();
        let sex = sex.map(|sex| format!("sex = {}", toml_line(sex)));
        let person: Vec<String> = age.into_iter().chain(sex).collect();
        if !person.is_empty() {
            let _ = writeln!(out, "# demographics = {{ {} }}", person.join(", "));
        }
        out.push_str("#\n# [patient.facts]\n");
        for (id, aliases, text) in sections {
            let _ = writeln!(
                out,
                "# {id} = {{ say = {}, aliases = {} }}",
                toml_line(text),
                list(&aliases)
            );
        }
        out
    }

    /// The truth, where it may be told; that of a restricted record stays in the record.
    fn truth(&self) -> String {
        let entries = &self.record.patient.diagnoses;
        let first = entries
            .iter()
            .min_by_key(|entry| entry.seq_num.unwrap_or(u32::MAX));
        let Some(first) = first.filter(|_| !self.restricted) else {
            return String::from(
                "# The truth is the first diagnosis of the record. Fill in: other names that are right.\n\
                 [truth]\naccept = []\n",
            );
        };
        let name = first.long_title.as_ref().or(first.short_title.as_ref());
        let name = name.unwrap_or(&first.icd9_code);
        let code = icd9::dotted_diagnosis(&first.icd9_code);
        let mut out = String::from("[truth]\n");
        let _ = writeln!(out, "diagnosis = {}", toml_line(name));
        if let Some(code) = code {
            let _ = writeln!(out, "icd9 = {}", list(&[code]));
        }
        let _ = writeln!(
            out,
            "# Fill in: other names that are right.\naccept = {}",
            list(&other_names(first, name))
        );
        out
    }
}

/// What the record and the knowledge base call a diagnosis besides `name`.
fn other_names(entry: &DiagnosisEntry, name: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let short = entry.short_title.iter().cloned();
    let code = icd9::normal_diagnosis(&entry.icd9_code);
    let knowledge = Knowledge::builtin();
    let same = knowledge.conditions().iter().filter(|condition| {
        let mut codes = condition.codes.iter();
        code.is_some() && codes.any(|known| icd9::normal_diagnosis(known) == code)
    });
    for other in short.chain(same.map(|condition| condition.name.clone())) {
        if other != name && !names.contains(&other) {
            names.push(other);
        }
    }
    names
}

fn list(texts: &[String]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| toml_line(text)).collect();
    format!("[{}]", texts.join(", "))
}

fn topics_table(topics: &[OfferedTopic]) -> String {
    let mut out = String::from("[topics]\n");
    let mut within: Option<&String> = None;
    for topic in topics {
        if topic.within.as_ref() != within {
            within = topic.within.as_ref();
            let _ = writeln!(out, "# {}", within.map_or("", String::as_str));
        }
        let test = if topic.test { "test = true, " } else { "" };
        let aliases = list(&topic.aliases);
        let _ = writeln!(out, "{} = {{ {test}aliases = {aliases} }}", topic.id);
    }
    out
}

/// The checks whose topics the record has.
fn checks(topics: &[OfferedTopic]) -> String {
    let offered: Checks = toml::from_str(include_str!("templates/checks.toml"))
        .expect("the checks of this program are TOML");
    let test = topics.iter().find(|topic| topic.test);
    let test = test.map_or("", |topic| topic.id.as_str());
    let mut out = String::new();
    for check in offered.checks {
        let mut needs = check.needs.iter().map(|need| fill(need, &[("test", test)]));
        if !needs.all(|need| topics.iter().any(|topic| topic.id == need)) {
            continue;
        }
        out.push('\n');
        if !check.about.is_empty() {
            let _ = writeln!(out, "# {}", check.about);
        }
        let when = Value::String(fill(&check.when, &[("test", test)]));
        let critical = if check.critical {
            "critical = true\n"
        } else {
            ""
        };
        let _ = write!(
            out,
            "[[checks]]\nid = \"{}\"\naxis = \"{}\"\npoints = {}\n{critical}when = {when}\n",
            check.id, check.axis, check.points
        );
    }
    out
}
