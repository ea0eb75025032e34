//! Settings of target tracking.

use serde::{Deserialize, Serialize};

use super::targets::TargetKind;
use crate::coordination::motion::{Motion, check_count, check_number, check_size, refused};
use crate::coordination::objectives::Score;
use crate::environment::EnvironmentError;

/// Shares of the kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Share of targets that wander.
    pub random: f64,
    /// Share of targets that flee.
    pub adversarial: f64,
    /// Share of targets on broken lines.
    pub polyline: f64,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            random: 8.0,
            adversarial: 1.0,
            polyline: 1.0,
        }
    }
}

impl Mix {
    /// The kinds of `targets` targets: first all that wander, then all that flee, then the rest.
    ///
    /// Those that flee and those on broken lines get their shares rounded, halves to the even number, and
    /// the rest wander: 15 targets at 8:1:1 are 11, 2 and 2. The rule is inferred: it fits the figures of
    /// the reference best. Where none may wander, the rest is on broken lines.
    pub fn kinds(self, targets: usize) -> Vec<TargetKind> {
        let sum = self.random + self.adversarial + self.polyline;
        let share = |part: f64| (part / sum * targets as f64).round_ties_even() as usize;
        let adversarial = share(self.adversarial).min(targets);
        let left = targets - adversarial;
        let polyline = match self.random > 0.0 {
            true => share(self.polyline).min(left),
            false => left,
        };
        [
            (TargetKind::Random, left - polyline),
            (TargetKind::Adversarial, adversarial),
            (TargetKind::Polyline, polyline),
        ]
        .into_iter()
        .flat_map(|(kind, count)| std::iter::repeat_n(kind, count))
        .collect()
    }

    /// Checks the shares.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] when a share is negative or not finite, or all are 0.
    pub fn validate(self) -> Result<(), EnvironmentError> {
        let parts = [self.random, self.adversarial, self.polyline];
        for part in parts {
            check_number("mix", part, 0.0, false)?;
        }
        check_number("mix", parts.iter().sum(), 0.0, true)
    }
}

/// Settings of target tracking; the defaults are those of the paper where it is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrackingConfig {
    /// Number of agents, `n`.
    pub agents: usize,
    /// Number of targets, `m`.
    pub targets: usize,
    /// Rounds of an episode, `T`.
    pub horizon: u32,
    /// Actions of the agents.
    pub motion: Motion,
    /// Agents and targets start in a disc of this radius.
    pub start_radius: f64,
    /// A target counts as covered when an agent is at most this far away.
    pub covered_radius: f64,
    /// Worth of a target by the distance of the nearest agent.
    pub score: Score,
    /// Least and largest speed of targets that wander and of those on broken lines.
    pub target_speeds: [f64; 2],
    /// Numbers of straight pieces of a broken line, one of which a target draws.
    pub pieces: Vec<u32>,
    /// A target flees when an agent is nearer than this.
    pub flee_distance: f64,
    /// How long it flees, seconds.
    pub flee_s: f64,
    /// How fast it flees.
    pub flee_speed: f64,
}

impl Default for TrackingConfig {
    fn default() -> Self {
        Self {
            agents: 20,
            targets: 30,
            horizon: 1250,
            motion: Motion::default(),
            start_radius: 20.0,
            covered_radius: 5.0,
            score: Score::Bounded,
            target_speeds: [5.0, 10.0],
            pieces: vec![1, 2, 4],
            flee_distance: 20.0,
            flee_s: 1.0,
            flee_speed: 15.0,
        }
    }
}

impl TrackingConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), EnvironmentError> {
        check_count("agents", self.agents)?;
        check_count("targets", self.targets)?;
        check_count("horizon", self.horizon as usize)?;
        self.motion.validate()?;
        check_size(&[self.agents, self.motion.actions(), self.targets])?;
        for (key, got) in [
            ("start_radius", self.start_radius),
            ("covered_radius", self.covered_radius),
            ("flee_distance", self.flee_distance),
            ("flee_s", self.flee_s),
            ("flee_speed", self.flee_speed),
            ("target_speeds", self.target_speeds[0]),
            ("target_speeds", self.target_speeds[1]),
        ] {
            check_number(key, got, 0.0, false)?;
        }
        let [least, most] = self.target_speeds;
        if least > most {
            let why = format!("expected the least speed first, got {least} and {most}");
            return Err(refused("target_speeds", why));
        }
        if self.pieces.is_empty() || self.pieces.contains(&0) {
            let why = format!(
                "expected at least one number, all above 0, got {:?}",
                self.pieces
            );
            return Err(refused("pieces", why));
        }
        let score = self.score.validate();
        score.map_err(|error| refused("score", error.to_string()))
    }

    /// Rounds for which a target flees; at least the one in which it notices an agent.
    pub fn flee_rounds(&self) -> u32 {
        (self.flee_s / self.motion.dt_s).round().max(1.0) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_as_documented() {
        let counts = |mix: [f64; 3], targets| {
            let [random, adversarial, polyline] = mix;
            let kinds = Mix {
                random,
                adversarial,
                polyline,
            }
            .kinds(targets);
            assert!(kinds.is_sorted());
            let count = |kind| kinds.iter().filter(|k| **k == kind).count();
            [
                count(TargetKind::Random),
                count(TargetKind::Adversarial),
                count(TargetKind::Polyline),
            ]
        };
        assert_eq!(counts([8.0, 1.0, 1.0], 30), [24, 3, 3]);
        assert_eq!(counts([8.0, 1.0, 1.0], 15), [11, 2, 2]);
        assert_eq!(counts([4.0, 5.0, 1.0], 15), [5, 8, 2]);
        assert_eq!(counts([6.0, 3.0, 1.0], 30), [18, 9, 3]);
        assert_eq!(counts([0.0, 0.0, 1.0], 4), [0, 0, 4]);
        assert_eq!(counts([1.0, 1.0, 1.0], 1), [1, 0, 0]);
        assert_eq!(counts([0.0, 1.0, 1.0], 3), [0, 2, 1]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let none = Mix {
            random: 0.0,
            adversarial: 0.0,
            polyline: 0.0,
        };
        assert!(none.validate().is_err());
        let good = TrackingConfig::default();
        assert!(good.validate().is_ok());
        let bad = [
            (
                TrackingConfig {
                    agents: 0,
                    ..good.clone()
                },
                "agents",
            ),
            (
                TrackingConfig {
                    targets: 0,
                    ..good.clone()
                },
                "targets",
            ),
            (
                TrackingConfig {
                    horizon: 0,
                    ..good.clone()
                },
                "horizon",
            ),
            (
                TrackingConfig {
                    start_radius: -1.0,
                    ..good.clone()
                },
                "start_radius",
            ),
            (
                TrackingConfig {
                    target_speeds: [2.0, 1.0],
                    ..good.clone()
                },
                "target_speeds",
            ),
            (
                TrackingConfig {
                    pieces: vec![0],
                    ..good.clone()
                },
                "pieces",
            ),
            (
                TrackingConfig {
                    score: Score::Reciprocal { eps: 0.0 },
                    ..good.clone()
                },
                "score",
            ),
            (
                TrackingConfig {
                    flee_s: f64::INFINITY,
                    ..good
                },
                "flee_s",
            ),
        ];
        for (config, key) in bad {
            let told = config.validate().unwrap_err().to_string();
            assert!(
                told.starts_with(&format!("setting {key}: expected")) || key == "score",
                "{told}"
            );
        }
    }
}
