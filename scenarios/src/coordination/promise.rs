//! What is promised of somebody's own set function, in words.

use std::fmt::Write;
use std::path::Path;

use rounds_environments::coordination::structure::{Condition, Pair, Promise, Structure};
use rounds_environments::coordination::{Ground, Objective};

use super::build::table;
use crate::run::RunError;

/// Which guarantees hold for the set function of `file`, and sets that break those that do not.
///
/// # Errors
/// [`RunError::Damaged`] when the file is no set function.
pub fn promise(file: &Path) -> Result<String, RunError> {
    let objective = table(file)?;
    let ground = objective.ground();
    let mut text = format!(
        "{}: a set function of {} agents with {} actions in all, {}\n",
        file.display(),
        ground.agents(),
        ground.len(),
        objective.class().name()
    );
    // Elements beyond those that can be enumerated leave the class alone, which is known.
    let Ok(structure) = Structure::of(&objective) else {
        let _ = writeln!(
            text,
            "  its constants are not known: all pairs of sets are looked at for up to {} actions",
            Structure::MOST
        );
        return Ok(text);
    };
    let _ = writeln!(
        text,
        "  curvature c = {}, alpha = {}, gamma = {}, beta = {}",
        short(structure.curvature),
        short(structure.alpha.value),
        short(structure.gamma.value),
        short(structure.beta.value)
    );
    let promise = Promise::of(&structure);
    for refusal in &promise.refusals {
        let _ = writeln!(text, "  not {}: {}", refusal.condition, refusal.why);
        if let Some(pair) = &refusal.witness {
            let _ = writeln!(text, "    {}", sets(pair, ground));
        }
    }
    for guarantee in &promise.guarantees {
        let why = match guarantee.condition {
            Condition::Submodular { .. } => "submodular".to_owned(),
            Condition::WeaklyDr { alpha } => {
                format!("alpha-weakly DR-submodular, {}", short(alpha))
            }
            Condition::WeaklySubmodular { gamma, beta } => {
                format!("({}, {})-weakly submodular", short(gamma), short(beta))
            }
        };
        let _ = writeln!(
            text,
            "  {:<8} at least {:.4} of the best, less {} in T rounds: {why}; graph {}; to be known: {}",
            guarantee.method,
            guarantee.ratio,
            guarantee.regret.formula(),
            guarantee.graph,
            guarantee.needs
        );
    }
    if promise.guarantees.is_empty() {
        text.push_str("  no method has a guarantee for it\n");
    }
    Ok(text)
}

fn short(value: f64) -> String {
    let text = format!("{value:.4}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The sets of a pair, each element as `agent:action`.
fn sets(pair: &Pair, ground: &Ground) -> String {
    let element = |e: usize| {
        let agent = ground.agent_of(e);
        format!("{agent}:{}", e - ground.block(agent).start)
    };
    let set = |elements: &[usize]| {
        let names: Vec<String> = elements.iter().map(|&e| element(e)).collect();
        format!("{{{}}}", names.join(", "))
    };
    let mut text = match pair.smaller == pair.larger {
        true => format!("set {}", set(&pair.smaller)),
        false => format!("sets {} and {}", set(&pair.smaller), set(&pair.larger)),
    };
    if let Some(v) = pair.element {
        let _ = write!(text, ", element {}", element(v));
    }
    text.push_str(" (agent:action)");
    text
}
