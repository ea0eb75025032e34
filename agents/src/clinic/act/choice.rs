//! What a round comes to: the lone clinician's choice, or the panel's.

use std::sync::Arc;

use rounds_policies::clinic::panel::Panel;
use rounds_policies::clinic::task::{Action, Content, Proposal};
use rounds_policies::policy::PolicyError;

use super::proposal::{check_proposal, distinct, log_proposal, question_words};
use super::ready::{Acting, Ready, for_ready, garbage};
use crate::clinic::config::Coordination;
use crate::clinic::visit::Stage;
use crate::engine::{EventWriter, Outcome};

/// The lone clinician's confidence decides between a list and a question.
pub(in crate::clinic) fn apply_confidence(mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Confidence),
        |ready, actions| {
            let level = match actions.into_iter().next() {
                Some(Action::Confidence(level)) => level.map(|level| level.clamp(1, 5)),
                Some(other) => return Err(garbage("a confidence", &other)),
                None => {
                    return Err(PolicyError::Garbage(
                        "expected a confidence, got nothing".to_owned(),
                    ));
                }
            };
            let name = ready
                .clinic
                .speciality_name(&ready.visit.team[0].speciality);
            if let Some(mut event) = ready.log.event(
                ready.visit.round,
                ready.now_min,
                "doctor",
                name,
                "confident",
            ) {
                event.add("level", &level);
            }
            let diagnose = level.is_some_and(|level| level >= ready.clinic.visit.solo_stop_level);
            ready.visit.stage = Stage::Solo {
                diagnose,
                forced: false,
            };
            Ok(())
        },
    );
}

/// The lone clinician's list ends the visit, its question goes to the patient.
pub(in crate::clinic) fn apply_solo(mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Solo { .. }),
        |mut ready, actions| {
            let Stage::Solo { forced, .. } = ready.visit.stage else {
                return Ok(());
            };
            let proposal = match actions.into_iter().next() {
                Some(Action::Proposal(Some(proposal))) => proposal,
                Some(Action::Proposal(None)) => {
                    return Err(PolicyError::Garbage(
                        "the only clinician made no proposal".to_owned(),
                    ));
                }
                Some(other) => return Err(garbage("a proposal", &other)),
                None => {
                    return Err(PolicyError::Garbage(
                        "expected a proposal, got nothing".to_owned(),
                    ));
                }
            };
            check_proposal(&ready.clinic.knowledge, &proposal)?;
            log_proposal(&mut ready, 0, &proposal);
            conclude(&mut ready, 0, &proposal, true, forced)
        },
    );
}

/// Proposals go to the vote, the most confident first.
pub(in crate::clinic) fn apply_proposals(mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Propose { .. }),
        |mut ready, actions| {
            let Stage::Propose { forced } = ready.visit.stage else {
                return Ok(());
            };
            // Decisions come in the order of agent ids; proposals are examined in team order.
            let mut ids: Vec<_> = ready.visit.team.iter().map(|member| member.id).collect();
            ids.sort_unstable();
            let mut proposals: Vec<Option<Arc<Proposal>>> = vec![None; ready.visit.team.len()];
            for (id, action) in ids.into_iter().zip(actions) {
                let Some(position) = ready.visit.position(id) else {
                    continue;
                };
                match action {
                    Action::Proposal(proposal) => {
                        if let Some(proposal) = &proposal {
                            check_proposal(&ready.clinic.knowledge, proposal)?;
                        }
                        proposals[position] = proposal.map(Arc::new);
                    }
                    other => return Err(garbage("a proposal", &other)),
                }
            }
            for (position, proposal) in proposals.iter().enumerate() {
                if let Some(proposal) = proposal {
                    log_proposal(&mut ready, position, proposal);
                }
            }
            let panel = Panel::new(proposals, ready.clinic.visit.agree_threshold)
                .map_err(|error| PolicyError::Failed(error.to_string()))?;
            go_on_with_panel(&mut ready, panel, forced)
        },
    );
}

