//! From the policy of a scenario to a method of coordination.

use std::sync::Arc;

use rounds_agents::coordination::{Asked, Choosing, Made, Make, Yardstick};
use rounds_policies::coordination::{
    BanditOsgOptions, Flooding, Greedy, Method, MplOptions, Optimum, Oracle, OseaOptions,
    OsgOptions, OsmaOptions, Queries, RotaOptions, SplOptions, SurrogateWeight,
};
use rounds_policies::language::{Choices, LanguagePlayer};
use serde_json::Value;

use crate::run::RunError;
use crate::schema::{self, CoordinationPolicy, MethodKind, MethodSpec, RegretSpec};
use crate::speech::{Speakers, player_options};

/// The method of a policy with its settings.
fn method(spec: &MethodSpec) -> Method {
    match spec.kind {
        MethodKind::Random => Method::Random,
        MethodKind::OwnBest => Method::OwnBest,
        MethodKind::StaleGreedy => Method::StaleGreedy,
        MethodKind::Greedy => Method::Greedy,
        MethodKind::Optimum => Method::Optimum,
        MethodKind::Osg => Method::Osg(OsgOptions {
            experts: spec.experts,
        }),
        MethodKind::BanditOsg => {
            let default = BanditOsgOptions::default();
            Method::BanditOsg(BanditOsgOptions {
                experts: spec.experts,
                rate: spec.rate.unwrap_or(default.rate),
                reward_scale: spec.reward_scale,
            })
        }
        MethodKind::MaOsma => {
            let default = OsmaOptions::default();
            Method::MaOsma(OsmaOptions {
                eta0: spec.eta0.unwrap_or(default.eta0),
                curvature: spec.curvature.unwrap_or(default.curvature),
                batch: spec.batch.unwrap_or(default.batch),
                normalise: spec.normalise.unwrap_or(default.normalise),
            })
        }
        MethodKind::MaOsea => {
            let default = OseaOptions::default();
            Method::MaOsea(OseaOptions {
                eta0: spec.eta0.unwrap_or(default.eta0),
                curvature: spec.curvature.unwrap_or(default.curvature),
                mix: spec.mix,
                batch: spec.batch.unwrap_or(default.batch),
                normalise: spec.normalise.unwrap_or(default.normalise),
            })
        }
        MethodKind::MaSpl => {
            let default = SplOptions::default();
            Method::MaSpl(SplOptions {
                eta0: spec.eta0.unwrap_or(default.eta0),
                weight: weight(spec),
                curvature_boost: spec.curvature_boost,
                batch: spec.batch.unwrap_or(default.batch),
                own_block_authoritative: spec
                    .own_block_authoritative
                    .unwrap_or(default.own_block_authoritative),
                normalise: spec.normalise.unwrap_or(default.normalise),
                normalise_mass: spec.normalise_mass.unwrap_or(default.normalise_mass),
            })
        }
        MethodKind::MaMpl => {
            let default = MplOptions::default();
            Method::MaMpl(MplOptions {
                eta0: spec.eta0.unwrap_or(default.eta0),
                levels: spec.levels,
                distorted: spec.distorted,
                batch: spec.batch.unwrap_or(default.batch),
                flooding: match spec.flooding {
                    Some(schema::Flooding::Delayed) => Flooding::Delayed,
                    Some(schema::Flooding::WithinRound) => Flooding::WithinRound,
                    None => default.flooding,
                },
                normalise: spec.normalise.unwrap_or(default.normalise),
            })
        }
        MethodKind::Rota => {
            let default = RotaOptions::default();
            Method::Rota(RotaOptions {
                period: spec.period.unwrap_or(default.period),
                spread: spec.spread.unwrap_or(default.spread),
            })
        }
    }
}

/// The method of a policy, where it is one.
pub(crate) fn method_of(policy: &CoordinationPolicy) -> Option<Method> {
    match policy {
        CoordinationPolicy::Method(spec) => Some(method(spec)),
        CoordinationPolicy::Language(_) => None,
    }
}

/// Who chooses by a policy; `data` is told which prompts a language model is asked with.
///
/// # Errors
/// [`RunError::Input`] when its model cannot be made or a prompt cannot be used.
pub(crate) fn choosing(
    policy: &CoordinationPolicy,
    speakers: &Speakers<'_>,
    data: &mut Value,
) -> Result<Choosing, RunError> {
    let spec = match policy {
        CoordinationPolicy::Method(spec) => return Ok(make(&method(spec)).into()),
        CoordinationPolicy::Language(spec) => spec,
    };
    let options = player_options(spec)?;
    data["prompts"] = options.spoken.prompts.hash().into();
    let history = options.history;
    let server = speakers.server(&spec.speaker.model)?;
    Ok(Choosing::Asked(Asked {
        decider: LanguagePlayer::new(Choices, options).decider(server),
        history,
    }))
}

/// How the weight of the surrogate is given, where it is.
fn weight(spec: &MethodSpec) -> Option<SurrogateWeight> {
    let of_ratios = spec.gamma.zip(spec.beta);
    let of_ratios = of_ratios.map(|(gamma, beta)| SurrogateWeight::Phi { gamma, beta });
    let of_alpha = spec.alpha.map(SurrogateWeight::Alpha);
    spec.rho
        .map(SurrogateWeight::Rho)
        .or(of_alpha)
        .or(of_ratios)
}

/// Agents of a method with its settings.
pub(crate) fn sent_by(spec: &MethodSpec) -> Choosing {
    make(&method(spec)).into()
}

/// Makes the agents of every episode.
pub(crate) fn make(method: &Method) -> Make {
    let method = method.clone();
    Arc::new(move |setting| {
        Ok(Made {
            population: method.build(
                setting.ground,
                setting.graph,
                setting.class,
                setting.horizon,
                setting.summary_len,
            )?,
            traffic: method.traffic(setting.ground, setting.graph, setting.horizon),
            lag: method.lag(setting.graph),
        })
    })
}

/// Makes what the utility of every round is measured against; `None` for nothing.
pub(crate) fn yardstick(regret: RegretSpec) -> Option<Yardstick> {
    if regret == RegretSpec::None {
        return None;
    }
    Some(Arc::new(move |setting| {
        let ground = Arc::new(setting.ground.clone());
        let queries = (0..ground.agents())
            .map(|agent| Queries::new(Arc::clone(&ground), agent, setting.summary_len))
            .collect();
        let oracle: Box<dyn Oracle> = match regret {
            RegretSpec::Optimum => Box::new(Optimum::new(&ground, queries, setting.summary_len)?),
            _ => Box::new(Greedy::new(queries, setting.summary_len)),
        };
        Ok(oracle)
    }))
}
