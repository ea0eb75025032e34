//! Act: the decisions of each role are checked and applied.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;
use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_policies::clinic::panel::Panel;
use rounds_policies::clinic::task::{Action, Content, Diagnosis, Proposal, Speciality};
use rounds_policies::policy::PolicyError;
use serde::Serialize;

use super::config::{Clinic, Coordination};
use super::team::set_team;
use super::visit::{Stage, Visit};
use crate::engine::{
    Activity, Decided, Decision, Episode, EpisodeClock, EpisodeLog, EventLog, GroupOf, Outcome,
};

/// What the acting systems share.
#[derive(SystemParam)]
pub(super) struct Acting<'w, 's> {
    clinic: Res<'w, Clinic>,
    activity: ResMut<'w, Activity>,
    episodes: Query<
        'w,
        's,
        (
            &'static mut Episode,
            &'static mut EpisodeLog,
            &'static EpisodeClock,
        ),
    >,
    visits: Query<
        'w,
        's,
        (
            Entity,
            &'static GroupOf,
            &'static mut Visit,
            &'static mut Decided<Action>,
        ),
    >,
}

/// A visit whose decisions are all there.
struct Ready<'a> {
    clinic: &'a Clinic,
    episode_entity: Entity,
    group: Entity,
    episode: &'a mut Episode,
    log: &'a mut EventLog,
    now_min: f64,
    visit: &'a mut Visit,
}

/// Calls `apply` for each visit at a stage whose decisions are all there, with the decisions in
/// the order (agent, request number). An error ends the episode.
fn for_ready(
    p: &mut Acting,
    at: impl Fn(&Stage) -> bool,
    mut apply: impl FnMut(Ready, Vec<Action>) -> Result<(), PolicyError>,
) {
    for (group, of, mut visit, mut decided) in &mut p.visits {
        if visit.asked == 0 || decided.0.len() < visit.asked || !at(&visit.stage) {
            continue;
        }
        let Ok((mut episode, mut log, clock)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        if episode.open > 0 {
            continue;
        }
        p.activity.note();
        visit.asked = 0;
        let mut decisions: Vec<Decision<Action>> = std::mem::take(&mut decided.0);
        decisions.sort_unstable_by_key(|decision| (decision.key.agent, decision.key.number));
        let now_min = clock.0.now_min();
        for decision in decisions.iter().filter(|decision| decision.malformed > 0) {
            let name = agent_name(&p.clinic, &visit, decision.key.agent);
            if let Some(mut event) =
                log.0
                    .event(visit.round, now_min, "doctor", name, "malformed_reply")
            {
                event.add("replies", &decision.malformed);
            }
        }
        let actions: Result<Vec<Action>, PolicyError> =
            decisions.into_iter().map(|d| d.result).collect();
        let visit = &mut *visit;
        let applied = actions.and_then(|actions| {
            let ready = Ready {
                clinic: &p.clinic,
                episode_entity: of.0,
                group,
                episode: &mut episode,
                log: &mut log.0,
                now_min,
                visit: &mut *visit,
            };
            apply(ready, actions)
        });
        if let Err(error) = applied {
            episode.end(Outcome::Failed(error.to_string()));
            visit.stage = Stage::Over;
        }
    }
}

fn agent_name<'a>(
    clinic: &'a Clinic,
    visit: &'a Visit,
    id: rounds_environments::ids::AgentId,
) -> &'a str {
    visit
        .known
        .iter()
        .find(|member| member.id == id)
        .map_or("general practitioner", |member| {
            clinic.speciality_name(&member.speciality)
        })
}

fn garbage(expected: &str, got: &Action) -> PolicyError {
    let got = match got {
        Action::Team(_) => "a team",
        Action::Confidence(_) => "a confidence",
        Action::Proposal(_) => "a proposal",
        Action::Vote(_) => "a vote",
    };
    PolicyError::Garbage(format!("expected {expected}, got {got}"))
}