/// Votes are counted; the panel goes on to its next candidate or comes to its choice.
pub(in crate::clinic) fn apply_votes(mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Vote { .. }),
        |mut ready, actions| {
            let Stage::Vote { mut panel, forced } =
                std::mem::replace(&mut ready.visit.stage, Stage::Over)
            else {
                return Ok(());
            };
            let voters = panel.voters();
            let candidate = panel.candidate();
            let mut ids: Vec<_> = voters
                .iter()
                .filter_map(|&v| Some((ready.visit.team.get(v)?.id, v)))
                .collect();
            ids.sort_unstable();
            let mut votes: Vec<Option<bool>> = vec![None; voters.len()];
            for ((_, voter), action) in ids.into_iter().zip(actions) {
                let Action::Vote(vote) = action else {
                    return Err(garbage("a vote", &action));
                };
                if let Some(slot) = voters.iter().position(|&v| v == voter) {
                    votes[slot] = vote;
                }
            }
            panel
                .vote(&votes)
                .map_err(|error| PolicyError::Failed(error.to_string()))?;
            if let Some(member) = candidate.and_then(|c| ready.visit.team.get(c)) {
                let name = ready.clinic.speciality_name(&member.speciality);
                if let Some(mut event) =
                    ready
                        .log
                        .event(ready.visit.round, ready.now_min, "doctor", name, "examined")
                {
                    let agree = votes.iter().filter(|&&vote| vote == Some(true)).count();
                    event.add("votes", &votes).add("agree", &agree);
                    event.add(
                        "ratio",
                        &((agree + 1) as f64 / ready.visit.team.len() as f64),
                    );
                }
            }
            go_on_with_panel(&mut ready, panel, forced)
        },
    );
}

fn go_on_with_panel(ready: &mut Ready, panel: Panel, forced: bool) -> Result<(), PolicyError> {
    let Some(outcome) = panel.outcome() else {
        ready.visit.stage = Stage::Vote { panel, forced };
        return Ok(());
    };
    let chosen = outcome
        .chosen
        .and_then(|c| Some((c, panel.proposals().get(c)?.clone()?)));
    let Some((position, proposal)) = chosen else {
        return Err(PolicyError::Garbage(
            "no member of the panel made a proposal".to_owned(),
        ));
    };
    conclude(ready, position, &proposal, outcome.consensus, forced)
}

/// The chosen proposal: a list ends the visit, a question goes to the patient.
fn conclude(
    ready: &mut Ready,
    position: usize,
    proposal: &Proposal,
    consensus: bool,
    forced: bool,
) -> Result<(), PolicyError> {
    match &proposal.content {
        Content::Question(_) if forced => Err(PolicyError::Garbage(
            "expected a list of diagnoses when the rounds ran out, got a question".to_owned(),
        )),
        Content::Question(question) => {
            let name = ready
                .clinic
                .speciality_name(&ready.visit.team[position].speciality);
            if let Some(mut event) =
                ready
                    .log
                    .event(ready.visit.round, ready.now_min, "doctor", name, "asked")
            {
                let (id, text) = question_words(&ready.clinic.knowledge, question);
                if let Some(id) = id {
                    event.add("finding", id);
                }
                event.add("text", text).add("consensus", &consensus);
            }
            ready.visit.stage = Stage::Ask {
                question: question.clone(),
            };
            Ok(())
        }
        Content::Diagnoses(list) => {
            let most = ready.clinic.visit.list_length;
            let listed = distinct(&ready.clinic.knowledge, list, most);
            ends(ready, position, "diagnosed", (consensus, forced), |event| {
                event.add("list", &listed);
            });
            Ok(())
        }
        Content::Refer(referral) => {
            let most = ready.clinic.visit.list_length;
            let listed = distinct(&ready.clinic.knowledge, &referral.list, most);
            ends(ready, position, "referred", (consensus, forced), |event| {
                event
                    .add("to", &*referral.to)
                    .add("reason", &*referral.reason)
                    .add("list", &listed);
            });
            Ok(())
        }
    }
}

/// Logs the final action of a member and ends the visit.
fn ends(
    ready: &mut Ready,
    position: usize,
    kind: &'static str,
    (consensus, forced): (bool, bool),
    what: impl FnOnce(&mut EventWriter),
) {
    let name = ready
        .clinic
        .speciality_name(&ready.visit.team[position].speciality);
    if let Some(mut event) = ready
        .log
        .event(ready.visit.round, ready.now_min, "doctor", name, kind)
    {
        what(&mut event);
        event.add("consensus", &consensus).add("forced", &forced);
    }
    ready.visit.stage = Stage::Over;
    ready.episode.end(Outcome::Done);
}

/// After the answer: to the coordinator, or straight to the next round.
pub(in crate::clinic) fn after_answer(coordination: Coordination) -> Stage {
    match coordination {
        Coordination::Dynamic => Stage::Coordinate,
        Coordination::Fixed | Coordination::Given => Stage::Begin,
    }
}
