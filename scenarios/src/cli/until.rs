//! `rounds bench --until`: further seeds until the answer is precise.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rounds_environments::streams::RunSeed;

use super::Failure;
use super::args::{BenchArgs, Common, MOST_SEEDS};
use super::conclude::{RunArm, case_of_all};
use super::run::{check_bench_folder, finish, run_arm, show_result};
use crate::family::{Built, build};
use crate::run::{RunError, arm_folder, known_metrics, score_run};
use crate::schema::{Overrides, Scenario, ScenarioSet, UntilRule};
use crate::speech::Cassette;
use crate::statistics::sequential::{FIRST_LOOK, half_width, may_stop};
use crate::statistics::summary::Until;
use crate::statistics::{CaseNumbers, Design, Sample, compare, estimate};

/// An arm that was run with one seed.
struct Replicate {
    /// Place of its scenario among those of all seeds.
    set: usize,
    number: usize,
    built: Built,
    folder: PathBuf,
}

/// Runs all arms with one seed after another until `rule` is met, at most `--at-most` times.
/// `first` is the scenario with the first seed.
pub(super) fn bench_until(
    arguments: &BenchArgs,
    rule: &str,
    first: &ScenarioSet,
    folder: &Path,
) -> Result<(), Failure> {
    let seed = first.scenario.seed.0;
    let Some(end) = seed.checked_add(arguments.at_most) else {
        return Err(Failure::Usage(format!(
            "the seed {seed} leaves no room for {} replications",
            arguments.at_most
        )));
    };
    let common = Common {
        seeds: Some(seed..end),
        ..arguments.common.clone()
    };
    let rule = parse(rule, first)?;
    let names: Vec<Vec<String>> = (seed..end).map(|seed| folders(first, seed)).collect();
    let all: Vec<&str> = names.iter().flatten().map(String::as_str).collect();
    let arms = folder.join("arms");
    check_bench_folder(folder, &arms, &all, common.resume.is_some())?;

    let began = Instant::now();
    let mut measured = Measured::new(&rule, first);
    let (mut sets, mut ran, mut news) = (Vec::new(), Vec::new(), false);
    let mut until = Until {
        rule: rule.text.clone(),
        replications: 0,
        at_most: arguments.at_most,
        half_width: None,
        reached: false,
    };
    for (seed, names) in (seed..end).zip(&names) {
        // What is there already counts, also where a rule that asks for less is met before.
        let there = names.iter().any(|name| arms.join(name).exists());
        if until.reached && !there {
            break;
        }
        let set = load(&common, arguments, seed)?;
        for (number, name) in names.iter().enumerate() {
            let (arm, new) = run_arm(&common, &set, number, &arms.join(name), false, None)?;
            news |= new;
            measured.add(number, &arm)?;
            ran.push(Replicate {
                set: sets.len(),
                number,
                built: arm.built,
                folder: arm.folder,
            });
        }
        sets.push(set);
        until.replications += 1;
        let (cases, widest) = measured.widest(RunSeed(first.scenario.seed.0))?;
        until.half_width = widest;
        // Records do not grow more: there, the first look is after the second replication.
        let enough = match measured.drawn {
            true => cases,
            false if until.replications > 1 => FIRST_LOOK,
            false => 0,
        };
        until.reached = may_stop(enough, widest, rule.below);
        if !common.quiet && !common.json {
            // Nobody may be listening, which must not end a run.
            let _ = writeln!(std::io::stderr(), "{}", how_far(&until));
        }
    }
    // As with --seeds: by arm, then by seed.
    ran.sort_by_key(|replicate| (replicate.number, replicate.set));
    let ran: Vec<RunArm> = ran
        .into_iter()
        .map(|replicate| RunArm {
            arm: &sets[replicate.set].arms[replicate.number],
            built: replicate.built,
            folder: replicate.folder,
        })
        .collect();
    let ran = (ran, news);
    let finished = finish(&common, first, "bench", folder, began, ran, Some(until))?;
    show_result(&common, first, folder, &finished);
    Ok(())
}

/// Names of the folders of one replication. Numbers are as wide as the largest seed that any
/// `--at-most` allows, so that a bench can be continued with another one.
fn folders(set: &ScenarioSet, seed: u64) -> Vec<String> {
    let width = set
        .scenario
        .seed
        .0
        .saturating_add(MOST_SEEDS)
        .to_string()
        .len();
    let name = |(number, arm): (usize, &crate::schema::Arm)| {
        format!("{}-seed-{seed:0width$}", arm_folder(number, &arm.name))
    };
    set.arms.iter().enumerate().map(name).collect()
}