/// The named team is formed.
pub(super) fn apply_triage(mut commands: Commands, mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Triage),
        |ready, actions| {
            let team = one_team(ready.clinic, actions, ready.clinic.visit.triage)?;
            let team = if team.is_empty() {
                vec![Speciality::Generalist]
            } else {
                team
            };
            if let Some(mut event) = ready.log.event(
                0,
                ready.now_min,
                "doctor",
                "general practitioner",
                "triaged",
            ) {
                event.add("team", &names(ready.clinic, &team));
            }
            set_team(
                &mut commands,
                ready.episode_entity,
                ready.episode,
                ready.group,
                ready.visit,
                &team,
            );
            ready.visit.stage = Stage::Begin;
            Ok(())
        },
    );
}

/// The team of the next round is formed; an empty list keeps the team.
pub(super) fn apply_coordination(mut commands: Commands, mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Coordinate),
        |ready, actions| {
            let mut team = one_team(ready.clinic, actions, ready.clinic.visit.max_members)?;
            if team.is_empty() {
                team = ready.visit.roster.to_vec();
            }
            let round = ready.visit.round;
            if let Some(mut event) =
                ready
                    .log
                    .event(round, ready.now_min, "doctor", "coordinator", "coordinated")
            {
                let old = &ready.visit.roster;
                let added: Vec<_> = team.iter().filter(|s| !old.contains(s)).cloned().collect();
                let removed: Vec<_> = old.iter().filter(|s| !team.contains(s)).cloned().collect();
                event
                    .add("team", &names(ready.clinic, &team))
                    .add("added", &names(ready.clinic, &added))
                    .add("removed", &names(ready.clinic, &removed));
            }
            set_team(
                &mut commands,
                ready.episode_entity,
                ready.episode,
                ready.group,
                ready.visit,
                &team,
            );
            ready.visit.stage = Stage::Begin;
            Ok(())
        },
    );
}

fn one_team(
    clinic: &Clinic,
    actions: Vec<Action>,
    most: usize,
) -> Result<Vec<Speciality>, PolicyError> {
    match actions.into_iter().next() {
        Some(Action::Team(mut team)) => {
            for speciality in &team {
                if let Speciality::Known(ix) = speciality
                    && ix.index() >= clinic.knowledge.specialities().len()
                {
                    return Err(PolicyError::Garbage(format!(
                        "there is no speciality number {}",
                        ix.0
                    )));
                }
            }
            team.truncate(most);
            Ok(team)
        }
        Some(other) => Err(garbage("a team", &other)),
        None => Err(PolicyError::Garbage(
            "expected a team, got nothing".to_owned(),
        )),
    }
}

fn names<'a>(clinic: &'a Clinic, team: &'a [Speciality]) -> Vec<&'a str> {
    team.iter()
        .map(|speciality| clinic.speciality_name(speciality))
        .collect()
}

/// The lone clinician's confidence decides between a list and a question.
pub(super) fn apply_confidence(mut p: Acting) {
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
pub(super) fn apply_solo(mut p: Acting) {
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
pub(super) fn apply_proposals(mut p: Acting) {
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
pub(super) fn apply_votes(mut p: Acting) {
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
            let name = ready
                .clinic
                .speciality_name(&ready.visit.team[position].speciality);
            if let Some(mut event) = ready.log.event(
                ready.visit.round,
                ready.now_min,
                "doctor",
                name,
                "diagnosed",
            ) {
                let most = ready.clinic.visit.list_length;
                event
                    .add("list", &distinct(&ready.clinic.knowledge, list, most))
                    .add("consensus", &consensus)
                    .add("forced", &forced);
            }
            ready.visit.stage = Stage::Over;
            ready.episode.end(Outcome::Done);
            Ok(())
        }
    }
}

fn question_words<'a>(
    knowledge: &'a Knowledge,
    question: &'a Question,
) -> (Option<&'a str>, &'a str) {
    match question {
        Question::Finding(e) => (
            Some(&knowledge.finding(*e).id),
            &knowledge.finding(*e).question,
        ),
        Question::Text(text) => (None, text),
    }
}

