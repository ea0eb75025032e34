//! Reads one case file.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rounds_environments::clinic::icd9;
use rounds_environments::clinic::knowledge::Knowledge;

use super::checks::{CheckSpec, PassSpec, read_checks, read_pass};
use super::patient::{CasePatientSpec, read_patient};
use super::topics::{TopicNames, read_topics};
use crate::hash::sha256;
use crate::predicate::{Lexicon, Ranges, plain_name};
use crate::schema::diagnostics::{Problem, ProblemKind, Problems, SchemaError};
use crate::schema::document::{Table, parse};
use crate::schema::layers::extended;
use crate::schema::paths::read_settings;
use crate::schema::reader::TableReader;
use crate::schema::source::{Origin, Source};
use crate::schema::values::{Fault, NOT_NEGATIVE, choice, integer, items, string};
use crate::schema::write::{absolute_paths, document};

/// The value of `schema` in a case file.
pub const CASE_SCHEMA: &str = "rounds.case/1";

/// Rounds of a visit where neither the case nor its suite says how many.
const ROUNDS: u32 = 10;
/// Severity of a truth that the knowledge base does not know, from 1 (most severe) to 5.
const MIDDLE_SEVERITY: u8 = 3;

choice! {
    /// What is expected of a case.
    enum Expected {
        /// That it passes.
        Pass = "pass",
        /// That it fails: it is known to be beyond the policies of today.
        Fail = "fail",
    }
}

/// The truth of a case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CaseTruth {
    /// Name of the diagnosis; empty when it is that of the patient's own record.
    pub diagnosis: String,
    /// ICD-9-CM codes, in their normal form.
    pub icd9: Vec<String>,
    /// Other names that are right.
    pub accept: Vec<String>,
}

/// Limits of the visit of a case; what is not given is that of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CaseLimits {
    /// Most rounds.
    pub rounds: Option<u32>,
    /// Most simulated minutes.
    pub minutes: Option<f64>,
    /// Most simulated cost, in US dollars.
    pub cost: Option<f64>,
}

/// A case.
#[derive(Debug, Clone)]
pub struct CaseSpec {
    /// Its file.
    pub file: PathBuf,
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Speciality of the truth; empty when it is not known.
    pub speciality: String,
    /// Under which licence it may be used.
    pub licence: String,
    /// Severity of the truth, from 1 (most severe) to 5.
    pub severity: u8,
    /// It is expected to fail.
    pub expected_failure: bool,
    /// The patient.
    pub patient: CasePatientSpec,
    /// Names of topics beside those of the patient.
    pub topics: TopicNames,
    /// The truth.
    pub truth: CaseTruth,
    /// Limits of its visit.
    pub limits: CaseLimits,
    /// Visits of this case; that of the suite where it is not given.
    pub repeats: Option<u32>,
    /// When it is passed.
    pub pass: PassSpec,
    /// Its checks.
    pub checks: Vec<CheckSpec>,
    /// Names that its checks may use, and the truth that they are judged by.
    pub lexicon: Lexicon,
    /// SHA-256 of its content in hexadecimal, with paths as written.
    pub hash: String,
    /// The whole case as TOML, with absolute paths.
    pub text: String,
}

/// Loads the case file at `path`, whose findings are those of `knowledge`.
///
/// # Errors
/// Every mistake of the file, at its place.
pub fn load_case(
    path: &Path,
    knowledge: &std::sync::Arc<Knowledge>,
) -> Result<CaseSpec, SchemaError> {
    let text = read_settings(path).map_err(|why| {
        let message = format!("{}: {why}", path.display());
        Problem::without_place(ProblemKind::MissingFile, message)
    })?;
    let source = Source::file(path, text);
    let mut table = match path.extension().is_some_and(|e| e == "json") {
        true => crate::schema::json::parse(&source)?,
        false => extended(&source, &mut vec![identity(path)])?,
    };
    if table.is_empty() {
        // An empty TOML file is valid TOML, and says nothing of what is missing.
        table = parse(&source)?;
    }
    let problems = Problems::default();
    let case = read(&table, Origin::new(&source, 0..0), knowledge, &problems);
    problems.finish()?;
    let Some(mut case) = case else {
        let message = format!("{}: the case cannot be read", path.display());
        return Err(Problem::without_place(ProblemKind::Syntax, message).into());
    };
    path.clone_into(&mut case.file);
    case.hash = sha256(document(&table));
    absolute_paths(&mut table);
    case.text = document(&table);
    Ok(case)
}

