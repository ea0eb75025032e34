//! Loads a scenario with its arms: layers, typed values, resolved text and hash.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    diagnostics::{Problem, ProblemKind, Problems, SchemaError},
    document::{Data, Entry, Node, Table},
    layers::{assignment, chain, extended, flatten, merge, overlay},
    reader::TableReader,
    scenario::{Scenario, read},
    source::{Origin, Source},
    spoken_by::{ModelChoice, give_model},
    timeline::check_timeline,
    vary::variations,
    write::{absolute_paths, document, name_folders},
};
use crate::hash::sha256;

/// What the command line changes in a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `key=value` each: a dotted key, and a value read as TOML or else as a string.
    pub set: Vec<String>,
    /// Another seed.
    pub seed: Option<u64>,
    /// Another number of episodes.
    pub episodes: Option<u32>,
    /// `key=a,b,c` each: arms in place of those of the file, several multiply.
    pub vary: Vec<String>,
    /// A model in place of those of the file.
    pub model: Option<ModelChoice>,
}

/// A scenario under settings of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name, unique in its set.
    pub name: String,
    /// What it changes, by full key.
    pub settings: BTreeMap<String, serde_json::Value>,
    /// The scenario with these changes.
    pub scenario: Scenario,
}

/// A scenario with its arms.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioSet {
    /// The scenario without arms.
    pub scenario: Scenario,
    /// Its arms, at least one; `default` when the file has none.
    pub arms: Vec<Arm>,
    /// The arm, by number, that a run of another one is compared with.
    pub baseline: Option<usize>,
    /// All layers as one TOML text with absolute paths, which loads as the same set.
    pub resolved_toml: String,
    /// SHA-256, in hexadecimal, of all layers with paths as written: equal on every machine. Limits
    /// of the whole run are left out: they say how far it goes, and not what happens in it.
    pub hash: String,
}

impl Scenario {
    /// Loads the file at `path` with the files that it extends, under `overrides`.
    ///
    /// # Errors
    /// Every mistake found in the first stage that has one: reading the layers, the scenario
    /// itself, its timeline, its arms.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<ScenarioSet, SchemaError> {
        let (table, source) = chain(path)?;
        resolve(table, &source, overrides, &[])
    }

    /// Loads `text`, called `name` in messages, whose paths start from the folder `base`.
    ///
    /// # Errors
    /// As [`Scenario::load`].
    pub fn from_toml(
        name: &str,
        text: &str,
        base: PathBuf,
        overrides: &Overrides,
    ) -> Result<ScenarioSet, SchemaError> {
        let source = Source::text(name, text.to_owned(), base);
        let table = extended(&source, &mut Vec::new())?;
        resolve(table, &source, overrides, &[])
    }
}

/// An arm before it is read: the tree that it lays over the scenario.
#[derive(Debug)]
pub(crate) struct Layer {
    /// Name of the arm.
    pub(crate) name: String,
    /// Where the arm is declared.
    pub(crate) place: Origin,
    /// What it changes.
    pub(crate) set: Table,
}

