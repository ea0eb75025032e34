//! A coordination world as an environment of joint steps, so that programs, people and language models
//! can play it.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};

use super::motion::{check_actions, distance};
use super::world::{CoordinationFactory, CoordinationWorld, Scene};
use crate::environment::{
    Describe, Environment, EnvironmentError, EnvironmentFactory, StepOutcome,
};
use crate::ids::{AgentId, EpisodeIx, RoundIx};
use crate::streams::RunSeed;

/// What one agent sees before it acts.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Who looks.
    pub agent: AgentId,
    /// Number of agents.
    pub agents: usize,
    /// The round to be played, from 1.
    pub round: RoundIx,
    /// Rounds of the episode.
    pub horizon: u32,
    /// Where the agent is, where there are places.
    pub position: Option<[f64; 2]>,
    /// The nearest targets as the agents know them, nearest first, with their distances.
    pub targets: Vec<([f64; 2], f64)>,
    /// What the agent can do, in words, by id.
    pub actions: Arc<[String]>,
    /// What the last round brought.
    pub last: Option<LastRound>,
}

/// What a round brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastRound {
    /// Reward of the team.
    pub utility: f64,
    /// How much less it would have been without the agent's action.
    pub added: f64,
}

/// Most targets in a [`View`].
const NEAREST: usize = 5;

/// A coordination world in joint steps: each is a round in which all agents choose, the objective is
/// revealed and everybody is paid the team's reward.
pub struct Joint {
    world: Box<dyn CoordinationWorld>,
    configuration: String,
    horizon: u32,
    round: RoundIx,
    names: Vec<Arc<[String]>>,
    last: Vec<LastRound>,
    summary: Vec<f64>,
    measured: Vec<f64>,
    /// Of the utility and the measures.
    sums: Vec<f64>,
}

impl Joint {
    /// The environment of a scene; nobody talks, so its graph is not used.
    pub fn new(scene: Scene, horizon: u32) -> Self {
        let world = scene.world;
        let ground = world.ground();
        let names = (0..ground.agents()).map(|agent| {
            let actions = 0..ground.actions(agent) as u32;
            actions.map(|a| world.action_name(agent, a)).collect()
        });
        let measures = world.measures().len();
        Self {
            names: names.collect(),
            configuration: scene.configuration,
            horizon,
            round: RoundIx(0),
            last: Vec::new(),
            summary: vec![0.0; world.objective().summary_len()],
            measured: vec![0.0; measures],
            sums: vec![0.0; measures + 1],
            world,
        }
    }

    /// Name of the configuration that is played.
    pub fn configuration(&self) -> &str {
        &self.configuration
    }

    /// Reward of the joint action without that of `but`.
    fn utility(&mut self, actions: &[Option<u32>], but: Option<usize>) -> f64 {
        let objective = self.world.objective();
        objective.clear(&mut self.summary);
        for (agent, action) in actions.iter().enumerate() {
            if let Some(action) = action.filter(|_| but != Some(agent)) {
                let element = objective.ground().element(agent, action);
                objective.insert(element, &mut self.summary);
            }
        }
        objective.value(&self.summary)
    }
}

impl Environment for Joint {
    type Observation = View;
    type Action = Option<u32>;

    fn agents(&self) -> usize {
        self.names.len()
    }

    fn observe(&self, agent: AgentId) -> View {
        let at = agent.0 as usize;
        let seen = self.world.seen();
        let position = seen.and_then(|seen| seen.agents.get(at).copied());
        let mut targets = Vec::new();
        if let (Some(seen), Some(position)) = (seen, position) {
            let known = seen.targets.iter();
            targets.extend(known.map(|target| (*target, distance(*target, position))));
            targets.sort_by(|a, b| a.1.total_cmp(&b.1));
            targets.truncate(NEAREST);
        }
        View {
            agent,
            agents: self.names.len(),
            round: RoundIx(self.round.0 + 1),
            horizon: self.horizon,
            position,
            targets,
            actions: self.names[at].clone(),
            last: self.last.get(at).copied(),
        }
    }

