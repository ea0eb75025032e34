//! The methods by name, and how each becomes agents.

use std::sync::Arc;

use rounds_environments::coordination::{Class, CommGraph, Ground};

use super::bandit_osg::BanditOsg;
use super::blind::{Random, Rota};
use super::board::Board;
use super::coordinator::{CoordinationError, Coordinator, Population};
use super::forecaster::Forecaster;
use super::greedy::Greedy;
use super::mpl::{MetaStep, Mpl};
use super::optimum::Optimum;
use super::options::{
    BanditOsgOptions, Flooding, MplOptions, OseaOptions, OsgOptions, OsmaOptions, RotaOptions,
    SplOptions, check,
};
use super::osg::Osg;
use super::osma::{MultilinearStep, Osma};
use super::own_best::OwnBest;
use super::queries::Queries;
use super::spl::Spl;
use super::stale_greedy::StaleGreedy;

/// A method with its settings.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Uniform choice.
    Random,
    /// The best own action of the last round, had the agent been alone.
    OwnBest,
    /// Online sequential greedy.
    Osg(OsgOptions),
    /// Online sequential greedy that learns from what it did alone.
    BanditOsg(BanditOsgOptions),
    /// Multilinear extension, consensus and entropic steps.
    MaOsea(OseaOptions),
    /// Multilinear extension, consensus and Euclidean steps.
    MaOsma(OsmaOptions),
    /// Surrogate policy learning.
    MaSpl(SplOptions),
    /// Meta-policy learning.
    MaMpl(MplOptions),
    /// Sequential greedy on the objective of the last round.
    StaleGreedy,
    /// Sequential greedy that knows the objective.
    Greedy,
    /// The best joint action, by exhaustion.
    Optimum,
    /// Taking turns.
    Rota(RotaOptions),
}

/// What agents are built from, checked.
struct Blueprint {
    ground: Arc<Ground>,
    summary_len: usize,
}

impl Method {
    /// Names of all methods, in the order of what they know and do.
    pub const NAMES: [&'static str; 12] = [
        "random",
        "own-best",
        "osg",
        "bandit-osg",
        "ma-osea",
        "ma-osma",
        "ma-spl",
        "ma-mpl",
        "stale-greedy",
        "greedy",
        "optimum",
        "rota",
    ];

