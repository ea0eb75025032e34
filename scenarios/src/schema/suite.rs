//! Suite files (`rounds.suite/1`): cases, who is evaluated on them, and what must come out.
//!
//! A suite is a scenario whose patients are cases: `[agents]`, `[policies]`, `[models]`,
//! `[limits]`, `[environment]` and `[[arms]]` are those of a scenario.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rounds_environments::clinic::case::Person;

use super::case::{AtLeast, bound};
use super::diagnostics::{Problem, ProblemKind, Problems, SchemaError};
use super::document::{Data, Entry, Node, Table};
use super::layers::{assignment, chain, merge};
use super::load::{Layer, Overrides, ScenarioSet, resolve};
use super::paths::PathKind;
use super::reader::TableReader;
use super::scenario::SCHEMA;
use super::source::Origin;
use super::spoken_by::give_models;
use super::values::Fault;

/// The value of `schema` in a suite file.
pub const SUITE_SCHEMA: &str = "rounds.suite/1";

/// Keys of a suite that a scenario does not have.
const OWN: [&str; 6] = [
    "cases",
    "knowledge",
    "thresholds",
    "judge",
    "self_test",
    "swap",
];

/// The model that judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteJudge {
    /// A name in the suite's `[models]`.
    pub model: String,
    /// How often each question is asked.
    pub votes: u32,
    /// A folder of prompts that take the place of ours, file by file.
    pub prompts: Option<PathBuf>,
}

/// A suite.
#[derive(Debug, Clone, PartialEq)]
pub struct SuiteSpec {
    /// The scenario that it stands for.
    pub set: ScenarioSet,
    /// Bounds of metrics, by name; without any, every case must come out as expected.
    pub thresholds: BTreeMap<String, AtLeast>,
    /// Who judges.
    pub judge: Option<SuiteJudge>,
    /// A file of careless and careful policies that the suite must tell apart.
    pub self_test: Option<PathBuf>,
    /// Values that `--swap` plays, by part of the person.
    pub swap: BTreeMap<String, Vec<String>>,
}

/// What a command adds to the arms of a suite.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Variants {
    /// Parts of the person to swap.
    pub swap: Vec<String>,
    /// Further arms: name, then `key=value` each.
    pub arms: Vec<(String, Vec<String>)>,
}

impl SuiteSpec {
    /// Loads the suite at `path` under `overrides`, its arms multiplied by `variants`.
    ///
    /// # Errors
    /// Every mistake of the first stage that has one, at its place.
    pub fn load(
        path: &Path,
        overrides: &Overrides,
        variants: &Variants,
    ) -> Result<Self, SchemaError> {
        let (mut table, source) = chain(path)?;
        if let Some(choice) = &overrides.model {
            give_models(&mut table, choice)?;
        }
        for text in &overrides.set {
            merge(&mut table, assignment("--set", text)?);
        }
        let problems = Problems::default();
        let place = Origin::new(&source, 0..0);
        let mut own: Table = OWN
            .iter()
            .filter_map(|key| Some(((*key).to_owned(), table.remove(*key)?)))
            .collect();
        if let Some(schema) = table.get("schema") {
            own.insert("schema".to_owned(), schema.clone());
        }
        let models: Vec<String> = match table.get("models").map(|entry| &entry.value.data) {
            Some(Data::Table(models)) => models.keys().cloned().collect(),
            _ => Vec::new(),
        };
        let mut root = TableReader::new(&own, "", place.clone(), &problems);
        root.expect_schema(SUITE_SCHEMA, "a suite");
        let thresholds = read_thresholds(&mut root);
        let judge = read_judge(&mut root, &models);
        let self_test = root.path("self_test", PathKind::File);
        let swap = read_swap(&mut root);
        if root.entry("cases").is_none() {
            root.missing("cases", "cases = [\"cases/*.toml\"]");
        }
        root.get("cases", |node| match &node.data {
            Data::Array(_) | Data::String(_) => Ok(()),
            _ => Err(Fault::wrong_type("files of cases, or patterns of them")),
        });
        root.string("knowledge");
        root.finish();
        problems.finish()?;
        let mut arms = Vec::new();
        for part in &variants.swap {
            arms.extend(swap_arms(part, &swap)?);
        }
        for (name, settings) in &variants.arms {
            let mut set = Table::new();
            for text in settings {
                merge(&mut set, assignment("--set", text)?);
            }
            arms.push(Layer {
                name: name.clone(),
                place: place.clone(),
                set,
            });
        }
        refuse_other_kinds(&table, &problems);
        problems.finish()?;
        let table = as_scenario(table, &own, &place);
        let rest = Overrides {
            // Options of models once more, behind the model that the command line gives.
            set: overrides
                .set
                .iter()
                .filter(|text| text.starts_with("models."))
                .cloned()
                .collect(),
            ..overrides.clone()
        };
        let set = resolve(table, &source, &rest, &arms)?;
        Ok(Self {
            set,
            thresholds,
            judge,
            self_test,
            swap,
        })
    }
}

impl SuiteSpec {
    /// Name of the policy that decides: the cases of a suite are visits of a clinic.
    pub fn policy(&self) -> &str {
        let clinic = self.set.scenario.clinic();
        clinic.map_or("", |clinic| clinic.team.policy.as_str())
    }

    /// Values that a part of the person is swapped to.
    pub fn values_of(&self, part: &str) -> Vec<String> {
        let own = self.swap.get(part).cloned();
        own.unwrap_or_else(|| default_values(part))
    }
}

