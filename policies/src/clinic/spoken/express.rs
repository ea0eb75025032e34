//! From a decision to the reply that says it: the way back of [`super::reply`].

use rounds_environments::clinic::knowledge::Knowledge;
use serde_json::{Value, json};

use super::request::{diagnosis_name, question_text, speciality_name};
use crate::clinic::task::{Action, Content, Observation, Proposal, Speciality, Task};

/// The reply that reads back as `action`; none where there is no such reply: a vote withheld, no
/// proposal, a referral (which the schema of replies does not have), or an action of another task.
///
/// Two things do not survive: the probabilities of a list of diagnoses, of which the order is left, and
/// fractions of a confidence, which is one of five levels.
pub(super) fn express(
    observation: &Observation,
    action: &Action,
    knowledge: Option<&Knowledge>,
) -> Option<String> {
    let names = |team: &[Speciality]| -> Vec<String> {
        let names = team.iter().map(|member| speciality_name(member, knowledge));
        names.collect()
    };
    match (&observation.task, action) {
        (Task::Triage { .. }, Action::Team(team)) => {
            Some(json!({ "RATIONALE": "", "SUGGEST_SPECIALISTS": names(team) }).to_string())
        }
        (Task::Coordinate { .. }, Action::Team(team)) => {
            let without = |of: &[Speciality], others: &[Speciality]| -> Vec<String> {
                let left: Vec<Speciality> = of
                    .iter()
                    .filter(|member| !others.contains(member))
                    .cloned()
                    .collect();
                names(&left)
            };
            let object = json!({
                "ADD": without(team, &observation.team),
                "REMOVE": without(&observation.team, team),
                "UPDATED_LIST": names(team),
                "RATIONALE": "",
            });
            Some(object.to_string())
        }
        (Task::Confidence, Action::Confidence(Some(level))) => {
            level_name(*level).map(|name| format!("DECISION: {name}"))
        }
        (Task::Vote { .. }, Action::Vote(Some(agrees))) => Some(
            match agrees {
                true => "AGREE",
                false => "DISAGREE",
            }
            .to_owned(),
        ),
        (Task::Solo { .. }, Action::Proposal(Some(proposal))) => {
            let mut object = content(proposal, knowledge)?;
            object["RATIONALE"] = (*proposal.rationale).into();
            Some(object.to_string())
        }
        (Task::Propose { .. }, Action::Proposal(Some(proposal))) => {
            let mut object = content(proposal, knowledge)?;
            let level = proposal.confidence.clamp(1.0, 5.0).round();
            object["CONFIDENCE"] = format!("{level:.0}").into();
            object["RATIONALE"] = (*proposal.rationale).into();
            Some(object.to_string())
        }
        _ => None,
    }
}

/// The words of [`crate::clinic::reading::read_level`].
fn level_name(level: u8) -> Option<&'static str> {
    Some(match level {
        1 => "very unconfident",
        2 => "somewhat unconfident",
        3 => "neither confident nor unconfident",
        4 => "somewhat confident",
        5 => "very confident",
        _ => return None,
    })
}

fn content(proposal: &Proposal, knowledge: Option<&Knowledge>) -> Option<Value> {
    Some(match &proposal.content {
        Content::Diagnoses(list) => {
            let names: Vec<String> = list.iter().map(|d| diagnosis_name(d, knowledge)).collect();
            json!({ "RESPONSE_TYPE": "diagnosis", "RESPONSE_CONTENT": names })
        }
        Content::Question(question) => json!({
            "RESPONSE_TYPE": "question",
            "RESPONSE_CONTENT": question_text(question, knowledge),
        }),
        Content::Refer(_) => return None,
    })
}
