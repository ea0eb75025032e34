//! Agents that are asked for their actions one by one: by a language model, or whoever decides.
//!
//! Each is told what the online methods may know as well: the world as it was last revealed, the
//! marginals of its own actions given what its neighbours did, and nothing of the round to come.

use std::collections::VecDeque;
use std::sync::Arc;

use rounds_environments::coordination::{CommGraph, CoordinationWorld, check_marginals};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_policies::coordination::{CoordinationError, Traffic};
use rounds_policies::language::Situation;
use rounds_policies::policy::{Ask, AskKey, Decider};
use serde_json::{Value, json};

use crate::engine::{Decided, Decision, Episode, Outcome};

/// Agents that are asked for their actions, each on its own, all of an episode at once.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Who answers; `None` is an agent that does nothing.
    pub decider: Decider<Situation, Option<u32>>,
    /// How many rounds of its own past an agent is told.
    pub history: u32,
}

/// What is sent where agents are asked: each tells its neighbours what it did, one number.
pub(crate) fn traffic(graph: &CommGraph) -> Traffic {
    let messages = 2 * graph.edges() as u64;
    Traffic {
        messages,
        floats: messages,
    }
}

/// What the asking of one episode has to keep.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) rules: Arc<str>,
    /// Actions in words, by agent.
    pub(crate) names: Vec<Arc<[String]>>,
    past: Vec<VecDeque<Value>>,
    length: usize,
    /// Agents were asked and have not all answered.
    pub(crate) awaited: bool,
}

impl Asking {
    /// Agents with these actions, who remember `history` rounds.
    pub(crate) fn new(rules: &str, names: Vec<Arc<[String]>>, history: u32) -> Self {
        Self {
            rules: rules.into(),
            past: vec![VecDeque::new(); names.len()],
            names,
            length: history as usize,
            awaited: false,
        }
    }

    /// Agents of a world of coordination.
    pub(super) fn of_world(world: &dyn CoordinationWorld, history: u32) -> Self {
        let ground = world.ground();
        let names = (0..ground.agents()).map(|agent| {
            let actions = 0..ground.actions(agent) as u32;
            actions.map(|a| world.action_name(agent, a)).collect()
        });
        let rules = format!("{}\n{}", world.rules().trim(), include_str!("asked.txt"));
        Self::new(&rules, names.collect(), history)
    }

    /// An action in words.
    pub(crate) fn name(&self, agent: usize, action: Option<u32>) -> Value {
        let names = self.names.get(agent);
        let name = action.and_then(|action| names?.get(action as usize));
        name.map_or(Value::Null, |name| json!(name))
    }

    /// Adds a round to what `agent` remembers.
    pub(crate) fn remember(&mut self, agent: usize, turn: Value) {
        let length = self.length;
        let Some(past) = self.past.get_mut(agent).filter(|_| length > 0) else {
            return;
        };
        if past.len() == length {
            past.pop_front();
        }
        past.push_back(turn);
    }

    /// What `agent` remembers, oldest first.
    pub(crate) fn past(&self, agent: usize) -> Value {
        self.past
            .get(agent)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// The request of an agent that is told this.
    pub(crate) fn ask(
        &self,
        episode: EpisodeIx,
        round: RoundIx,
        agent: usize,
        told: Value,
        neutral: Option<u32>,
    ) -> Ask<Situation> {
        Ask {
            key: AskKey {
                episode,
                agent: AgentId(agent as u32),
                round,
                number: round.0,
            },
            observation: Situation {
                rules: Arc::clone(&self.rules),
                told,
                actions: self.names.get(agent).map_or_else(|| [].into(), Arc::clone),
                neutral,
            },
        }
    }
}

/// What is known when a round of coordination begins.
pub(super) struct Known<'a> {
    pub(super) world: &'a dyn CoordinationWorld,
    pub(super) graph: &'a CommGraph,
    /// The round that begins.
    pub(super) round: RoundIx,
    pub(super) horizon: u32,
    /// What everybody did in the round before.
    pub(super) actions: &'a [Option<u32>],
}

