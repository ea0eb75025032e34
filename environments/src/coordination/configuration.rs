//! The configurations that the episodes of a run take in turn.

use serde::{Deserialize, Serialize};

use super::graph::CommGraph;
use super::graph_kind::GraphKind;
use super::motion::refused;
use crate::environment::EnvironmentError;
use crate::ids::EpisodeIx;
use crate::streams::{Purpose, RunSeed, StreamKey};

/// One of several ways in which a world is set up; episode `e` takes number `e % count`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration<M = ()> {
    /// Its name in results.
    pub name: String,
    /// Who can talk to whom.
    #[serde(default)]
    pub graph: GraphKind,
    /// What else differs: for tracking, the mix of targets.
    #[serde(default)]
    pub mix: M,
}

/// Configurations and what is common to their graphs.
#[derive(Debug, Clone, PartialEq)]
pub struct Configurations<M = ()> {
    list: Vec<Configuration<M>>,
    agents: usize,
    allow_disconnected: bool,
}

impl<M> Configurations<M> {
    /// Configurations for a number of agents.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] when there is none, two have the same name, or a graph cannot
    /// be made.
    pub fn new(
        list: Vec<Configuration<M>>,
        agents: usize,
        allow_disconnected: bool,
    ) -> Result<Self, EnvironmentError> {
        if list.is_empty() {
            return Err(refused("configurations", "expected at least one, got none"));
        }
        for (at, one) in list.iter().enumerate() {
            if list[..at].iter().any(|other| other.name == one.name) {
                let why = format!("expected different names, got {} twice", one.name);
                return Err(refused("configurations", why));
            }
            // Random graphs fail here too when hardly any is connected.
            let key = StreamKey::episode(RunSeed(0), EpisodeIx(0), Purpose::Truth);
            let made = one.graph.make(agents, &mut key.open(), allow_disconnected);
            made.map_err(|error| match one.name.as_str() {
                "" => refused("graph", error.to_string()),
                name => refused("graph", format!("{name}: {error}")),
            })?;
        }
        Ok(Self {
            list,
            agents,
            allow_disconnected,
        })
    }

    /// The configuration of an episode.
    pub fn of(&self, episode: EpisodeIx) -> &Configuration<M> {
        &self.list[episode.0 as usize % self.list.len()]
    }

    /// All configurations in their order.
    pub fn list(&self) -> &[Configuration<M>] {
        &self.list
    }

    /// The graph of an episode.
    ///
    /// # Errors
    /// [`EnvironmentError::Failed`] when no random graph was connected.
    pub fn graph(&self, seed: RunSeed, episode: EpisodeIx) -> Result<CommGraph, EnvironmentError> {
        let key = StreamKey::episode(seed, episode, Purpose::Truth);
        let kind = &self.of(episode).graph;
        kind.make(self.agents, &mut key.open(), self.allow_disconnected)
            .map_err(|error| EnvironmentError::Failed(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Configuration {
        Configuration {
            name: name.to_owned(),
            graph: GraphKind::Complete,
            mix: (),
        }
    }

    #[test]
    fn episodes_take_them_in_turn() {
        let both = Configurations::new(vec![named("a"), named("b")], 3, false).unwrap();
        let names = [0, 1, 2].map(|e| both.of(EpisodeIx(e)).name.clone());
        assert_eq!(names, ["a", "b", "a"]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let none: Vec<Configuration> = Vec::new();
        assert!(Configurations::new(none, 3, false).is_err());
        assert!(Configurations::new(vec![named("a"), named("a")], 3, false).is_err());
        let edges = vec![(0, 1)];
        let apart = Configuration {
            graph: GraphKind::Edges { edges },
            ..named("apart")
        };
        let error = Configurations::new(vec![apart.clone()], 3, false).unwrap_err();
        assert!(error.to_string().contains("apart"), "{error}");
        assert!(Configurations::new(vec![apart], 3, true).is_ok());
    }
}