/// Resolves a merged tree. Every arm is also run under each of `variants`, after all arms
/// without one.
///
/// # Errors
/// As [`Scenario::load`].
pub(super) fn resolve(
    mut table: Table,
    source: &Arc<Source>,
    overrides: &Overrides,
    variants: &[Layer],
) -> Result<ScenarioSet, SchemaError> {
    for text in &overrides.set {
        merge(&mut table, assignment("--set", text)?);
    }
    if let Some(seed) = overrides.seed {
        merge(&mut table, assignment("--seed", &format!("seed={seed}"))?);
    }
    if let Some(episodes) = overrides.episodes {
        merge(
            &mut table,
            assignment("--episodes", &format!("episodes={episodes}"))?,
        );
    }

    let problems = Problems::default();
    let start = Origin::new(source, 0..0);
    let declared = read_arms(&table, start.clone(), &problems);
    let mut layers = if overrides.vary.is_empty() {
        declared
    } else {
        // The arms that the file names are not played.
        table.remove("baseline");
        table.remove("interactions");
        variations(&overrides.vary)?
    };
    if let Some(choice) = &overrides.model {
        give_model(&mut table, &mut layers, choice)?;
    }
    // Behind the model, so that its options can be set too.
    for text in &overrides.set {
        merge(&mut table, assignment("--set", text)?);
    }
    add_variants(&mut layers, variants, &start);
    let scenario = read(&table, start.clone(), &problems);
    problems.finish()?;
    check_timeline(&table, &problems);
    check_names(&layers, &problems);
    if let Some(scenario) = &scenario {
        check_interactions(scenario, &table, &layers, &problems);
    }
    let baseline = read_baseline(&table, start.clone(), &layers, &problems);
    table.remove("arms");
    let mut arms = Vec::new();
    for layer in &layers {
        check_set(&layer.set, &problems);
        let mut changed = table.clone();
        merge(&mut changed, layer.set.clone());
        if let Some(scenario) = read(&changed, start.clone(), &problems) {
            let settings = flatten(&layer.set).into_iter();
            arms.push(Arm {
                name: layer.name.clone(),
                settings: settings.map(|(key, node)| (key, node.json())).collect(),
                scenario,
            });
            check_timeline(&changed, &problems);
        }
    }
    problems.finish()?;

    let Some(scenario) = scenario else {
        let message = "the scenario cannot be read";
        return Err(Problem::at(&start, ProblemKind::Syntax, message, "").into());
    };
    if arms.is_empty() {
        arms.push(Arm {
            name: "default".to_owned(),
            settings: BTreeMap::new(),
            scenario: scenario.clone(),
        });
    }
    let hash = sha256(document(&with_arms(
        &without_run_limits(&table),
        &same_episodes(&layers),
    )));
    name_folders(&mut table);
    absolute_paths(&mut table);
    for layer in &mut layers {
        absolute_paths(&mut layer.set);
    }
    Ok(ScenarioSet {
        scenario,
        arms,
        baseline,
        resolved_toml: document(&with_arms(&table, &layers)),
        hash,
    })
}

/// Adds every combination of an arm and a variant, behind the arms themselves.
fn add_variants(layers: &mut Vec<Layer>, variants: &[Layer], start: &Origin) {
    if variants.is_empty() {
        return;
    }
    if layers.is_empty() {
        layers.push(Layer {
            name: "default".to_owned(),
            place: start.clone(),
            set: Table::new(),
        });
    }
    let base = layers.len();
    for variant in variants {
        for at in 0..base {
            let mut set = layers[at].set.clone();
            merge(&mut set, variant.set.clone());
            layers.push(Layer {
                name: format!("{}, {}", layers[at].name, variant.name),
                place: variant.place.clone(),
                set,
            });
        }
    }
}

/// Reads `[[arms]]`.
fn read_arms(table: &Table, place: Origin, problems: &Problems) -> Vec<Layer> {
    let mut root = TableReader::new(table, "", place, problems);
    let mut arms = Vec::new();
    for mut table in root.table_array("arms") {
        if table.entry("name").is_none() {
            table.missing("name", "name = \"NAME\"");
        }
        let place = table.entry("name").map(|entry| entry.value.origin.clone());
        let name = table.string("name");
        let set = table
            .table("set")
            .map_or(Ok(Table::new()), |set| overlay(set.content()));
        match (name, place, set) {
            (Some(name), Some(place), Ok(set)) => arms.push(Layer { name, place, set }),
            (_, _, Err(problem)) => table.note(problem),
            _ => {}
        }
        table.finish();
    }
    arms
}

