//! `rounds plan`: what a run will take, before anything is spent.

use std::path::Path;

use super::plan_args::PlanArgs;
use super::run::number_of;
use super::show::resolve;
use super::{Failure, print};
use crate::family::notice;
use crate::plan::{Assumptions, CharsPerToken, Ledger, Plan, SCHEMA, plan_arm, text};
use crate::run::{RunError, pretty};
use crate::schema::{ModelChoice, Overrides, Scenario};

/// Plans every arm of a scenario, or one of them.
pub(crate) fn plan(arguments: &PlanArgs) -> Result<(), Failure> {
    let overrides = Overrides {
        set: arguments.set.clone(),
        seed: arguments.seed,
        episodes: arguments.episodes,
        vary: Vec::new(),
        model: arguments.model.as_ref().map(|model| ModelChoice {
            model: model.clone(),
            key_env: None,
        }),
    };
    let set = Scenario::load(&arguments.scenario, &overrides)?;
    let numbers: Vec<usize> = match &arguments.arm {
        Some(name) => vec![number_of(&set, Some(name))?],
        None => (0..set.arms.len()).collect(),
    };
    let from = arguments.from.as_deref().map(resolve).transpose()?;
    let assumed = Assumptions {
        sample: arguments.sample,
        chars_per_token: arguments.chars_per_token.map(|chars| CharsPerToken {
            prompt: chars,
            completion: chars,
        }),
        latency_s: arguments.latency_s,
        concurrency: arguments.concurrency,
    };
    let mut arms = Vec::new();
    for number in numbers {
        let arm = &set.arms[number];
        let run = match &from {
            Some(folder) => Some(Ledger::of_arm(folder, &arm.name).ok_or_else(|| {
                Failure::Run(RunError::NoRun {
                    path: folder.clone(),
                    what: "ledger of this arm",
                    why: format!(
                        "expected a finished run of the arm {:?} with a file calls.jsonl",
                        arm.name
                    ),
                })
            })?),
            None if arguments.rehearse => None,
            None => Ledger::latest(Path::new("runs"), &set.scenario.name, &arm.name),
        };
        let ledger = run.map(|run| Ledger::read(&run)).transpose()?;
        arms.push(plan_arm(&set, arm, ledger.as_ref(), &assumed)?);
    }
    let plan = Plan {
        schema: SCHEMA,
        scenario: set.scenario.name.clone(),
        seed: set.scenario.seed.0,
        arms,
    };
    if arguments.json {
        print(&String::from_utf8_lossy(&pretty(&plan)));
        return Ok(());
    }
    let mut out = text(&plan);
    let notice = notice(&set.scenario.family);
    if !notice.is_empty() {
        out.push_str(&format!("\n{notice}\n"));
    }
    print(&out);
    Ok(())
}
