//! Who saw them: the protocol of the team.

use super::words::{counted, percent};
use crate::schema::{ClinicScenario, MissingTest, Protocol, TeamKind, TeamSpec};

/// The team and its thresholds.
pub(super) fn sentences(scenario: &ClinicScenario<'_>) -> Vec<String> {
    let team = &scenario.team;
    match team.protocol {
        Protocol::DynamiCare => members(team),
        Protocol::AgentClinic => consultation(scenario),
    }
}

/// One doctor in free text.
fn consultation(scenario: &ClinicScenario<'_>) -> Vec<String> {
    let team = &scenario.team;
    let missing = match team.missing_test {
        MissingTest::Normal => "that its readings were normal",
        MissingTest::NotAvailable => "that it was not available",
    };
    let verdict = match &team.moderator {
        Some(model) => format!("judged by the model \u{201c}{model}\u{201d}"),
        None => "compared with the truth by names and codes".to_owned(),
    };
    vec![
        format!(
            "Each visit was a consultation by the protocol of AgentClinic: one doctor spoke in free \
             text with the patient and asked a measurement side for tests, for up to {}.",
            counted(scenario.limits.rounds, "turn")
        ),
        format!("Of a test that the record lacked, the measurement side said {missing}."),
        format!("The diagnosis was {verdict}."),
    ]
}

fn members(team: &TeamSpec) -> Vec<String> {
    let triage = team.triage.min(team.max_members);
    let changes = format!(
        "a specialist was called when the probability of the diseases of their speciality reached {} \
         and left when it fell below {}",
        percent(team.add_at),
        percent(team.remove_below)
    );
    let mut out = vec![match team.kind {
        TeamKind::Dynamic => format!(
            "The doctors were a dynamic team: a general practitioner named up to {} at first, and \
             after each round the team could change, with at most {}; {changes}.",
            counted(triage, "specialist"),
            counted(team.max_members, "member")
        ),
        TeamKind::Static => format!(
            "The doctors were a static team: a general practitioner named up to {}, who stayed to \
             the end.",
            counted(triage, "specialist")
        ),
        TeamKind::SoloFixed => {
            "The doctor was one specialist, named by a general practitioner, who stayed to the end."
                .to_owned()
        }
        TeamKind::SoloReplaceable => format!(
            "The doctor was one specialist at a time, named by a general practitioner, who could be \
             replaced after each round; {changes}."
        ),
        TeamKind::All => "The doctors were one specialist of every speciality.".to_owned(),
        TeamKind::Generalist => {
            "The doctor was one generalist, who knew every condition.".to_owned()
        }
    }];
    out.extend(protocol(team));
    out
}

fn protocol(team: &TeamSpec) -> Vec<String> {
    let panel = matches!(
        team.kind,
        TeamKind::Dynamic | TeamKind::Static | TeamKind::All
    );
    let mut out = Vec::new();
    if panel {
        out.push(format!(
            "In each round every member proposed a question or a list of diagnoses; the others voted \
             on the proposals in the order of their confidence, and the first that at least {} of \
             the team agreed to was carried out, or else the most confident one.",
            percent(team.agree_threshold)
        ));
    }
    out.push(format!(
        "A doctor alone diagnosed from a level of confidence of {} out of 5 and otherwise asked.",
        team.solo_stop_level
    ));
    out.push(format!(
        "A final list held up to {}.",
        counted(team.list_length, "diagnosis").replace("diagnosiss", "diagnoses")
    ));
    out
}
