//! Scenarios of clinic days in words and as facts.

use rounds_environments::clinic::day::{DayConfig, Queue, Service, Staffing};
use serde_json::{Value, json};

use super::arms::hard_limits;
use super::beds;
use super::choosers::{all_bare, bare, methods};
use super::coordination::design;
use super::family::{family_facts, interactions, paired};
use super::words::{counted, file_name, listed, percent};
use crate::clinic::NOTICE;
use crate::clinic_day::ClinicDayScore;
use crate::schema::{Arm, ClinicDayFamily, DaySpec, Family, ScenarioSet};
use crate::statistics::estimate::LEVEL;

/// The paragraphs of a methods section on `set`, with the episodes of each arm and the data it read.
pub fn day_methods(set: &ScenarioSet, base: &ClinicDayFamily, arms: &[(u32, Value)]) -> String {
    let mut simulation = vec![format!(
        "Days of a clinic were simulated with Rounds {}, a deterministic multi-agent simulator, under the \
         scenario \u{201c}{}\u{201d}.",
        env!("CARGO_PKG_VERSION"),
        set.scenario.name
    )];
    simulation.extend(days(base));
    simulation.extend(hard_limits(&set.scenario.limits.hard));
    let mut last = vec![format!(
        "Software: Rounds {}. The resolved settings have the SHA-256 hash {}.",
        env!("CARGO_PKG_VERSION"),
        set.hash
    )];
    let hash = arms.first().and_then(|(_, data)| data["sha256"].as_str());
    last.extend(hash.map(|hash| format!("SHA-256 hash of the knowledge base: {hash}.")));
    last.push(format!(
        "{NOTICE} The days are simulated, and no result is evidence about real patients."
    ));
    let paragraphs = [
        simulation,
        decisions(set, base),
        beds::sentences(set, base),
        design(set, arms),
        statistics(set, base),
        last,
    ];
    let paragraphs = paragraphs.iter().filter(|part| !part.is_empty());
    let paragraphs: Vec<String> = paragraphs.map(|part| part.join(" ")).collect();
    format!("{}\n", paragraphs.join("\n\n"))
}

fn days(base: &ClinicDayFamily) -> Vec<String> {
    let environment = &base.environment;
    let Some(DaySpec {
        day,
        bedside,
        deteriorating,
        ..
    }) = environment.configurations.first()
    else {
        return Vec::new();
    };
    let knowledge = match environment.knowledge.as_deref() {
        Some(path) => format!("the knowledge base \u{201c}{}\u{201d}", file_name(path)),
        None => "the built-in knowledge base".to_owned(),
    };
    let mut out = vec![format!(
        "Patients were drawn from {knowledge}, arrived as a Poisson process over {} min and were given one of \
         {}, {}; {}.",
        day.day_minutes,
        counted(day.beds, "bed"),
        match day.queue {
            Queue::Triage => "the most urgent first",
            Queue::FirstCome => "first come, first served",
        },
        match day.patience_minutes {
            Some(mean) => format!(
                "a waiting patient left unseen after an exponential time with a mean of {mean} min"
            ),
            None => "nobody left while waiting".to_owned(),
        }
    )];
    out.push(staff(day));
    out.push(match day.service {
        Service::UntilDiagnosed => format!(
            "A visit was diagnosed when a condition reached a probability of {}, or by force after {} min in bed; \
             the bed was free {} min later.",
            percent(bedside.stop_at),
            day.most_minutes_in_bed,
            day.dismissal_minutes
        ),
        Service::Exponential { mean_minutes } => format!(
            "A bed was free after an exponential time with a mean of {mean_minutes} min, whatever the staff did."
        ),
    });
    if environment.configurations.len() > 1 {
        let told = environment.configurations.iter().map(|one| {
            let staff = match one.day.staffing {
                Staffing::Shared => "",
                Staffing::Unlimited => ", a full staff at every bed",
            };
            let unstable = match &environment.stability {
                Some(_) => format!(", {} of them deteriorated", percent(one.deteriorating)),
                None => String::new(),
            };
            format!(
                "\u{201c}{}\u{201d} ({} patients an hour{unstable}, overlap {}{staff})",
                one.name, one.day.arrivals_per_hour, one.day.overlap
            )
        });
        let told: Vec<String> = told.collect();
        out.push(format!(
            "Each day was played once in each of {}, with the same patients.",
            listed(&told)
        ));
    } else {
        let unstable = match &environment.stability {
            Some(_) => format!(", of whom {} deteriorated", percent(*deteriorating)),
            None => String::new(),
        };
        out.push(format!(
            "{} patients arrived in an hour on average{unstable}; the overlap of scopes was {}.",
            day.arrivals_per_hour, day.overlap
        ));
    }
    out
}