fn load(common: &Common, arguments: &BenchArgs, seed: u64) -> Result<ScenarioSet, Failure> {
    let overrides = Overrides {
        vary: arguments.vary.clone(),
        ..common.overrides(Some(seed))
    };
    Ok(Scenario::load(&common.scenario, &overrides)?)
}

/// Reads the rule.
fn parse(rule: &str, set: &ScenarioSet) -> Result<UntilRule, Failure> {
    let built = build(set, &set.arms[0], &Cassette::default())?;
    let metrics = known_metrics(&*built.experiment().score);
    let metrics: Vec<&str> = metrics.iter().map(String::as_str).collect();
    let arms: Vec<&str> = set.arms.iter().map(|arm| arm.name.as_str()).collect();
    Ok(UntilRule::parse(rule, &metrics, &arms)?)
}

/// The values of the metric so far, by arm.
struct Measured<'a> {
    rule: &'a UntilRule,
    names: Vec<&'a str>,
    numbers: CaseNumbers,
    values: BTreeMap<usize, Vec<(u64, Option<f64>)>>,
    /// Whether further seeds bring further cases.
    drawn: bool,
}

impl<'a> Measured<'a> {
    fn new(rule: &'a UntilRule, set: &'a ScenarioSet) -> Self {
        Self {
            rule,
            names: set.arms.iter().map(|arm| arm.name.as_str()).collect(),
            numbers: CaseNumbers::default(),
            values: BTreeMap::new(),
            drawn: true,
        }
    }

    fn add(&mut self, number: usize, arm: &RunArm) -> Result<(), RunError> {
        let Self {
            rule,
            numbers,
            values,
            drawn,
            ..
        } = self;
        *drawn = arm
            .built
            .experiment()
            .manifest
            .data
            .get("records")
            .is_none();
        let values = values.entry(number).or_default();
        score_run(&arm.folder, &*arm.built.experiment().score, |_, scored| {
            let case = numbers.number(&case_of_all(&arm.built, &scored.row.case));
            let value = scored.row.metrics.get(&rule.metric).copied().flatten();
            values.push((case, value));
            Ok(())
        })
    }

    /// The fewest cases of an arm that the rule looks at, and the largest half-width; `None` where
    /// an interval is undefined.
    fn widest(&self, seed: RunSeed) -> Result<(usize, Option<f64>), RunError> {
        let sample = |number: &usize| {
            let values = self.values.get(number).into_iter().flatten().copied();
            Sample::new(values)
                .map_err(|error| RunError::Input(format!("{}: {error}", self.rule.metric)))
        };
        let numbers: Vec<usize> = match &self.rule.arms {
            None => (0..self.names.len()).collect(),
            Some((a, b)) => [a, b]
                .iter()
                .filter_map(|arm| self.names.iter().position(|name| name == arm))
                .collect(),
        };
        let samples: Vec<Sample> = numbers.iter().map(sample).collect::<Result<_, _>>()?;
        let cases = samples.iter().map(|sample| sample.clusters().len()).min();
        let intervals = match (&self.rule.arms, samples.as_slice()) {
            (Some(_), [a, b]) => vec![compare(a, b, Design::Paired).ci95],
            _ => samples
                .iter()
                .map(|sample| estimate(sample, seed).ci95)
                .collect(),
        };
        let widths: Option<Vec<f64>> = intervals
            .into_iter()
            .map(|ci95| ci95.map(half_width))
            .collect();
        let widest = widths.map(|widths| widths.into_iter().fold(0.0, f64::max));
        Ok((cases.unwrap_or(0), widest))
    }
}

/// How far a bench came, in one line.
pub(super) fn how_far(until: &Until) -> String {
    let width = until.half_width.map_or_else(
        || "is undefined".to_owned(),
        |width| format!("is {width:.4}"),
    );
    let count = match until.replications {
        1 => "1 replication".to_owned(),
        n => format!("{n} replications"),
    };
    match until.reached {
        true => format!(
            "{}: reached with {count}, the half-width {width}",
            until.rule
        ),
        false if until.replications < until.at_most => {
            format!("{}: after {count} the half-width {width}", until.rule)
        }
        false => format!(
            "{}: not reached with {count}, the most that --at-most allows; the half-width {width}",
            until.rule
        ),
    }
}