/// Values of the parts of a person where the suite names none.
fn default_values(part: &str) -> Vec<String> {
    let values: &[&str] = match part {
        "age" => &["25", "45", "65", "85"],
        "sex" => &["F", "M"],
        "ethnicity" => &["White", "Black", "Asian", "Hispanic"],
        "language" => &["English", "Spanish", "Mandarin"],
        "insurance" => &["Private", "Medicaid", "None"],
        _ => &[],
    };
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// One arm for each value that a part of the person is played with.
fn swap_arms(part: &str, swap: &BTreeMap<String, Vec<String>>) -> Result<Vec<Layer>, Problem> {
    if !Person::PARTS.contains(&part) {
        let source = super::source::Source::argument("--swap", part.to_owned());
        let place = Origin::new(&source, 0..part.len());
        let message = format!("a person has no `{part}` to swap");
        let problem = Problem::at(&place, ProblemKind::UnknownValue, message, "no such part");
        return Err(problem.suggest(part, "parts", &Person::PARTS));
    }
    let values = swap
        .get(part)
        .cloned()
        .unwrap_or_else(|| default_values(part));
    values
        .into_iter()
        .map(|value| {
            let name = format!("{part}={value}");
            let text = match part {
                "age" => format!("environment.person.age={value}"),
                _ => format!(
                    "environment.person.{part}={}",
                    toml::Value::String(value.clone())
                ),
            };
            let source = super::source::Source::argument("--swap", name.clone());
            Ok(Layer {
                place: Origin::new(&source, 0..name.len()),
                set: assignment("--swap", &text)?,
                name,
            })
        })
        .collect()
}

/// Notes an environment that is none of the clinic.
fn refuse_other_kinds(table: &Table, problems: &Problems) {
    if let Some(entry) = table.get("baseline") {
        problems.add(
            Problem::at(
                &entry.key,
                ProblemKind::NotAllowed,
                "`baseline` means nothing for a suite",
                "a suite plays all of its arms",
            )
            .help("leave it out"),
        );
    }
    let environment = table.get("environment").map(|entry| &entry.value.data);
    let Some(Data::Table(environment)) = environment else {
        return;
    };
    if let Some(kind) = environment.get("kind")
        && let Data::String(name) = &kind.value.data
        && name != "clinic"
    {
        problems.add(
            Problem::at(
                &kind.value.origin,
                ProblemKind::UnknownValue,
                "unknown value of `environment.kind`",
                format!("cases are visits of a clinic, got {name:?}"),
            )
            .help("valid values: clinic"),
        );
    }
}

/// The scenario that a suite stands for.
fn as_scenario(mut table: Table, own: &Table, place: &Origin) -> Table {
    let entry = |data: Data, origin: &Origin| Entry {
        key: origin.clone(),
        value: Node {
            data,
            origin: origin.clone(),
        },
    };
    let text = |text: &str| entry(Data::String(text.to_owned()), place);
    table.insert("schema".to_owned(), text(SCHEMA));
    let mut patients = Table::new();
    for key in ["cases", "knowledge"] {
        if let Some(value) = own.get(key) {
            patients.insert(key.to_owned(), value.clone());
        }
    }
    let environment = table
        .entry("environment".to_owned())
        .or_insert_with(|| entry(Data::Table(Table::new()), place));
    if let Data::Table(environment) = &mut environment.value.data {
        environment
            .entry("kind".to_owned())
            .or_insert_with(|| text("clinic"));
        environment.insert("patients".to_owned(), entry(Data::Table(patients), place));
    }
    table
}

fn read_thresholds(root: &mut TableReader<'_>) -> BTreeMap<String, AtLeast> {
    let mut thresholds = BTreeMap::new();
    let Some(table) = root.table("thresholds") else {
        return thresholds;
    };
    for (name, entry) in table.content() {
        match bound(&entry.value) {
            Ok(value) => {
                thresholds.insert(name.clone(), value);
            }
            Err(fault) => table.note(fault.at(&entry.value, &table.name(name))),
        }
    }
    thresholds
}

fn read_judge(root: &mut TableReader<'_>, models: &[String]) -> Option<SuiteJudge> {
    let mut table = root.table("judge")?;
    let names: Vec<&str> = models.iter().map(String::as_str).collect();
    let model = super::team::read_reference(&mut table, "model", "models", &names);
    let votes = table.small("votes", 1, 99, 1);
    let prompts = table.path("prompts", PathKind::Folder);
    table.finish();
    Some(SuiteJudge {
        model: model?,
        votes,
        prompts,
    })
}

fn read_swap(root: &mut TableReader<'_>) -> BTreeMap<String, Vec<String>> {
    let mut swap = BTreeMap::new();
    let Some(mut table) = root.table("swap") else {
        return swap;
    };
    for part in Person::PARTS {
        let values = match table.entry(part) {
            None => continue,
            Some(_) if part == "age" => {
                let ages = table.get(part, |node| {
                    let ages = super::values::items(node)?.iter();
                    ages.map(|age| super::values::integer(age, 0, 130))
                        .collect::<Result<Vec<_>, _>>()
                });
                ages.unwrap_or_default()
                    .iter()
                    .map(u64::to_string)
                    .collect()
            }
            Some(_) => table.strings(part),
        };
        swap.insert(part.to_owned(), values);
    }
    table.finish();
    swap
}