fn staff(day: &DayConfig) -> String {
    let where_they_stand = match day.staffing {
        Staffing::Shared => format!(
            "Every {} min {} chose a bed each, and whoever stood at a bed was the team of that visit",
            day.tick_minutes,
            counted(day.staff, "specialist")
        ),
        Staffing::Unlimited => format!(
            "{} stood at every bed at all times",
            counted(day.staff, "specialist")
        ),
    };
    format!(
        "{where_they_stand}; each asked, examined or ordered what it expected to learn most from within the \
         conditions that it covered. Laboratory results came after {}, and imaging took {} min of one of {}.",
        match day.laboratory_minutes {
            Some(minutes) => format!("{minutes} min"),
            None => "the turnaround of each test".to_owned(),
        },
        day.scan_minutes,
        counted(day.scanners, "scanner")
    )
}

/// What the methods maximise, and which they are.
fn decisions(set: &ScenarioSet, base: &ClinicDayFamily) -> Vec<String> {
    let mut out = vec![
        "The objective of a tick was the sum over the beds of their weight, acuity times entropy, times the share \
         of it that the specialists at the bed were expected to resolve; it was revealed after they had acted."
            .to_owned(),
    ];
    out.extend(methods(set, &base.policies, base.environment.regret));
    out
}

fn statistics(set: &ScenarioSet, base: &ClinicDayFamily) -> Vec<String> {
    let first = base.environment.configurations.first();
    let (warm_up, until) = first.map_or((0.0, 0.0), |one| {
        (one.day.warm_up_minutes, one.day.restricted_to_minutes)
    });
    let mut out = vec![format!(
        "Metrics were computed from the event log alone, of patients who arrived after the first {warm_up} min. \
         Times to a bed and to the correct diagnosis are means restricted to {until} min from Kaplan\u{2013}Meier \
         curves, with patients censored when the day ended; those who left or were diagnosed wrongly counted as \
         never diagnosed correctly. Means are given with {} confidence intervals over days.",
        percent(LEVEL)
    )];
    if base.environment.stability.is_some() {
        out.push(
            "Harm is the time for which a patient was unstable, in minutes weighted by acuity, on average over patients."
                .to_owned(),
        );
    }
    if set.arms.len() > 1 {
        out.push(
            "Arms were compared day by day: t intervals of the paired differences, and exact sign-flip tests where \
             at most 14 days differed and paired t tests otherwise. p-values were corrected by the method of Holm, \
             over all days and within each configuration."
                .to_owned(),
        );
    }
    out.extend(interactions(set));
    out
}

/// What `set` does, as JSON (`rounds.description/1`). Files are named without their folders.
pub fn day_facts(set: &ScenarioSet, base: &ClinicDayFamily, arms: &[(u32, Value)]) -> Value {
    let resolved = |arm: &Arm| match &arm.scenario.family {
        Family::ClinicDay(family) => json!({
            "environment": environment(family),
            "policy": family.policy,
            "method": family.policies.get(&family.policy).map(bare),
            "doses": family.beds.as_ref().map(|beds| &beds.policy),
        }),
        _ => Value::Null,
    };
    let own = json!({
        "environment": environment(base),
        "policy": base.policy,
        "policies": all_bare(&base.policies),
        "beds": beds::facts(set, base),
    });
    let statistics = paired(set, "day", &ClinicDayScore);
    family_facts(set, arms, resolved, own, statistics)
}

/// The environment without the folders of its files.
fn environment(family: &ClinicDayFamily) -> Value {
    let mut value = json!(family.environment);
    value["knowledge"] = match family.environment.knowledge.as_deref() {
        Some(path) => json!(file_name(path)),
        None => json!("builtin"),
    };
    let files = family.environment.configurations.iter();
    for (number, file) in files.map(|one| &one.graph.file).enumerate() {
        if let Some(file) = file {
            value["configurations"][number]["file"] = json!(file_name(file));
        }
    }
    value
}