fn identity(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn read(
    table: &Table,
    place: Origin,
    knowledge: &std::sync::Arc<Knowledge>,
    problems: &Problems,
) -> Option<CaseSpec> {
    let mut root = TableReader::new(table, "", place, problems);
    root.expect_schema(CASE_SCHEMA, "a case");
    let id = read_id(&mut root);
    let title = required(&mut root, "title", "title = \"…\"");
    let licence = required(&mut root, "licence", "licence = \"CC0-1.0\"");
    let speciality = root.string("speciality");
    let severity = root.get("severity", |node| integer(node, 1, 5));
    let expected = root.choice("expect").unwrap_or(Expected::Pass);
    let mut lexicon = Lexicon::new(std::sync::Arc::clone(knowledge));
    let patient = read_patient(&mut root, knowledge, &mut lexicon);
    let topics = read_topics(&mut root, &mut lexicon);
    let truth = read_truth(&mut root, patient.as_ref(), knowledge);
    let limits = read_limits(&mut root);
    let repeats = read_run(&mut root);
    let pass = read_pass(&mut root);
    let names = std::iter::once(&truth.diagnosis).chain(&truth.accept);
    lexicon.truth = names
        .map(|name| plain_name(name))
        .filter(|n| !n.is_empty())
        .collect();
    lexicon.codes.clone_from(&truth.icd9);
    let ranges = Ranges {
        rounds: limits.rounds.unwrap_or(ROUNDS),
        list: 10,
        team: u32::MAX,
    };
    // Without a patient every topic would be unknown.
    let checks = match patient.is_some() {
        true => read_checks(&mut root, &lexicon, ranges),
        false => {
            root.entry("checks");
            Vec::new()
        }
    };
    root.finish();
    let condition = knowledge.find_condition(&truth.diagnosis);
    let condition = condition.map(|d| knowledge.condition(d));
    let own_speciality = condition.and_then(|c| knowledge.specialities().get(c.speciality.index()));
    Some(CaseSpec {
        file: PathBuf::new(),
        id: id?,
        title: title?,
        speciality: speciality
            .or_else(|| own_speciality.cloned())
            .unwrap_or_default(),
        licence: licence?,
        severity: severity.map_or_else(
            || condition.map_or(MIDDLE_SEVERITY, |c| c.severity),
            |severity| severity as u8,
        ),
        expected_failure: matches!(expected, Expected::Fail),
        patient: patient?,
        topics,
        truth,
        limits,
        repeats,
        pass,
        checks,
        lexicon,
        hash: String::new(),
        text: String::new(),
    })
}

fn read_id(root: &mut TableReader<'_>) -> Option<String> {
    if root.entry("id").is_none() {
        root.missing("id", "id = \"chest-pain-001\"");
    }
    root.get("id", |node| {
        let id = string(node)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !id.is_empty() && id.chars().all(plain) {
            Ok(id)
        } else {
            Err(Fault::new(
                ProblemKind::OutOfRange,
                "letters, digits, `-`, `_` and `.`",
            ))
        }
    })
}

fn required(root: &mut TableReader<'_>, key: &'static str, example: &str) -> Option<String> {
    if root.entry(key).is_none() {
        root.missing(key, example);
    }
    root.get(key, |node| match string(node)? {
        empty if empty.trim().is_empty() => Err(Fault::new(
            ProblemKind::OutOfRange,
            "a text that is not empty",
        )),
        text => Ok(text),
    })
}

fn read_truth(
    root: &mut TableReader<'_>,
    patient: Option<&CasePatientSpec>,
    knowledge: &Knowledge,
) -> CaseTruth {
    let own = patient.is_some_and(CasePatientSpec::knows_its_truth);
    let mut truth = CaseTruth::default();
    if let Some(CasePatientSpec::Drawn { condition, .. }) = patient {
        truth.diagnosis.clone_from(condition);
    }
    let Some(mut table) = root.table("truth") else {
        if root.entry("truth").is_none() && !own {
            root.missing("truth", "truth = { diagnosis = \"…\", icd9 = [\"…\"] }");
        }
        add_codes_of_name(&mut truth, knowledge);
        return truth;
    };
    if table.entry("diagnosis").is_none() && !own {
        table.missing("diagnosis", "diagnosis = \"…\"");
    }
    if let Some(diagnosis) = table.string("diagnosis") {
        truth.diagnosis = diagnosis;
    }
    let mut codes = BTreeSet::new();
    let read = table.get("icd9", |node| {
        items(node)?
            .iter()
            .map(|item| Ok((item, string(item)?)))
            .collect::<Result<Vec<_>, Fault>>()
    });
    for (item, code) in read.unwrap_or_default() {
        match icd9::normal_diagnosis(&code) {
            Some(normal) => {
                if codes.insert(normal.clone()) {
                    truth.icd9.push(normal);
                }
            }
            None => table.note(
                Problem::at(
                    &item.origin,
                    ProblemKind::OutOfRange,
                    format!("`{code}` is no ICD-9-CM diagnosis code"),
                    "expected 3 to 5 digits, V with 2 to 4, or E with 3 to 4",
                )
                .help("codes are written with or without their dot, such as \"415.19\""),
            ),
        }
    }
    truth.accept = table.strings("accept");
    table.finish();
    add_codes_of_name(&mut truth, knowledge);
    truth
}

/// A truth without codes has those of the condition of its name.
fn add_codes_of_name(truth: &mut CaseTruth, knowledge: &Knowledge) {
    if truth.icd9.is_empty()
        && let Some(d) = knowledge.find_condition(&truth.diagnosis)
    {
        let codes = &knowledge.condition(d).codes;
        truth.icd9 = codes
            .iter()
            .filter_map(|code| icd9::normal_diagnosis(code))
            .collect();
    }
}

fn read_limits(root: &mut TableReader<'_>) -> CaseLimits {
    let Some(mut table) = root.table("limits") else {
        return CaseLimits::default();
    };
    let limits = CaseLimits {
        rounds: table
            .get("rounds", |node| integer(node, 0, 1000))
            .map(|rounds| rounds as u32),
        minutes: table.optional_number("minutes", NOT_NEGATIVE),
        cost: table.optional_number("cost", NOT_NEGATIVE),
    };
    table.finish();
    limits
}

fn read_run(root: &mut TableReader<'_>) -> Option<u32> {
    let mut table = root.table("run")?;
    let repeats = table.get("repeats", |node| integer(node, 1, 10_000));
    table.finish();
    repeats.map(|repeats| repeats as u32)
}
