//! `rounds describe`.

use super::args::DescribeArgs;
use super::evaluate::check_thresholds;
use super::{Failure, print};
use crate::describe::{
    Described, Suite, coordination_facts, coordination_methods, day_facts, day_methods, facts,
    methods, trajectory_facts, trajectory_methods,
};
use crate::family::build;
use crate::schema::{Family, Overrides, SUITE_SCHEMA, Scenario, SuiteSpec, Variants, schema_of};
use crate::speech::Cassette;

/// Says what a scenario or suite does, as a paragraph of methods or as facts.
pub(crate) fn describe(arguments: &DescribeArgs) -> Result<(), Failure> {
    let overrides = Overrides {
        set: arguments.set.clone(),
        ..Overrides::default()
    };
    let file = &arguments.scenario;
    let suite = match schema_of(file).as_deref() {
        Some(SUITE_SCHEMA) => Some(SuiteSpec::load(file, &overrides, &Variants::default())?),
        _ => None,
    };
    let set = match &suite {
        Some(suite) => suite.set.clone(),
        None => Scenario::load(file, &overrides)?,
    };
    let mut arms = Vec::new();
    let mut read = Vec::new();
    for arm in &set.arms {
        let built = build(&set, arm, &Cassette::default())?;
        if let (Some(suite), Some(cases)) = (&suite, built.cases()) {
            check_thresholds(suite, cases)?;
        }
        if let Some(clinic) = built.clinic() {
            arms.push(Described::new(arm, clinic));
        }
        let manifest = &built.experiment().manifest;
        read.push((manifest.episodes, manifest.data.clone()));
    }
    if let Family::Coordination(base) = &set.scenario.family {
        match arguments.json {
            true => print(&format!("{:#}\n", coordination_facts(&set, base, &read))),
            false => print(&coordination_methods(&set, base, &read)),
        }
        return Ok(());
    }
    if let Family::ClinicDay(base) = &set.scenario.family {
        match arguments.json {
            true => print(&format!("{:#}\n", day_facts(&set, base, &read))),
            false => print(&day_methods(&set, base, &read)),
        }
        return Ok(());
    }
    if let Family::Trajectory(base) = &set.scenario.family {
        match arguments.json {
            true => print(&format!("{:#}\n", trajectory_facts(&set, base, &read))),
            false => print(&trajectory_methods(&set, base, &read)),
        }
        return Ok(());
    }
    let suite = suite.as_ref().map(|suite| Suite {
        thresholds: suite.thresholds.clone(),
        judge: suite.judge.clone(),
    });
    let Some(base) = set.scenario.clinic() else {
        return Err(Failure::Usage(format!(
            "{}: only scenarios of the clinic can be put in words",
            file.display()
        )));
    };
    match arguments.json {
        true => print(&format!(
            "{:#}\n",
            facts(&set, &base, &arms, suite.as_ref())
        )),
        false => print(&methods(&set, &base, &arms, suite.as_ref())),
    }
    Ok(())
}