/// A diagnosis as the log keeps it.
#[derive(Serialize)]
#[serde(untagged)]
enum Listed<'a> {
    Known {
        name: &'a str,
        code: Option<&'a str>,
        p: f64,
    },
    Named {
        name: &'a str,
    },
}

/// The list as the log keeps it: without repeats (first occurrence counts), cut to `most`.
fn distinct<'a>(knowledge: &'a Knowledge, list: &'a [Diagnosis], most: usize) -> Vec<Listed<'a>> {
    let mut seen: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for diagnosis in list {
        let listed = match diagnosis {
            Diagnosis::Known(d, p) => {
                let condition = knowledge.condition(*d);
                Listed::Known {
                    name: &condition.name,
                    code: condition.codes.first().map(String::as_str),
                    p: *p,
                }
            }
            Diagnosis::Named(name) => Listed::Named { name },
        };
        let (Listed::Known { name, .. } | Listed::Named { name }) = listed;
        let folded = name.trim().to_lowercase();
        if folded.is_empty() || seen.contains(&folded) {
            continue;
        }
        seen.push(folded);
        out.push(listed);
        if out.len() == most {
            break;
        }
    }
    out
}

fn log_proposal(ready: &mut Ready, position: usize, proposal: &Proposal) {
    let name = ready
        .clinic
        .speciality_name(&ready.visit.team[position].speciality);
    let Some(mut event) =
        ready
            .log
            .event(ready.visit.round, ready.now_min, "doctor", name, "proposed")
    else {
        return;
    };
    event.add("confidence", &proposal.confidence);
    match &proposal.content {
        Content::Question(question) => {
            let (id, text) = question_words(&ready.clinic.knowledge, question);
            event
                .add("type", "question")
                .add("content", id.unwrap_or(text));
        }
        Content::Diagnoses(list) => {
            event.add("type", "diagnosis");
            event.add(
                "content",
                &list.first().map(|diagnosis| match diagnosis {
                    Diagnosis::Known(d, _) => ready.clinic.knowledge.condition(*d).name.as_str(),
                    Diagnosis::Named(name) => name,
                }),
            );
        }
    }
    if !proposal.rationale.is_empty() {
        event.add("rationale", &*proposal.rationale);
    }
}

/// Refuses what is no proposal: references that do not exist, numbers that are none, an empty list.
fn check_proposal(knowledge: &Knowledge, proposal: &Proposal) -> Result<(), PolicyError> {
    if !proposal.confidence.is_finite() {
        return Err(PolicyError::Garbage(format!(
            "confidence must be a number, got {}",
            proposal.confidence
        )));
    }
    match &proposal.content {
        Content::Question(Question::Finding(e)) if e.index() >= knowledge.findings().len() => Err(
            PolicyError::Garbage(format!("there is no finding number {}", e.0)),
        ),
        Content::Question(Question::Text(text)) if text.trim().is_empty() => {
            Err(PolicyError::Garbage("the question is empty".to_owned()))
        }
        Content::Question(_) => Ok(()),
        Content::Diagnoses(list) => {
            if list.is_empty() {
                return Err(PolicyError::Garbage(
                    "the list of diagnoses is empty".to_owned(),
                ));
            }
            for diagnosis in list {
                match diagnosis {
                    Diagnosis::Known(d, _) if d.index() >= knowledge.conditions().len() => {
                        return Err(PolicyError::Garbage(format!(
                            "there is no condition number {}",
                            d.0
                        )));
                    }
                    Diagnosis::Known(_, p) if !(0.0..=1.0 + 1e-9).contains(p) => {
                        return Err(PolicyError::Garbage(format!(
                            "a probability must be within 0 and 1, got {p}"
                        )));
                    }
                    _ => {}
                }
            }
            Ok(())
        }
    }
}

/// After the answer: to the coordinator, or straight to the next round.
pub(super) fn after_answer(coordination: Coordination) -> Stage {
    match coordination {
        Coordination::Dynamic => Stage::Coordinate,
        Coordination::Fixed | Coordination::Given => Stage::Begin,
    }
}
