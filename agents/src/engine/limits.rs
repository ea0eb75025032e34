//! Hard limits: what the requests of an agent, of an episode and of a whole run may take.

use std::fmt;

use rounds_environments::ids::AgentId;
use serde::Serialize;

/// Billionths of a US dollar in one dollar.
pub(super) const NANO: f64 = 1e9;

/// Most that may be taken; what is not given is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Caps {
    /// Calls of models: every attempt is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Tokens of prompts and replies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usd: Option<f64>,
    /// Seconds of wall time; of an agent, those until its replies came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Rounds in which models are asked, by their number in the log; what comes before round 1 is
    /// free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u64>,
}

impl Caps {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Limits of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Limits {
    /// Of each agent in its episode.
    #[serde(skip_serializing_if = "Caps::is_empty")]
    pub agent: Caps,
    /// Of each episode.
    #[serde(skip_serializing_if = "Caps::is_empty")]
    pub episode: Caps,
    /// Of the run.
    #[serde(skip_serializing_if = "Caps::is_empty")]
    pub run: Caps,
}

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The first limit in money, by its full name.
    pub fn money(&self) -> Option<&'static str> {
        [
            (self.agent.usd, "limits.agent.usd"),
            (self.episode.usd, "limits.episode.usd"),
            (self.run.usd, "limits.run.usd"),
        ]
        .into_iter()
        .find_map(|(cap, name)| cap.map(|_| name))
    }
}

/// What a limit is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// An agent of an episode.
    Agent(AgentId),
    /// An episode.
    Episode,
    /// The run.
    Run,
}

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Calls.
    Calls,
    /// Tokens.
    Tokens,
    /// Money, in billionths of a US dollar.
    Usd,
    /// Wall time, in milliseconds.
    Seconds,
    /// Rounds.
    Rounds,
}

/// A limit that cut an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitHit {
    /// Of what.
    pub level: Level,
    /// In what.
    pub quantity: Quantity,
    /// How much was taken, in the unit of the quantity.
    pub used: u64,
    /// The limit, in that unit.
    pub most: u64,
    /// How much more was needed at once, where that is known.
    pub further: u64,
    /// Calls whose price is not known, which alone reach a limit in money.
    pub unpriced: u64,
}

impl LimitHit {
    /// The key of the limit below `[limits]`, such as `episode.calls`.
    pub fn name(&self) -> &'static str {
        match (self.level, self.quantity) {
            (Level::Agent(_), Quantity::Calls) => "agent.calls",
            (Level::Agent(_), Quantity::Tokens) => "agent.tokens",
            (Level::Agent(_), Quantity::Usd) => "agent.usd",
            (Level::Agent(_), Quantity::Seconds) => "agent.seconds",
            (Level::Agent(_), Quantity::Rounds) => "agent.rounds",
            (Level::Episode, Quantity::Calls) => "episode.calls",
            (Level::Episode, Quantity::Tokens) => "episode.tokens",
            (Level::Episode, Quantity::Usd) => "episode.usd",
            (Level::Episode, Quantity::Seconds) => "episode.seconds",
            (Level::Episode, Quantity::Rounds) => "episode.rounds",
            (Level::Run, Quantity::Calls) => "run.calls",
            (Level::Run, Quantity::Tokens) => "run.tokens",
            (Level::Run, Quantity::Usd) => "run.usd",
            (Level::Run, Quantity::Seconds) => "run.seconds",
            (Level::Run, Quantity::Rounds) => "run.rounds",
        }
    }
}

impl fmt::Display for LimitHit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.quantity {
            Quantity::Calls => "calls",
            Quantity::Tokens => "tokens",
            Quantity::Usd => "money",
            Quantity::Seconds => "time",
            Quantity::Rounds => "rounds",
        };
        match self.level {
            Level::Agent(id) => write!(f, "limit of {what} of agent {id}: ")?,
            Level::Episode => write!(f, "limit of {what} of the episode: ")?,
            Level::Run => write!(f, "limit of {what} of the run: ")?,
        }
        let (used, most) = (self.used, self.most);
        match self.quantity {
            Quantity::Usd => {
                let (used, most) = (used as f64 / NANO, most as f64 / NANO);
                write!(f, "{used:.6} of {most:.6} US dollars used")?;
            }
            Quantity::Seconds => {
                let (used, most) = (used as f64 / 1e3, most as f64 / 1e3);
                write!(f, "{used:.1} of {most:.1} seconds used")?;
            }
            _ => write!(f, "{used} of {most} used")?,
        }
        if self.further > 0 && used < most {
            write!(f, ", {} more needed at once", self.further)?;
        }
        if self.unpriced > 0 {
            write!(f, ", and {} calls of unknown price", self.unpriced)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hit_says_what_was_used_of_how_much() {
        let hit = LimitHit {
            level: Level::Episode,
            quantity: Quantity::Calls,
            used: 38,
            most: 40,
            further: 5,
            unpriced: 0,
        };
        assert_eq!(
            hit.to_string(),
            "limit of calls of the episode: 38 of 40 used, 5 more needed at once"
        );
        let full = LimitHit { used: 40, ..hit };
        assert_eq!(
            full.to_string(),
            "limit of calls of the episode: 40 of 40 used"
        );
        let money = LimitHit {
            level: Level::Agent(AgentId(3)),
            quantity: Quantity::Usd,
            used: 1_500_000,
            most: 2_000_000_000,
            further: 0,
            unpriced: 2,
        };
        assert_eq!(
            money.to_string(),
            "limit of money of agent 3: 0.001500 of 2.000000 US dollars used, and 2 calls of \
             unknown price"
        );
        assert_eq!((full.name(), money.name()), ("episode.calls", "agent.usd"));
    }

    #[test]
    fn the_first_limit_in_money_is_named() {
        let mut limits = Limits::default();
        assert!(limits.is_empty() && limits.money().is_none());
        limits.run.usd = Some(1.0);
        assert_eq!(limits.money(), Some("limits.run.usd"));
        assert!(!limits.is_empty());
    }
}
