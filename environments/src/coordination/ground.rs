//! The ground set: every (agent, action) pair is one element.

use std::ops::Range;

/// Why a ground set could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroundError {
    /// There is nobody to act.
    #[error("expected at least one agent, got none")]
    NoAgents,
    /// An agent has nothing to choose from.
    #[error("agent {agent}: expected at least one action, got none")]
    NoActions {
        /// The agent.
        agent: usize,
    },
    /// More elements than an id can name.
    #[error("expected at most {most} elements, got {got}")]
    TooMany {
        /// Largest number.
        most: usize,
        /// Number given.
        got: usize,
    },
}

/// The disjoint union of the agents' action sets, `V = V_0 ∪ … ∪ V_{n-1}`, ragged.
///
/// Element ids run through the agents in order: action `a` of agent `i` is element
/// `block(i).start + a`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    starts: Vec<usize>,
}

impl Ground {
    /// A ground set with `actions[i]` actions of agent `i`.
    ///
    /// # Errors
    /// [`GroundError`] when there is no agent, an agent without actions, or more elements than
    /// 32 bits name.
    pub fn new(actions: &[usize]) -> Result<Self, GroundError> {
        if actions.is_empty() {
            return Err(GroundError::NoAgents);
        }
        if let Some(agent) = actions.iter().position(|&count| count == 0) {
            return Err(GroundError::NoActions { agent });
        }
        const MOST: usize = i32::MAX as usize;
        let mut starts = Vec::with_capacity(actions.len() + 1);
        let mut end = 0_usize;
        starts.push(0);
        for &count in actions {
            end = end.saturating_add(count);
            starts.push(end);
        }
        if end > MOST {
            return Err(GroundError::TooMany {
                most: MOST,
                got: end,
            });
        }
        Ok(Self { starts })
    }

    /// Number of agents, `n`.
    pub fn agents(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of elements, `|V|`.
    pub fn len(&self) -> usize {
        self.starts[self.agents()]
    }

    /// Never: a ground set has agents, and they have actions.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Elements of agent `agent`.
    pub fn block(&self, agent: usize) -> Range<usize> {
        self.starts[agent]..self.starts[agent + 1]
    }

    /// Number of actions of agent `agent`, `kappa_i`.
    pub fn actions(&self, agent: usize) -> usize {
        self.block(agent).len()
    }

    /// The most actions of any agent.
    pub fn most_actions(&self) -> usize {
        (0..self.agents())
            .map(|i| self.actions(i))
            .max()
            .unwrap_or(0)
    }

    /// The element of an action of an agent.
    pub fn element(&self, agent: usize, action: u32) -> usize {
        self.starts[agent] + action as usize
    }

    /// The agent of an element.
    pub fn agent_of(&self, element: usize) -> usize {
        self.starts.partition_point(|&start| start <= element) - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_belong_to_one_agent_each() {
        let ground = Ground::new(&[2, 1, 3]).unwrap();
        assert_eq!((ground.agents(), ground.len()), (3, 6));
        let agents: Vec<usize> = (0..6).map(|e| ground.agent_of(e)).collect();
        assert_eq!(agents, [0, 0, 1, 2, 2, 2]);
        assert_eq!(ground.element(2, 1), 4);
        assert_eq!(ground.most_actions(), 3);
        assert_eq!(Ground::new(&[]), Err(GroundError::NoAgents));
        assert_eq!(
            Ground::new(&[1, 0]),
            Err(GroundError::NoActions { agent: 1 })
        );
    }
}
