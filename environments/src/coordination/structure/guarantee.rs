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
    pub regret: &'static str,
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
const MIXING: &str = "O(sqrt(P_T T / (1 - tau)))";
const MIXING_LOG: &str = "O~(sqrt(P_T T / (1 - tau)))";

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
                    "an element adds {}: every guarantee needs marginals of at least 0",
                    least.value
                ),
                &least.at,
            );
            return promise;
        }
        promise.submodular(structure);
        promise.weak(structure);
        promise
    }

    /// The largest ratio that a method is promised.
    pub fn ratio(&self, method: &str) -> Option<f64> {
        let own = self.guarantees.iter().filter(|g| g.method == method);
        own.map(|g| g.ratio).reduce(f64::max)
    }

    fn submodular(&mut self, structure: &Structure) {
        if !structure.submodular {
            let growth = &structure.most_growth;
            self.refuse(
                "submodular",
                format!("an element adds {} more to the larger set", growth.value),
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
        let guarantee = |method, ratio, regret, graph, needs| Guarantee {
            method,
            condition,
            ratio,
            regret,
            graph,
            needs,
        };
        let log = "O~(sqrt(P_T T))";
        let greedy = 1.0 / (1.0 + curvature);
        self.guarantees.extend([
            guarantee("osg", greedy, log, "complete or in order", "nothing"),
            guarantee("ma-osma", online, MIXING, CONNECTED, "c"),
            guarantee("ma-osea", online, MIXING_LOG, CONNECTED, "c"),
        ]);
        self.learned(condition, 1.0 - curvature / std::f64::consts::E, "nothing");
    }

    fn weak(&mut self, structure: &Structure) {
        let alpha = structure.alpha.value;
        if alpha > 0.0 {
            let condition = Condition::WeaklyDr { alpha };
            self.learned(condition, -libm::expm1(-alpha), "alpha");
        } else {
            let why = format!("alpha is {alpha}, expected more than 0");
            self.refuse("weakly-dr", why, &structure.alpha.at);
        }
        let (gamma, beta) = (structure.gamma.value, structure.beta.value);
        if gamma > 0.0 {
            let condition = Condition::WeaklySubmodular { gamma, beta };
            let phi = structure.phi;
            let ratio = gamma * gamma * -libm::expm1(-phi) / phi;
            self.learned(condition, ratio, "gamma and beta");
        } else {
            let why = format!("gamma is {gamma}, expected more than 0");
            self.refuse("weakly-submodular", why, &structure.gamma.at);
        }
    }

    /// Both methods that learn along a surrogate gradient reach the same ratio.
    fn learned(&mut self, condition: Condition, ratio: f64, needs: &'static str) {
        let guarantee = |method, regret, needs| Guarantee {
            method,
            condition,
            ratio,
            regret,
            graph: CONNECTED,
            needs,
        };
        self.guarantees.extend([
            guarantee("ma-spl", MIXING, needs),
            guarantee("ma-mpl", "O(d(G) sqrt(P_T T))", "nothing"),
        ]);
    }

    fn refuse(&mut self, condition: &'static str, why: String, witness: &Option<Pair>) {
        self.refusals.push(Refusal {
            condition,
            why,
            witness: witness.clone(),
        });
    }
}
