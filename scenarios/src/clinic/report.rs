//! A visit as the report shows it.

use rounds_environments::clinic::knowledge::{FindingIx, Knowledge};
use rounds_policies::clinic::belief::Scope;
use serde_json::Value;

use crate::report::{BeliefPoint, Outcome, ReportCase, TeamSpan, TranscriptLine};
use crate::run::{Episode, EventLine, Scored};

/// Tells the visits of one arm as the report shows them.
#[derive(Debug)]
pub struct CaseTeller<'a> {
    arm: &'a str,
    knowledge: &'a Knowledge,
    /// Belief of a generalist: the same for every visit, and made once since it takes the
    /// logarithms of all tables.
    scope: Option<Scope>,
}

impl<'a> CaseTeller<'a> {
    /// A teller of visits of `arm`, whose doctors know `knowledge`.
    pub fn new(arm: &'a str, knowledge: &'a Knowledge) -> Self {
        Self {
            arm,
            knowledge,
            scope: Scope::generalist(knowledge, None).ok(),
        }
    }

    /// Builds the report's view of one visit.
    pub fn tell(&self, episode: &Episode, scored: &Scored) -> ReportCase {
        let Self {
            arm,
            knowledge,
            scope,
        } = self;
        let mut case = ReportCase {
            episode: u64::from(episode.episode),
            arm: (*arm).to_owned(),
            case: scored.row.case.clone(),
            reason: scored.row.reason.clone(),
            outcome: outcome(scored),
            ..ReportCase::default()
        };
        let mut answered: Vec<(FindingIx, Option<bool>)> = Vec::new();
        let mut open: Vec<(String, u32)> = Vec::new();
        for event in &episode.events {
            case.rounds = case.rounds.max(event.round);
            match event.kind.as_str() {
                "patient" => {
                    case.truth = event
                        .texts("truth")
                        .into_iter()
                        .map(str::to_owned)
                        .collect();
                }
                "introduced" => {
                    if let Some(e) = event
                        .text("finding")
                        .and_then(|id| knowledge.find_finding(id))
                    {
                        answered.push((e, Some(true)));
                        point(&mut case, knowledge, scope.as_ref(), &answered, 0);
                    }
                }
                "triaged" | "coordinated" => {
                    let team = event.texts("team");
                    // A team named in round r works from round r + 1 on.
                    let from = event.round + 1;
                    close_spans(&mut case, &mut open, from, |who| !team.contains(&who));
                    for who in team {
                        if !open.iter().any(|(name, _)| name == who) {
                            open.push((who.to_owned(), from));
                        }
                    }
                }
                "answered" => {
                    case.cost += event.number("cost").unwrap_or(0.0);
                    if let Some(e) = event
                        .text("finding")
                        .and_then(|id| knowledge.find_finding(id))
                    {
                        answered.push((e, event.fields.get("present").and_then(Value::as_bool)));
                        point(&mut case, knowledge, scope.as_ref(), &answered, event.round);
                    }
                }
                "diagnosed" => {
                    case.predicted = event
                        .fields
                        .get("list")
                        .and_then(Value::as_array)
                        .into_iter()
                        .flatten()
                        .filter_map(|v| v.get("name").and_then(Value::as_str).map(str::to_owned))
                        .collect();
                }
                _ => {}
            }
            if let Some(line) = line(event) {
                case.lines.push(line);
            }
        }
        let last = case.rounds + 1;
        close_spans(&mut case, &mut open, last, |_| true);
        case
    }
}

/// How a visit ended, as the report sorts it.
pub fn outcome(scored: &Scored) -> Outcome {
    let metric = |name: &str| scored.row.metrics.get(name).copied().flatten();
    match scored.row.outcome.as_str() {
        "failed" => Outcome::Failed,
        "aborted" => Outcome::Aborted,
        _ if metric("hit@1") == Some(1.0) => Outcome::Correct,
        _ if metric("hit@10") == Some(1.0) => Outcome::InTheList,
        _ => Outcome::Missed,
    }
}

fn close_spans(
    case: &mut ReportCase,
    open: &mut Vec<(String, u32)>,
    next: u32,
    gone: impl Fn(&str) -> bool,
) {
    open.retain(|(name, from)| {
        if !gone(name) {
            return true;
        }
        if next > *from {
            case.teams.push(TeamSpan {
                agent: name.clone(),
                from_round: *from,
                to_round: next - 1,
            });
        }
        false
    });
}

fn point(
    case: &mut ReportCase,
    knowledge: &Knowledge,
    scope: Option<&Scope>,
    answered: &[(FindingIx, Option<bool>)],
    round: u32,
) {
    let Some(posterior) = scope.map(|scope| scope.posterior(answered.iter().copied())) else {
        return;
    };
    let mut top: Vec<(String, f64)> = knowledge
        .conditions()
        .iter()
        .map(|c| c.name.clone())
        .zip(posterior.iter().copied())
        .collect();
    top.sort_by(|a, b| b.1.total_cmp(&a.1));
    top.truncate(5);
    case.belief.push(BeliefPoint { round, top });
}

/// A line of the transcript of a visit; `None` for events that it leaves out.
pub(crate) fn line(event: &EventLine) -> Option<TranscriptLine> {
    let text = match event.kind.as_str() {
        "introduced" | "asked" | "answered" => event.text("text")?.to_owned(),
        "triaged" | "coordinated" => event.texts("team").join(", "),
        "diagnosed" => event
            .fields
            .get("list")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|v| v.get("name").and_then(Value::as_str))
            .collect::<Vec<_>>()
            .join(" · "),
        "referred" => format!("to {}", event.text("to")?),
        "changed" => format!(
            "{} = {}",
            event.text("setting")?,
            event.fields.get("value")?
        ),
        _ => return None,
    };
    Some(TranscriptLine {
        round: event.round,
        minute: event.minute.unwrap_or(0.0),
        side: event.side.clone(),
        agent: event.agent.clone(),
        kind: event.kind.clone(),
        text,
    })
}
