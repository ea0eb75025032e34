//! `rounds check`.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use rounds_environments::clinic::knowledge::Knowledge;

use super::args::CheckArgs;
use super::evaluate::check_thresholds;
use super::self_test::load_pairs;
use super::{Failure, print};
use crate::coordination::promise;
use crate::family::build;
use crate::run::check_interactions;
use crate::schema::{
    BEHAVIOUR_SCHEMA, CASE_SCHEMA, Family, Overrides, SELF_TEST_SCHEMA, SUITE_SCHEMA, Scenario,
    SuiteSpec, TRAINING_SCHEMA, Variants, WorldSpec, load_behaviour, load_case, schema_of,
};
use crate::speech::Cassette;

/// Checks a file by what its `schema` says it is: a scenario with its arms and data, a suite, a
/// case, a behaviour; or data.
pub(crate) fn check(arguments: &CheckArgs) -> Result<(), Failure> {
    let file = &arguments.file;
    let schema = schema_of(file);
    let overrides = Overrides {
        set: arguments.set.clone(),
        ..Overrides::default()
    };
    let mut text = match schema.as_deref() {
        Some(CASE_SCHEMA) => check_case(file)?,
        Some(SUITE_SCHEMA) => check_suite(file, &overrides)?,
        Some(BEHAVIOUR_SCHEMA) => {
            let behaviour = load_behaviour(file)?;
            format!(
                "{}: the behaviour {} of the {}: {}\n",
                file.display(),
                behaviour.name,
                behaviour.side.as_str(),
                behaviour.about
            )
        }
        Some(SELF_TEST_SCHEMA) => {
            return Err(Failure::Usage(format!(
                "{}: a self-test belongs to a suite: check the suite that names it",
                file.display()
            )));
        }
        Some(TRAINING_SCHEMA) => super::local::check_training(file, &arguments.set)?,
        _ if file.is_dir()
            || super::data_sets::kind_of(file).is_some()
            || file.extension().is_some_and(|e| e == "json" || e == "csv") =>
        {
            return super::data::check_path(file);
        }
        _ => check_scenario(file, &overrides)?,
    };
    text.push_str("no fault found\n");
    print(&text);
    Ok(())
}

fn check_scenario(file: &Path, overrides: &Overrides) -> Result<String, Failure> {
    let set = Scenario::load(file, overrides)?;
    let arms = set.arms.len();
    let mut text = format!("{}: a scenario with {arms} arm(s)\n", file.display());
    let mut objectives: BTreeSet<&Path> = BTreeSet::new();
    for arm in &set.arms {
        let built = build(&set, arm, &Cassette::default())?;
        check_interactions(&set.scenario.interactions, &*built.experiment().score)?;
        let _ = writeln!(
            text,
            "  {}: {} episodes, {}",
            arm.name,
            built.experiment().manifest.episodes,
            built.size()
        );
        if let Family::Coordination(family) = &arm.scenario.family
            && let WorldSpec::Objective { file } = &family.environment.world
        {
            objectives.insert(file);
        }
    }
    for file in objectives {
        text.push_str(&promise(file)?);
    }
    Ok(text)
}

fn check_case(file: &Path) -> Result<String, Failure> {
    let case = load_case(file, &Knowledge::builtin())?;
    let axes: BTreeSet<&str> = case
        .checks
        .iter()
        .map(|check| check.axis.as_str())
        .collect();
    Ok(format!(
        "{}: the case {}, {} checks on {}\n",
        file.display(),
        case.id,
        case.checks.len(),
        axes.into_iter().collect::<Vec<_>>().join(", ")
    ))
}

fn check_suite(file: &Path, overrides: &Overrides) -> Result<String, Failure> {
    let suite = SuiteSpec::load(file, overrides, &Variants::default())?;
    let mut text = format!(
        "{}: a suite with {} arm(s)\n",
        file.display(),
        suite.set.arms.len()
    );
    for (number, arm) in suite.set.arms.iter().enumerate() {
        let built = build(&suite.set, arm, &Cassette::default())?;
        let Some(cases) = built.cases() else {
            continue;
        };
        if number == 0 {
            check_thresholds(&suite, cases)?;
            if let Some(path) = &suite.self_test {
                let pairs = load_pairs(path, &cases.book)?;
                let _ = writeln!(text, "  self-test: {} pairs", pairs.len());
            }
        }
        let _ = writeln!(
            text,
            "  {}: {} cases, {} visits",
            arm.name,
            cases.book.cases().len(),
            cases.book.episodes()
        );
    }
    Ok(text)
}