    fn step(&mut self, actions: &[Option<u32>]) -> Result<StepOutcome, EnvironmentError> {
        check_actions(actions, self.names.len(), |agent| self.names[agent].len())?;
        self.round.0 += 1;
        self.world.reveal(self.round)?;
        let utility = self.utility(actions, None);
        if !utility.is_finite() {
            let why = format!("the reward of round {} is {utility}", self.round.0);
            return Err(EnvironmentError::Failed(why));
        }
        self.last.clear();
        for agent in 0..actions.len() {
            let added = utility - self.utility(actions, Some(agent));
            self.last.push(LastRound { utility, added });
        }
        self.world.apply(actions)?;
        self.world.measured(&mut self.measured);
        self.sums[0] += utility;
        for (sum, measured) in self.sums[1..].iter_mut().zip(&self.measured) {
            *sum += measured;
        }
        Ok(StepOutcome {
            rewards: vec![utility; actions.len()],
            terminated: self.round.0 >= self.horizon,
            minutes: 1.0,
        })
    }

    fn action_value(&self, action: &Option<u32>) -> Value {
        json!(action)
    }

    /// `utility` and the measures of the world, each the mean over rounds.
    fn metrics(&self) -> Vec<(&'static str, f64)> {
        let rounds = f64::from(self.round.0.max(1));
        let names = ["utility"]
            .into_iter()
            .chain(self.world.measures().iter().copied());
        names
            .zip(&self.sums)
            .map(|(name, sum)| (name, sum / rounds))
            .collect()
    }
}

impl Describe for Joint {
    fn rules(&self) -> &str {
        self.world.rules()
    }

    fn describe(&self, view: &View) -> String {
        let mut text = format!(
            "Round {} of {}. You are agent {} of {} (numbered from 0). All act at once and share one reward.\n",
            view.round.0, view.horizon, view.agent.0, view.agents
        );
        // Writing to a string cannot fail.
        if let Some([x, y]) = view.position {
            let _ = writeln!(text, "You are at ({x:.2}, {y:.2}).");
        }
        if !view.targets.is_empty() {
            let told = view.targets.iter();
            let told = told.map(|([x, y], d)| format!("({x:.2}, {y:.2}), {d:.2} away"));
            let _ = writeln!(
                text,
                "Nearest targets: {}.",
                told.collect::<Vec<_>>().join("; ")
            );
        }
        if let Some(LastRound { utility, added }) = view.last {
            let _ = writeln!(
                text,
                "Last round the team earned {utility:.3}; without your action it would have been {added:.3} less."
            );
        }
        let actions = view.actions.iter().enumerate();
        let told = actions.map(|(id, name)| format!("{id} = {name}"));
        let _ = write!(
            text,
            "Your actions: {}; null = nothing.",
            told.collect::<Vec<_>>().join("; ")
        );
        text
    }

    fn action_schema(&self) -> Value {
        let most = self.world.ground().most_actions() - 1;
        json!({"type": ["integer", "null"], "minimum": 0, "maximum": most})
    }

    fn read_action(&self, agent: AgentId, value: &Value) -> Result<Option<u32>, EnvironmentError> {
        let count = self
            .names
            .get(agent.0 as usize)
            .map_or(0, |names| names.len());
        let id = value.as_u64().filter(|id| (*id as usize) < count);
        match (value, id) {
            (Value::Null, _) => Ok(None),
            (_, Some(id)) => Ok(Some(id as u32)),
            _ => Err(EnvironmentError::InvalidAction {
                agent,
                why: format!(
                    "expected null or an integer from 0 to {}, got {value}",
                    count.saturating_sub(1)
                ),
            }),
        }
    }
    /// Nothing.
    fn neutral_action(&self, _: AgentId) -> Option<Option<u32>> {
        Some(None)
    }
}

/// Makes the [`Joint`] environments of a factory's scenes.
#[derive(Debug, Clone)]
pub struct JointFactory<F>(pub F);

impl<F: CoordinationFactory> EnvironmentFactory for JointFactory<F> {
    type Environment = Joint;

    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Joint, EnvironmentError> {
        let scene = self.0.reset(seed, episode)?;
        Ok(Joint::new(scene, self.0.horizon()))
    }
}
