//! What is proved of the methods.
//!
//! # Source
//! MA-OC card, sections 4, 6, 7 and 12.

use rounds_environments::coordination::Class;

use super::method::Method;
use super::options::{MplOptions, SplOptions, SurrogateWeight};
use super::sampling::surrogate_mass;

/// Constants that say how far a monotone set function is from a modular or a submodular one, as far
/// as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Constants {
    /// DR ratio, in (0, 1].
    pub alpha: Option<f64>,
    /// Lower submodularity ratio, in (0, 1].
    pub gamma: Option<f64>,
    /// Upper submodularity ratio, at least 1.
    pub beta: Option<f64>,
    /// Curvature of a submodular function, in [0, 1].
    pub curvature: Option<f64>,
}

/// A share of the best joint actions' total that a method is proved to reach, up to its regret.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProvedRatio {
    /// The share.
    pub ratio: f64,
    /// Its formula.
    pub formula: &'static str,
}

/// Constants may miss by what computing them leaves.
const CLOSE: f64 = 1e-9;

impl Method {
    /// What is proved of the method with these settings for objectives of `class` with these
    /// constants; `None` where nothing is. A curvature that is not known counts as 1.
    pub fn proved_ratio(&self, constants: &Constants, class: Class) -> Option<ProvedRatio> {
        let submodular = class == Class::Submodular;
        let c = constants.curvature.unwrap_or(1.0).clamp(0.0, 1.0);
        let of = |ratio, formula| Some(ProvedRatio { ratio, formula });
        match self {
            Self::Optimum => of(1.0, "1"),
            _ if !class.is_monotone() => None,
            Self::Osg(_) | Self::BanditOsg(_) | Self::Greedy if submodular => {
                of(1.0 / (1.0 + c), "1/(1+c)")
            }
            Self::MaOsma(options) if submodular => multilinear(options.curvature, constants),
            Self::MaOsea(options) if submodular => multilinear(options.curvature, constants),
            Self::MaSpl(options) => surrogate(options, constants, class, c),
            Self::MaMpl(options) => meta(options, constants, class, c),
            _ => None,
        }
    }
}

/// The curvature that MA-OSMA assumes must not be below the true one.
fn multilinear(assumed: f64, constants: &Constants) -> Option<ProvedRatio> {
    let least = constants.curvature.unwrap_or(1.0);
    (assumed >= least - CLOSE).then(|| ProvedRatio {
        ratio: surrogate_mass(assumed),
        formula: "(1-e^-c)/c",
    })
}

/// The DR ratio as far as it is known.
fn dr_ratio(constants: &Constants, class: Class) -> Option<f64> {
    match class {
        Class::Submodular => Some(1.0),
        Class::WeaklyDr { alpha: Some(alpha) } => Some(constants.alpha.unwrap_or(alpha)),
        _ => constants.alpha,
    }
}

fn weakly_dr(alpha: f64) -> ProvedRatio {
    ProvedRatio {
        ratio: -libm::expm1(-alpha),
        formula: "1-e^-alpha",
    }
}

fn weakly_submodular(gamma: f64, beta: f64) -> ProvedRatio {
    let phi = SurrogateWeight::Phi { gamma, beta }.rho();
    ProvedRatio {
        ratio: gamma * gamma * surrogate_mass(phi),
        formula: "gamma^2 (1-e^-phi)/phi, phi = beta (1-gamma) + gamma^2",
    }
}

fn curved(c: f64) -> ProvedRatio {
    ProvedRatio {
        ratio: 1.0 - c / std::f64::consts::E,
        formula: "1-c/e",
    }
}

/// A weight must promise no more than the objective has.
fn surrogate(
    options: &SplOptions,
    constants: &Constants,
    class: Class,
    c: f64,
) -> Option<ProvedRatio> {
    let step = options.step(class, 1.0);
    if step.curvature_boost {
        return (class == Class::Submodular && step.rho == 1.0).then(|| curved(c));
    }
    if let Some(SurrogateWeight::Phi { gamma, beta }) = options.weight {
        let (least, most) = match class {
            Class::Submodular => (1.0, 1.0),
            _ => (constants.gamma?, constants.beta?),
        };
        let holds = gamma <= least + CLOSE && beta >= most - CLOSE;
        return holds.then(|| weakly_submodular(gamma, beta));
    }
    let holds = step.rho > 0.0 && step.rho <= dr_ratio(constants, class)? + CLOSE;
    holds.then(|| weakly_dr(step.rho.min(1.0)))
}

/// Meta-policy learning needs no constants: of several that hold the largest is true.
fn meta(options: &MplOptions, constants: &Constants, class: Class, c: f64) -> Option<ProvedRatio> {
    let submodular = class == Class::Submodular;
    if options.distorted.unwrap_or(submodular) {
        return submodular.then(|| curved(c));
    }
    if submodular {
        return Some(ProvedRatio {
            ratio: surrogate_mass(c),
            formula: "(1-e^-c)/c",
        });
    }
    let dr = dr_ratio(constants, class).map(weakly_dr);
    let ratios = constants.gamma.zip(constants.beta);
    let weak = ratios.map(|(gamma, beta)| weakly_submodular(gamma, beta));
    match (dr, weak) {
        (Some(dr), Some(weak)) if weak.ratio > dr.ratio => Some(weak),
        (dr, weak) => dr.or(weak),
    }
}
