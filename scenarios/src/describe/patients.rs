//! Who was seen.

use super::Described;
use super::words::{counted, file_name, listed, percent};
use crate::schema::{
    Answers, ClinicScenario, Fidelity, Matching, Part, PatientsSpec, Tests, Visible,
};

/// The patients, their answers and the environment.
pub(super) fn sentences(scenario: &ClinicScenario<'_>, first: &Described) -> Vec<String> {
    let environment = &scenario.environment;
    let mut out = vec![source(scenario, first)];
    let records = matches!(
        environment.patients,
        PatientsSpec::Records { .. } | PatientsSpec::AgentClinic { .. } | PatientsSpec::Fhir { .. }
    );
    let cases = matches!(environment.patients, PatientsSpec::Cases { .. });
    let noise = environment.noise;
    // Noise is of patients that are drawn or scripted.
    if records {
        out.push("Answers were those of the record, without noise.".to_owned());
    } else if noise.unknown > 0.0 || noise.flipped > 0.0 {
        out.push(format!(
            "Each answer was \u{201c}unknown\u{201d} with a probability of {} and the opposite of the \
             truth with a probability of {}.",
            percent(noise.unknown),
            percent(noise.flipped)
        ));
    } else {
        out.push("Answers were free of noise.".to_owned());
    }
    if records {
        out.push(format!(
            "{}; the admission diagnosis was {}.",
            match environment.visible_until {
                Visible::All => "Entries of the whole stay were visible".to_owned(),
                Visible::Hours(hours) =>
                    format!("Entries of the first {hours} hours after admission were visible"),
            },
            match environment.reveal_admission_diagnosis {
                true => "shown to the doctors",
                false => "hidden",
            }
        ));
        out.push(format!(
            "Questions were matched to sections of the record by {}{}.",
            match environment.matching {
                Matching::Word => "whole words",
                Matching::Substring => "parts of their text",
            },
            match environment.fidelity {
                Fidelity::Strict => "",
                Fidelity::AsPublished => ", as in the published program",
            }
        ));
    }
    let person = &environment.person;
    let parts = [
        ("age", person.age.map(|age| age.to_string())),
        ("sex", person.sex.clone()),
        ("ethnicity", person.ethnicity.clone()),
        ("language", person.language.clone()),
        ("insurance", person.insurance.clone()),
    ];
    let parts = parts.into_iter();
    let parts: Vec<String> = parts
        .filter_map(|(name, value)| Some(format!("{name} {}", value?)))
        .collect();
    if cases && !parts.is_empty() {
        out.push(format!("All patients were played with {}.", listed(&parts)));
    }
    if let Some(path) = &environment.behaviour {
        let name = file_name(path);
        out.push(format!("Their temperament was that of the file {name}."));
    }
    match &environment.patient {
        Answers::Record => {}
        Answers::Human => out.push("A person answered for them.".to_owned()),
        Answers::Language(spec) => out.push(format!(
            "The language model \u{201c}{}\u{201d} put their introductions and answers in words.",
            spec.speaker.model
        )),
    }
    out.push(format!(
        "A question took {} simulated minutes.",
        environment.minutes_per_question
    ));
    if environment.tests == Tests::Down {
        out.push("Tests could not be done when a visit began.".to_owned());
    }
    out
}

fn source(scenario: &ClinicScenario<'_>, first: &Described) -> String {
    let were = if first.patients == 1 { "was" } else { "were" };
    let patients = format!("{} {were}", counted(first.patients, "patient"));
    match &scenario.environment.patients {
        PatientsSpec::BuiltinKnowledge | PatientsSpec::Knowledge(_) => {
            let number = |key: &str| first.data[key].as_u64().unwrap_or_default();
            format!(
                "{patients} drawn from the knowledge base \u{201c}{}\u{201d} ({}, {}): first a \
                 condition by its prior probability, then each finding by its probability in this \
                 condition.",
                first.data["knowledge"].as_str().unwrap_or_default(),
                counted(number("conditions"), "condition"),
                counted(number("findings"), "finding")
            )
        }
        PatientsSpec::Records { folder, part }
        | PatientsSpec::AgentClinic {
            file: folder, part, ..
        }
        | PatientsSpec::Fhir {
            path: folder, part, ..
        } => {
            let number = |key: &str| first.data[key].as_u64().unwrap_or_default();
            format!(
                "{patients} played from the records of admissions in the set \u{201c}{}\u{201d}, \
                 of which {} of {} were taken ({}){}.",
                file_name(folder),
                number("records"),
                number("of"),
                match part {
                    Part::All => "all",
                    Part::Train => "the part to learn from, divided by subject",
                    Part::Test => "the part held out, divided by subject",
                },
                match first.restricted {
                    true => "; the records are restricted",
                    false => "",
                }
            )
        }
        PatientsSpec::Cases { .. } => {
            let axes = first.checks.iter();
            let axes: Vec<String> = axes.map(|(axis, n)| format!("{axis} ({n})")).collect();
            let all: usize = first.checks.values().sum();
            format!(
                "{patients} played from evaluation cases, whose visits were judged by {} on {}; \
                 critical ones among them: {}.",
                counted(all as u64, "check"),
                listed(&axes),
                first.critical
            )
        }
    }
}