    /// The method of a name, with its defaults.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "random" => Self::Random,
            "own-best" => Self::OwnBest,
            "osg" => Self::Osg(OsgOptions::default()),
            "bandit-osg" => Self::BanditOsg(BanditOsgOptions::default()),
            "ma-osea" => Self::MaOsea(OseaOptions::default()),
            "ma-osma" => Self::MaOsma(OsmaOptions::default()),
            "ma-spl" => Self::MaSpl(SplOptions::default()),
            "ma-mpl" => Self::MaMpl(MplOptions::default()),
            "stale-greedy" => Self::StaleGreedy,
            "greedy" => Self::Greedy,
            "optimum" => Self::Optimum,
            "rota" => Self::Rota(RotaOptions::default()),
            _ => return None,
        })
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::OwnBest => "own-best",
            Self::Osg(_) => "osg",
            Self::BanditOsg(_) => "bandit-osg",
            Self::MaOsea(_) => "ma-osea",
            Self::MaOsma(_) => "ma-osma",
            Self::MaSpl(_) => "ma-spl",
            Self::MaMpl(_) => "ma-mpl",
            Self::StaleGreedy => "stale-greedy",
            Self::Greedy => "greedy",
            Self::Optimum => "optimum",
            Self::Rota(_) => "rota",
        }
    }

    /// Whether it knows the objective before it acts.
    pub fn is_oracle(&self) -> bool {
        matches!(self, Self::Greedy | Self::Optimum)
    }

    /// Rounds by which feedback comes late: agents learn in round `t` from what they did in round
    /// `t - lag`, and not at all before there is such a round.
    pub fn lag(&self, graph: &CommGraph) -> u32 {
        match self {
            Self::MaMpl(options) if options.flooding == Flooding::Delayed => {
                graph.diameter().saturating_sub(1)
            }
            _ => 0,
        }
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] naming the first that cannot be.
    pub fn validate(&self) -> Result<(), CoordinationError> {
        match self {
            Self::Osg(options) => options.validate(),
            Self::BanditOsg(options) => options.validate(),
            Self::MaOsea(options) => options.validate(),
            Self::MaOsma(options) => options.validate(),
            Self::MaSpl(options) => options.validate(),
            Self::MaMpl(options) => options.validate(),
            Self::Rota(options) => options.validate(),
            Self::Random | Self::OwnBest | Self::StaleGreedy | Self::Greedy | Self::Optimum => {
                Ok(())
            }
        }
    }

    /// The agents of an episode of `horizon` rounds with objectives of `class`, whose summaries have
    /// `summary_len` numbers.
    ///
    /// # Errors
    /// [`CoordinationError::Setting`] when a setting cannot be, or `ground` and `graph` are of
    /// different agents;
    /// [`CoordinationError::TooLarge`] when the optimum has too much to search.
    pub fn build(
        &self,
        ground: &Ground,
        graph: &CommGraph,
        class: Class,
        horizon: u32,
        summary_len: usize,
    ) -> Result<Population, CoordinationError> {
        self.validate()?;
        check("T", horizon >= 1, "at least 1 round", horizon)?;
        let same = graph.agents() == ground.agents();
        let expected = "as many agents as the ground set has";
        check("graph", same, expected, graph.agents())?;
        let agents = Blueprint {
            ground: Arc::new(ground.clone()),
            summary_len,
        };
        let root = f64::from(horizon).sqrt();
        Ok(match self {
            Self::Random => agents.online(|i| {
                let actions = ground.actions(i);
                Box::new(Random { actions })
            }),
            Self::Rota(options) => agents.online(|i| {
                let actions = ground.actions(i);
                Box::new(Rota {
                    actions,
                    period: options.period,
                    start: match options.spread {
                        true => i * actions / ground.agents(),
                        false => i,
                    },
                })
            }),
            Self::OwnBest => agents.online(|i| Box::new(OwnBest::new(agents.queries(i)))),
            Self::StaleGreedy => agents.online(|i| Box::new(StaleGreedy::new(agents.queries(i)))),
            Self::Osg(options) => agents.online(|i| {
                let forecaster = Forecaster::osg(ground.actions(i), horizon, options.experts);
                Box::new(Osg::new(agents.queries(i), forecaster))
            }),
            Self::BanditOsg(options) => agents.online(|i| {
                let (experts, rate) = (options.experts, options.rate);
                let forecaster = Forecaster::bandit(ground.actions(i), horizon, experts, rate);
                let scale = options.reward_scale;
                Box::new(BanditOsg::new(agents.queries(i), forecaster, scale))
            }),
            Self::MaOsma(options) => {
                let step = MultilinearStep {
                    eta: options.eta0 / root,
                    curvature: options.curvature,
                    mix: None,
                    normalise: options.normalise,
                };
                let batch = options.batch as usize;
                agents.with_copies(|i| Box::new(Osma::new(step, batch, agents.queries(i))))
            }
            Self::MaOsea(options) => {
                let step = MultilinearStep {
                    eta: options.eta0 / root,
                    curvature: options.curvature,
                    mix: Some(options.mix.unwrap_or(1.0 / f64::from(horizon))),
                    normalise: options.normalise,
                };
                let batch = options.batch as usize;
                agents.with_copies(|i| Box::new(Osma::new(step, batch, agents.queries(i))))
            }
            Self::MaSpl(options) => {
                let step = options.step(class, root);
                let batch = options.batch as usize;
                agents.with_copies(|i| Box::new(Spl::new(step, batch, agents.queries(i))))
            }
            Self::MaMpl(options) => {
                let distorted = options.distorted.unwrap_or(class == Class::Submodular);
                let levels = options.levels(horizon);
                let eta = options.eta0 / root;
                let step = Arc::new(MetaStep::new(eta, levels, distorted, options.normalise));
                let kept = self.lag(graph) as usize + 1;
                let batch = options.batch as usize;
                agents.with_board(0, levels * kept, |i| {
                    Box::new(Mpl::new(step.clone(), batch, kept, agents.queries(i)))
                })
            }
            Self::Greedy => {
                let greedy = Greedy::new(agents.all_queries(), summary_len);
                Population::Oracle(Box::new(greedy))
            }
            Self::Optimum => {
                let optimum = Optimum::new(ground, agents.all_queries(), summary_len)?;
                Population::Oracle(Box::new(optimum))
            }
        })
    }
}

impl Blueprint {
    fn queries(&self, agent: usize) -> Queries {
        Queries::new(self.ground.clone(), agent, self.summary_len)
    }

    fn all_queries(&self) -> Vec<Queries> {
        let agents = 0..self.ground.agents();
        agents.map(|i| self.queries(i)).collect()
    }

    fn with_board(
        &self,
        width: usize,
        ids: usize,
        agent: impl Fn(usize) -> Box<dyn Coordinator>,
    ) -> Population {
        let agents = self.ground.agents();
        Population::Online {
            coordinators: (0..agents).map(agent).collect(),
            board: Board::new(agents, width, ids, self.summary_len),
        }
    }

    fn online(&self, agent: impl Fn(usize) -> Box<dyn Coordinator>) -> Population {
        self.with_board(0, 0, agent)
    }

    /// Agents with a copy of everybody's policy on the board, all uniform.
    fn with_copies(&self, agent: impl Fn(usize) -> Box<dyn Coordinator>) -> Population {
        let mut population = self.with_board(self.ground.len(), 0, agent);
        if let Population::Online { board, .. } = &mut population {
            let mut uniform = vec![0.0; self.ground.len()];
            for j in 0..self.ground.agents() {
                uniform[self.ground.block(j)].fill(1.0 / self.ground.actions(j) as f64);
            }
            for i in 0..self.ground.agents() {
                board.start(i, &uniform);
            }
        }
        population
    }
}