/// Reads `baseline`, the name of one of the arms.
fn read_baseline(
    table: &Table,
    place: Origin,
    layers: &[Layer],
    problems: &Problems,
) -> Option<usize> {
    let mut root = TableReader::new(table, "", place, problems);
    let name = root.string("baseline")?;
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    let number = names.iter().position(|known| *known == name);
    if number.is_none() {
        let place = &table.get("baseline")?.value.origin;
        let message = format!("there is no arm `{name}`");
        let kind = ProblemKind::UnknownName;
        let problem = Problem::at(place, kind, message, "not an arm");
        problems.add(match names.is_empty() {
            true => problem.help("name an arm of this file: it has no [[arms]]"),
            false => problem.suggest(&name, "arms", &names),
        });
    }
    number
}

fn check_names(layers: &[Layer], problems: &Problems) {
    let mut names = BTreeSet::new();
    for layer in layers {
        if !names.insert(layer.name.as_str()) {
            let message = format!("two arms are called `{}`", layer.name);
            let label = "this name is taken";
            problems.add(
                Problem::at(&layer.place, ProblemKind::Duplicate, message, label)
                    .help("give every arm a name of its own"),
            );
        }
    }
}

/// Notes interactions of arms that there are not.
fn check_interactions(scenario: &Scenario, table: &Table, layers: &[Layer], problems: &Problems) {
    let names: Vec<&str> = layers.iter().map(|layer| layer.name.as_str()).collect();
    let asked = scenario.interactions.iter().flat_map(|asked| &asked.arms);
    for arm in asked.filter(|arm| !names.contains(&arm.as_str())) {
        if let Some(entry) = table.get("interactions") {
            let message = format!("`interactions` name the arm {arm:?}, which there is not");
            let problem = Problem::at(&entry.key, ProblemKind::UnknownName, message, "no such arm");
            problems.add(problem.suggest(arm, "arms", &names));
        }
    }
}

/// Notes settings that all arms must share, so that they can be compared.
fn check_set(set: &Table, problems: &Problems) {
    const SHARED: [&str; 8] = [
        "schema",
        "name",
        "seed",
        "episodes",
        "repeats",
        "arms",
        "baseline",
        "interactions",
    ];
    for (key, entry) in set {
        if SHARED.contains(&key.as_str()) {
            let message = format!("`{key}` cannot differ between arms");
            let label = "the same for all arms";
            problems.add(
                Problem::at(&entry.key, ProblemKind::NotAllowed, message, label).help(format!(
                    "arms run the same cases: set `{key}` for the whole scenario"
                )),
            );
        }
    }
}

/// Layers without the limits of the whole run.
fn same_episodes(layers: &[Layer]) -> Vec<Layer> {
    let same = layers.iter().map(|layer| Layer {
        name: layer.name.clone(),
        place: layer.place.clone(),
        set: without_run_limits(&layer.set),
    });
    same.collect()
}

/// A tree without `[limits.run]`.
fn without_run_limits(table: &Table) -> Table {
    let mut out = table.clone();
    if let Some(limits) = out.get_mut("limits")
        && let Data::Table(inner) = &mut limits.value.data
        && inner.remove("run").is_some()
        && inner.is_empty()
    {
        out.remove("limits");
    }
    out
}

fn with_arms(table: &Table, layers: &[Layer]) -> Table {
    let mut out = table.clone();
    let Some(first) = layers.first() else {
        return out;
    };
    let items = layers.iter().map(|layer| {
        let place = &layer.place;
        let entry = |data| Entry {
            key: place.clone(),
            value: Node {
                data,
                origin: place.clone(),
            },
        };
        let mut arm = Table::new();
        arm.insert("name".to_owned(), entry(Data::String(layer.name.clone())));
        arm.insert("set".to_owned(), entry(Data::Table(layer.set.clone())));
        entry(Data::Table(arm)).value
    });
    let arms = Entry {
        key: first.place.clone(),
        value: Node {
            data: Data::Array(items.collect()),
            origin: first.place.clone(),
        },
    };
    out.insert("arms".to_owned(), arms);
    out
}