impl Known<'_> {
    /// What `agent` may know. `summary` and `gains` are room to work in.
    ///
    /// # Errors
    /// [`CoordinationError::Objective`] when the objective of the last round gives what it may not.
    pub(super) fn told(
        &self,
        asking: &mut Asking,
        agent: usize,
        summary: &mut [f64],
        gains: &mut [f64],
    ) -> Result<Value, CoordinationError> {
        let names = asking
            .names
            .get(agent)
            .map_or_else(|| [].into(), Arc::clone);
        let gains = &mut gains[..names.len()];
        let played = self.round.0 > 1;
        if played {
            self.gains(agent, summary, gains)?;
            let did = self.actions.get(agent).copied().flatten();
            let gained = did.and_then(|action| gains.get(action as usize));
            let turn = json!({
                "round": self.round.0 - 1,
                "did": asking.name(agent, did),
                "gained": short(gained.copied().unwrap_or(0.0)),
            });
            asking.remember(agent, turn);
        }
        let mut told = json!({
            "round": self.round,
            "rounds": self.horizon,
            "agent": agent,
            "agents": asking.names.len(),
        });
        if let (Value::Object(told), Value::Object(more)) =
            (&mut told, self.world.describe_agent(agent))
        {
            told.extend(more);
        }
        let neighbours = self.graph.neighbours(agent).map(|(other, _)| {
            let mut neighbour = json!({"agent": other});
            if played {
                let did = self.actions.get(other).copied().flatten();
                neighbour["did"] = asking.name(other, did);
            }
            neighbour
        });
        told["neighbours"] = neighbours.collect();
        told["own_past"] = asking.past(agent);
        let actions = names.iter().zip(&*gains).enumerate();
        let actions = actions.map(|(number, (name, gain))| {
            let mut action = json!({"action": number, "is": name});
            if played {
                action["would_have_gained"] = json!(short(*gain));
            }
            action
        });
        told["actions"] = actions.collect();
        Ok(told)
    }

    /// What each action of `agent` would have added in the last round to what its neighbours did.
    fn gains(
        &self,
        agent: usize,
        summary: &mut [f64],
        gains: &mut [f64],
    ) -> Result<(), CoordinationError> {
        let objective = self.world.objective();
        objective.clear(summary);
        for (other, _) in self.graph.neighbours(agent) {
            if let Some(action) = self.actions.get(other).copied().flatten() {
                objective.insert(objective.ground().element(other, action), summary);
            }
        }
        objective.marginals(agent, summary, gains);
        let checked = check_marginals(objective.class(), agent, gains);
        checked.map_err(|fault| CoordinationError::Objective {
            round: RoundIx(self.round.0.saturating_sub(1)),
            fault,
        })
    }
}

/// Gains are told to this part of a unit.
const PARTS: f64 = 1e6;

fn short(gain: f64) -> f64 {
    (gain * PARTS).round() / PARTS
}

/// Takes the answers of all agents of an episode once none is open; `false` while some are awaited.
/// An answer that never came ends the episode. `log` is given every answer in the order of the agents.
pub(crate) fn answered(
    episode: &mut Episode,
    asking: &mut Asking,
    decided: &mut Decided<Option<u32>>,
    actions: &mut [Option<u32>],
    mut log: impl FnMut(usize, &Decision<Option<u32>>),
) -> bool {
    if !asking.awaited || decided.0.len() < actions.len() || episode.open > 0 {
        return false;
    }
    asking.awaited = false;
    let mut answers = std::mem::take(&mut decided.0);
    answers.sort_unstable_by_key(|decision| decision.key.agent);
    for decision in answers {
        let agent = decision.key.agent.index();
        log(agent, &decision);
        match decision.result {
            Ok(action) => actions[agent] = action,
            Err(error) => episode.end(Outcome::from(error)),
        }
    }
    true
}
