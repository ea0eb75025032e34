//! Self-test files (`rounds.self-test/1`): pairs of a careless policy and its careful twin, by
//! which the checks of a suite are tested themselves.

use std::collections::BTreeSet;
use std::path::Path;

use super::diagnostics::{Problem, ProblemKind, Problems, SchemaError};
use super::layers::chain;
use super::moves::read_moves;
use super::reader::TableReader;
use super::source::Origin;

/// The value of `schema` in a self-test file.
pub const SELF_TEST_SCHEMA: &str = "rounds.self-test/1";

/// A careless policy and its careful twin on one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelfTestPair {
    /// Name of the pair.
    pub name: String,
    /// What the careless one does, in a sentence.
    pub about: String,
    /// Id of the case.
    pub case: String,
    /// Id of the check that must tell.
    pub check: String,
    /// Moves of the careless policy.
    pub careless: Vec<String>,
    /// Moves of its twin.
    pub careful: Vec<String>,
}

/// Loads the self-test file at `path`.
///
/// # Errors
/// Every mistake of the file, at its place; a case or check that `known` does not have is one.
/// `known` gives the ids of the checks of a case.
pub fn load_self_test(
    path: &Path,
    cases: &[&str],
    known: impl Fn(&str) -> Vec<String>,
) -> Result<Vec<SelfTestPair>, SchemaError> {
    let (table, source) = chain(path)?;
    let problems = Problems::default();
    let place = Origin::new(&source, 0..0);
    let mut root = TableReader::new(&table, "", place, &problems);
    root.expect_schema(SELF_TEST_SCHEMA, "a self-test");
    let mut names = BTreeSet::new();
    let mut pairs = Vec::new();
    for mut table in root.table_array("pairs") {
        for (key, example) in [
            ("name", "name = \"skips-the-leg\""),
            ("case", "case = \"CASE\""),
            ("check", "check = \"CHECK\""),
            ("careless", "careless = [\"diagnose …\"]"),
            ("careful", "careful = [\"ask …\", \"diagnose …\"]"),
        ] {
            if table.entry(key).is_none() {
                table.missing(key, example);
            }
        }
        let pair = (
            table.string("name"),
            table.string("case"),
            table.string("check"),
        );
        let about = table.string("about").unwrap_or_default();
        let careless = read_moves(&mut table, "careless");
        let careful = read_moves(&mut table, "careful");
        if let (Some(name), Some(case), Some(check)) = pair {
            let checks = known(&case);
            if !names.insert(name.clone()) {
                note(
                    &mut table,
                    "name",
                    ProblemKind::Duplicate,
                    &name,
                    "pairs",
                    &[],
                );
            }
            if !cases.contains(&case.as_str()) {
                note(
                    &mut table,
                    "case",
                    ProblemKind::UnknownName,
                    &case,
                    "cases",
                    cases,
                );
            } else if !checks.contains(&check) {
                let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
                note(
                    &mut table,
                    "check",
                    ProblemKind::UnknownName,
                    &check,
                    "checks",
                    &checks,
                );
            }
            pairs.push(SelfTestPair {
                name,
                about,
                case,
                check,
                careless,
                careful,
            });
        }
        table.finish();
    }
    if root.entry("pairs").is_none() {
        root.missing("pairs", "[[pairs]] with a careless and a careful policy");
    }
    root.finish();
    problems.finish()?;
    Ok(pairs)
}

fn note(
    table: &mut TableReader<'_>,
    key: &'static str,
    kind: ProblemKind,
    got: &str,
    what: &str,
    names: &[&str],
) {
    let Some(entry) = table.entry(key) else {
        return;
    };
    let place = &entry.value.origin;
    let problem = match kind {
        ProblemKind::Duplicate => {
            let message = format!("two {what} are called `{got}`");
            Problem::at(place, kind, message, "this name is taken")
        }
        _ => {
            let message = format!("there is no `{got}` among the {what}");
            Problem::at(place, kind, message, "not in the suite").suggest(got, what, names)
        }
    };
    table.note(problem);
}
