//! How they decided: policies with their parameters, and models.

use std::collections::BTreeSet;

use super::Described;
use super::words::{counted, file_name, percent};
use crate::schema::{
    ClinicScenario, KnowledgeSpec, LanguageSpec, ModelSpec, Part, PolicySpec, Questions,
};

/// The policies that the arms use, as `scenario` has them.
pub(super) fn sentences(scenario: &ClinicScenario<'_>, arms: &[Described]) -> Vec<String> {
    used(scenario, arms)
        .into_iter()
        .filter_map(|name| {
            let policy = scenario.policies.get(&name)?;
            Some(sentence(&name, policy, scenario, arms))
        })
        .collect()
}

/// Names of the policies that decide in the scenario or in any arm.
pub(super) fn used(scenario: &ClinicScenario<'_>, arms: &[Described]) -> BTreeSet<String> {
    let arms = arms.iter().filter_map(Described::scenario);
    let arms = arms.flat_map(|arm| arm.team.policies().cloned());
    arms.chain(scenario.team.policies().cloned()).collect()
}

fn sentence(
    name: &str,
    policy: &PolicySpec,
    scenario: &ClinicScenario<'_>,
    arms: &[Described],
) -> String {
    let begin = format!("Decisions were made by the policy \u{201c}{name}\u{201d},");
    match policy {
        PolicySpec::Knowledge(spec) => format!("{begin} {}", knowledge(spec, arms)),
        PolicySpec::Plan { moves } => format!(
            "{begin} which followed a written plan of {}: {}.",
            counted(moves.len() as u64, "move"),
            moves.join("; ")
        ),
        PolicySpec::Process(spec) => format!(
            "{begin} a program of its own (`{}`) that was asked in batches of at most {}.",
            spec.command.join(" "),
            spec.batch
        ),
        PolicySpec::Human => format!("{begin} which was the person at the terminal."),
        PolicySpec::Language(spec) => format!("{begin} {}", language(spec, scenario)),
    }
}

fn language(spec: &LanguageSpec, scenario: &ClinicScenario<'_>) -> String {
    let speaker = &spec.speaker;
    let how = match scenario.models.get(&speaker.model) {
        Some(ModelSpec::OpenAi(model)) => format!(
            ", which is {} behind the server {}",
            model.model,
            model.base_url.as_deref().unwrap_or("of the environment")
        ),
        Some(ModelSpec::Candle(model)) => match &model.train {
            Some(_) => format!(
                ", which is {}, trained for this on the same machine",
                file_name(&model.path)
            ),
            None => format!(", which is {} on the same machine", file_name(&model.path)),
        },
        Some(ModelSpec::Scripted { .. }) => ", which says what a script says".to_owned(),
        Some(ModelSpec::Replay { .. }) => {
            ", answered from the recorded calls of an earlier run".to_owned()
        }
        Some(ModelSpec::Trajectory(_)) | None => String::new(),
    };
    let mut out = format!(
        "which asked the language model \u{201c}{}\u{201d}{how}; a reply that could not be read was \
         asked for again up to {}, and then replaced by a neutral decision.",
        speaker.model,
        counted(u64::from(speaker.re_asks), "time")
    );
    if let Some(temperature) = speaker.temperature {
        out.push_str(&format!(" The temperature was {temperature}."));
    }
    if let Some(folder) = &speaker.prompts {
        out.push_str(&format!(
            " The prompts were those of {}.",
            file_name(folder)
        ));
    }
    if let Some(path) = &spec.behaviour {
        out.push_str(&format!(
            " The doctors were told the bias of the file {}.",
            file_name(path)
        ));
    }
    out
}

fn knowledge(spec: &KnowledgeSpec, arms: &[Described]) -> String {
    let known = arms.first().map(|first| {
        format!(
            " over {} and {}",
            counted(first.conditions as u64, "condition"),
            counted(first.findings as u64, "finding")
        )
    });
    let mut out = format!(
        "a Bayesian belief{}; {}. Questions ended when the first diagnosis had a probability of {} \
         or no question had an expected gain of {} bits",
        known.unwrap_or_default(),
        match spec.questions {
            Questions::Gain =>
                "the next question was the one of the greatest expected information gain",
            Questions::GainPerCost =>
                "the next question was the one of the greatest expected information gain for its cost",
            Questions::Random => "the next question was drawn at random",
            Questions::Fixed => "questions were asked in a fixed order",
            Questions::None => "no question was asked",
            Questions::All => "every question was asked",
        },
        percent(spec.stop_at),
        spec.min_gain
    );
    out.push_str(match spec.noise_aware {
        true => "; answers were weighed by the noise of the environment.",
        false => "; answers were taken as true.",
    });
    if spec.refer_below > 0.0 {
        out.push_str(&format!(
            " Patients were referred when the first diagnosis stayed below a probability of {}.",
            percent(spec.refer_below)
        ));
    }
    if spec.anchoring > 1 {
        out.push_str(&format!(
            " The introduction counted {} times in the belief, as a bias.",
            spec.anchoring
        ));
    }
    if let Some(path) = &spec.behaviour {
        out.push_str(&format!(
            " The doctors had the bias of the file {}.",
            file_name(path)
        ));
    }
    if let Some(learned) = &spec.learned {
        out.push_str(&format!(
            " What the doctors knew was learned from the records of other subjects in the set \
             \u{201c}{}\u{201d} ({}).",
            file_name(&learned.records),
            match learned.part {
                Part::All => "all",
                Part::Train => "the part to learn from",
                Part::Test => "the part held out",
            }
        ));
    }
    out
}
