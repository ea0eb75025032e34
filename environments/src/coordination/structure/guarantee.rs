//! Which guarantees hold for a function of known structure.

use serde::Serialize;

use super::ratios::{Pair, Structure};

/// What a guarantee rests on, with the constants that were found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "class", rename_all = "kebab-case")]
pub enum Condition {
    /// Monotone and submodular.
    Submodular {
        /// `c`.
        curvature: f64,
    },
    /// Monotone and alpha-weakly DR-submodular.
    WeaklyDr {
        /// DR ratio.
        alpha: f64,
    },
    /// Monotone and (gamma, beta)-weakly submodular.
    WeaklySubmodular {
        /// Lower ratio.
        gamma: f64,
        /// Upper ratio.
        beta: f64,
    },
}

/// How the dynamic regret of a method grows with the rounds `T` and the path length `P_T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(into = "&'static str")]
pub enum Growth {
    /// Where agents are told in order, up to logarithms.
    InOrder,
    /// Where copies are averaged over the graph.
    Averaged,
    /// The same, up to logarithms.
    AveragedLog,
    /// Where actions are flooded through the graph.
    Flooded,
}

impl Growth {
    /// Growth of the regret of a method that learns; `None` for other names.
    pub fn of(method: &str) -> Option<Self> {
        match method {
            "osg" => Some(Self::InOrder),
            "ma-osma" | "ma-spl" => Some(Self::Averaged),
            "ma-osea" => Some(Self::AveragedLog),
            "ma-mpl" => Some(Self::Flooded),
            _ => None,
        }
    }

    /// The growth as a formula.
    pub fn formula(self) -> &'static str {
        match self {
            Self::InOrder => "O~(sqrt(P_T T))",
            Self::Averaged => "O(sqrt(P_T T / (1 - tau)))",
            Self::AveragedLog => "O~(sqrt(P_T T / (1 - tau)))",
            Self::Flooded => "O(d(G) sqrt(P_T T))",
        }
    }

    /// What stands in the formula's brackets, logarithms left out.
    pub fn size(self, path_length: f64, rounds: f64, tau: f64, diameter: f64) -> f64 {
        let root = (path_length * rounds).sqrt();
        match self {
            Self::InOrder => root,
            Self::Averaged | Self::AveragedLog => root / (1.0 - tau).sqrt(),
            Self::Flooded => root * diameter.max(1.0),
        }
    }
}

impl From<Growth> for &'static str {
    fn from(growth: Growth) -> Self {
        growth.formula()
    }
}

/// What a method promises: expected reward of at least `ratio` times the best of every round, less a
/// dynamic regret.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Guarantee {
    /// Name of the method.
    pub method: &'static str,
    /// What the promise rests on.
    pub condition: Condition,
    /// Share of the optimum.
    pub ratio: f64,
    /// Growth of the dynamic regret.
    pub regret: Growth,
    /// What the communication graph must be.
    pub graph: &'static str,
    /// What must be known of the function.
    pub needs: &'static str,
}

/// A condition that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    /// Name of the condition.
    pub condition: &'static str,
    /// What is wrong.
    pub why: String,
    /// Sets that show it.
    pub witness: Option<Pair>,
}

/// All that is promised of a function, and why the rest is not.
///
/// # Source
/// MA-OC card, sections 4 and 12.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promise {
    /// Guarantees that hold.
    pub guarantees: Vec<Guarantee>,
    /// Conditions that fail.
    pub refusals: Vec<Refusal>,
}

const CONNECTED: &str = "connected";

impl Promise {
    /// What holds for a function of this structure.
    pub fn of(structure: &Structure) -> Self {
        let mut promise = Self {
            guarantees: Vec::new(),
            refusals: Vec::new(),
        };
        if !structure.monotone {
            let least = &structure.least_marginal;
            promise.refuse(
                "monotone",
                format!(
                    "an element adds {:.6}: every guarantee needs marginals of at least 0",
                    least.value
                ),
                &least.at,
            );
            return promise;
        }
        promise.judge_submodular(structure);
        promise.judge_weak(structure);
        promise
    }

    /// The guarantee of the largest ratio that a method has.
    pub fn best(&self, method: &str) -> Option<&Guarantee> {
        let own = self.guarantees.iter().filter(|g| g.method == method);
        own.max_by(|a, b| a.ratio.total_cmp(&b.ratio))
    }

    fn judge_submodular(&mut self, structure: &Structure) {
        if !structure.submodular {
            let growth = &structure.most_growth;
            self.refuse(
                "submodular",
                format!("an element adds {:.6} more to the larger set", growth.value),
                &growth.at,
            );
            return;
        }
        let curvature = structure.curvature.clamp(0.0, 1.0);
        let condition = Condition::Submodular { curvature };
        let online = match curvature {
            0.0 => 1.0,
            c => -libm::expm1(-c) / c,
        };
        let in_order = 1.0 / (1.0 + curvature);
        let learned = 1.0 - curvature / std::f64::consts::E;
        self.grant(
            "osg",
            condition,
            in_order,
            "complete or in order",
            "nothing",
        );
        self.grant("ma-osma", condition, online, CONNECTED, "c");
        self.grant("ma-osea", condition, online, CONNECTED, "c");
        self.grant("ma-spl", condition, learned, CONNECTED, "nothing");
        self.grant("ma-mpl", condition, learned, CONNECTED, "nothing");
    }

    fn judge_weak(&mut self, structure: &Structure) {
        let alpha = structure.alpha.value;
        if alpha > 0.0 {
            let condition = Condition::WeaklyDr { alpha };
            let ratio = -libm::expm1(-alpha);
            self.grant("ma-spl", condition, ratio, CONNECTED, "alpha");
            self.grant("ma-mpl", condition, ratio, CONNECTED, "nothing");
        } else {
            let why = format!("alpha is {alpha:.6}, expected more than 0");
            self.refuse("weakly-dr", why, &structure.alpha.at);
        }
        let (gamma, beta) = (structure.gamma.value, structure.beta.value);
        if gamma > 0.0 {
            let condition = Condition::WeaklySubmodular { gamma, beta };
            let phi = structure.phi;
            let ratio = gamma * gamma * -libm::expm1(-phi) / phi;
            self.grant("ma-spl", condition, ratio, CONNECTED, "gamma and beta");
            self.grant("ma-mpl", condition, ratio, CONNECTED, "nothing");
        } else {
            let why = format!("gamma is {gamma:.6}, expected more than 0");
            self.refuse("weakly-submodular", why, &structure.gamma.at);
        }
    }

    fn grant(
        &mut self,
        method: &'static str,
        condition: Condition,
        ratio: f64,
        graph: &'static str,
        needs: &'static str,
    ) {
        self.guarantees
            .extend(Growth::of(method).map(|regret| Guarantee {
                method,
                condition,
                ratio,
                regret,
                graph,
                needs,
            }));
    }

    fn refuse(&mut self, condition: &'static str, why: String, witness: &Option<Pair>) {
        self.refusals.push(Refusal {
            condition,
            why,
            witness: witness.clone(),
        });
    }
}
