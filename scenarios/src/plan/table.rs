//! A plan as text.

use std::fmt::Write;

use super::{Amount, ArmPlan, Basis, Plan};

/// A plan as people read it.
pub fn text(plan: &Plan) -> String {
    let mut out = format!(
        "{} · seed {} · nothing was spent\n",
        plan.scenario, plan.seed
    );
    for arm in &plan.arms {
        arm_text(&mut out, arm);
    }
    out
}

fn arm_text(out: &mut String, arm: &ArmPlan) {
    let models = match arm.models.is_empty() {
        true => String::new(),
        false => format!(" · {}", arm.models.join(", ")),
    };
    let _ = writeln!(out, "\narm {}{models} · {} episodes", arm.arm, arm.episodes);
    let _ = writeln!(out, "  {}", basis(&arm.basis));
    if arm.basis != Basis::NoModel {
        let _ = writeln!(
            out,
            "  {:<18}{:>12}{:>12}{:>26}{:>12}",
            "", "least", "expected", "95 % interval", "most"
        );
        row(out, "calls", &arm.calls, 0);
        row(out, "prompt tokens", &arm.prompt_tokens, 0);
        row(out, "completion tokens", &arm.completion_tokens, 0);
        if let Some(usd) = &arm.usd {
            row(out, "US dollars", usd, 4);
        }
        row(out, "seconds", &arm.seconds, 1);
        for of in &arm.purposes {
            let _ = writeln!(
                out,
                "    {:<16}{:>12.0} calls {:>12.0} + {:.0} tokens",
                of.purpose, of.used.calls, of.used.prompt_tokens, of.used.completion_tokens
            );
        }
    }
    for limit in &arm.limits {
        let _ = writeln!(out, "  {limit}");
    }
    for note in &arm.notes {
        let _ = writeln!(out, "  note: {note}");
    }
}

fn basis(basis: &Basis) -> String {
    match basis {
        Basis::NoModel => "no model is asked".to_owned(),
        Basis::Scripted { episodes } => {
            format!(
                "expected from {episodes} rehearsed episodes with the scripted models themselves"
            )
        }
        Basis::StandIn {
            episodes,
            chars_per_token: chars,
        } => format!(
            "expected from {episodes} episodes rehearsed with a stand-in, at {:.1} and {:.1} \
             characters a token of prompt and reply",
            chars.prompt, chars.completion
        ),
        Basis::Ledger {
            run,
            episodes,
            chars_per_token: chars,
        } => format!(
            "expected from the ledger of {} ({episodes} episodes, {:.1} and {:.1} characters a token \
             of prompt and reply)",
            run.display(),
            chars.prompt,
            chars.completion
        ),
    }
}

fn row(out: &mut String, name: &str, amount: &Amount, digits: usize) {
    let interval = amount.ci95.map_or_else(String::new, |[low, high]| {
        format!("[{low:.digits$}, {high:.digits$}]")
    });
    let _ = writeln!(
        out,
        "  {name:<18}{:>12.digits$}{:>12.digits$}{interval:>26}{:>12.digits$}",
        amount.least, amount.expected, amount.most
    );
}
