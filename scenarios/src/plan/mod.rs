//! What a run will take, before anything is spent: calls, tokens, money and time.
//!
//! Least and most come from rehearsals with stand-ins that act so as to need the fewest and the
//! most calls that the protocol allows. The expectation comes from an earlier run's ledger where
//! there is one, else from a rehearsal: with the models of the scenario themselves where they are
//! scripted, else with a stand-in. A rehearsal spends nothing and asks no server.

mod amounts;
mod ledger;
mod rehearse;
mod stand_in;
mod table;
mod used;

use std::path::PathBuf;

use rounds_models::ServerOptions;
use serde::Serialize;

pub use amounts::Amount;
pub use ledger::Ledger;
pub use rehearse::{Rehearsed, rehearse};
pub use stand_in::{Manner, stand_in};
pub use table::text;
pub use used::{CharsPerToken, Sample, Used};

use amounts::{Totals, amount, cuts, money, scaled, seconds, sum};

use crate::run::RunError;
use crate::schema::{Arm, Family, ModelSpec, PolicySpec, ScenarioSet};
use crate::speech::StandIn;

/// The value of `schema` in a plan.
pub const SCHEMA: &str = "rounds.plan/1";

/// What a plan takes for granted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assumptions {
    /// Episodes that are rehearsed.
    pub sample: u32,
    /// Characters of a token; a ledger's own where there is one.
    pub chars_per_token: Option<CharsPerToken>,
    /// Seconds until a reply; a ledger's own where there is one.
    pub latency_s: Option<f64>,
    /// Requests that the models answer at one time; by default what they allow.
    pub concurrency: Option<u32>,
}

/// Characters of a token of English text, a rule of thumb.
pub const CHARS_PER_TOKEN: f64 = 4.0;
/// Seconds until a reply where nothing is known.
pub const LATENCY_S: f64 = 2.0;

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Name of the scenario.
    pub scenario: String,
    /// Seed of the run.
    pub seed: u64,
    /// One for each arm.
    pub arms: Vec<ArmPlan>,
}

/// What one arm will take.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmPlan {
    /// Its name.
    pub arm: String,
    /// Names of the models that it asks.
    pub models: Vec<String>,
    /// Episodes.
    pub episodes: u32,
    /// Where the expectation comes from.
    pub basis: Basis,
    /// Calls.
    pub calls: Amount,
    /// Tokens of prompts.
    pub prompt_tokens: Amount,
    /// Tokens of replies.
    pub completion_tokens: Amount,
    /// US dollars; `None` where a price is not known.
    pub usd: Option<Amount>,
    /// Seconds of wall time.
    pub seconds: Amount,
    /// Expected calls and tokens of the run by purpose.
    pub purposes: Vec<OfPurpose>,
    /// Limits that would cut the run, in words.
    pub limits: Vec<String>,
    /// What to keep in mind.
    pub notes: Vec<String>,
}

/// Expected calls and tokens of one purpose.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfPurpose {
    /// The purpose.
    pub purpose: String,
    /// Expected in the whole run.
    #[serde(flatten)]
    pub used: Used,
}

/// Where an expectation comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Basis {
    /// No model is asked.
    NoModel,
    /// Episodes played with the scripted models of the scenario.
    Scripted {
        /// How many.
        episodes: usize,
    },
    /// Episodes played with a stand-in.
    StandIn {
        /// How many.
        episodes: usize,
        /// Characters of a token.
        chars_per_token: CharsPerToken,
    },
    /// The ledger of an earlier run.
    Ledger {
        /// Its run directory.
        run: PathBuf,
        /// Its episodes.
        episodes: usize,
        /// Characters of a token in it.
        chars_per_token: CharsPerToken,
    },
}

/// Plans one arm; `ledger` is that of an earlier run of it.
///
/// # Errors
/// [`RunError`] when the arm cannot be built.
pub fn plan_arm(
    set: &ScenarioSet,
    arm: &Arm,
    ledger: Option<&Ledger>,
    assumed: &Assumptions,
) -> Result<ArmPlan, RunError> {
    let models = models_of(arm);
    let mut notes = Vec::new();
    let default = CharsPerToken {
        prompt: CHARS_PER_TOKEN,
        completion: CHARS_PER_TOKEN,
    };
    let asked = assumed.chars_per_token;
    let of_ledger = ledger.and_then(|ledger| ledger.sample.chars_per_token());
    let chars = asked.or(of_ledger).unwrap_or(default);
    let (manners, from_outside) = match decided_outside(arm) {
        Some(who) => {
            notes.push(format!(
                "decided by {who}: it costs nothing, and is not rehearsed"
            ));
            (Vec::new(), true)
        }
        // Nobody is asked, and what learns before the first episode would have to learn for nothing.
        None if models.is_empty() && learns(arm) => (Vec::new(), false),
        None => (vec![Manner::Hasty, Manner::Thorough, Manner::Usual], false),
    };
    let mut rehearsed = Vec::new();
    for manner in manners {
        let stand_in = StandIn(stand_in(manner));
        let played = rehearse(set, arm, Some(stand_in), assumed.sample)?;
        if let Some(why) = played.failed.first() {
            notes.push(format!(
                "{} of {} rehearsed episodes failed: {why}",
                played.failed.len(),
                played.episodes
            ));
        }
        rehearsed.push(played);
    }
    let own = !from_outside && models.iter().all(|(_, spec)| is_scripted(spec));
    let of = match rehearsed.first() {
        Some(played) => played.of,
        None => rehearse_nothing(set, arm)?,
    };
    let mut samples = rehearsed
        .into_iter()
        .map(|played| Sample::of(played.calls, played.episodes, Some(chars)));
    let (least, most) = (
        samples.next().unwrap_or_default(),
        samples.next().unwrap_or_default(),
    );
    let usual = samples.next().unwrap_or_default();
    let nobody = models.is_empty() && most.mean(|used| used.calls) == 0.0;
    let (expected, basis) = match ledger {
        _ if nobody => (usual, Basis::NoModel),
        Some(ledger) => {
            if !same_settings(&ledger.manifest.resolved, &set.resolved_toml) {
                notes.push(
                    "the earlier run had other settings: its calls may not be those of this one"
                        .to_owned(),
                );
            }
            let basis = Basis::Ledger {
                run: ledger.run.clone(),
                episodes: ledger.sample.episodes.len(),
                chars_per_token: of_ledger.unwrap_or(chars),
            };
            (ledger.sample.clone(), basis)
        }
        None if own => {
            let played = rehearse(set, arm, None, assumed.sample)?;
            let episodes = played.episodes;
            (
                Sample::of(played.calls, episodes, None),
                Basis::Scripted { episodes },
            )
        }
        None => {
            notes.push(
                "no earlier run says how this model acts: a stand-in that asks in every round and \
                 whose team of three agrees on the first proposal gives the expectation"
                    .to_owned(),
            );
            let episodes = usual.episodes.len();
            let basis = Basis::StandIn {
                episodes,
                chars_per_token: chars,
            };
            (usual, basis)
        }
    };
    let episodes = f64::from(of);
    let amount = |of: fn(&Used) -> f64| amount(of, episodes, (&least, &expected, &most));
    let calls = amount(|used| used.calls);
    let prompt_tokens = amount(|used| used.prompt_tokens);
    let completion_tokens = amount(|used| used.completion_tokens);
    let usd = money(
        &models,
        &expected,
        &basis,
        (&prompt_tokens, &completion_tokens),
        episodes,
    );
    if usd.is_none() {
        notes.push("the price of a model is not known: money cannot be planned".to_owned());
    }
    let latency = assumed.latency_s.or(expected
        .latency_s
        .filter(|_| matches!(basis, Basis::Ledger { .. } | Basis::Scripted { .. })));
    let measured = ledger.and_then(|ledger| {
        let took = ledger.sample.mean(|used| used.calls) * ledger.sample.episodes.len() as f64;
        let wall_s = ledger.wall_s.filter(|_| took > 0.0)?;
        Some(wall_s / took)
    });
    // A latency holds the time that requests waited for a free place: the pace of the whole run
    // says more.
    let measured =
        measured.filter(|_| assumed.latency_s.is_none() && assumed.concurrency.is_none());
    let seconds = seconds(
        measured,
        latency.unwrap_or(LATENCY_S),
        assumed.concurrency.unwrap_or_else(|| concurrency(&models)),
        &calls,
        [&least, &expected, &most].map(|sample| sample.mean(|used| used.waits)),
    );
    let played = expected.episodes.len().max(1) as f64;
    let purposes = expected.purposes.iter().map(|(purpose, used)| OfPurpose {
        purpose: purpose.clone(),
        used: scaled(used, episodes / played),
    });
    let totals = Totals {
        calls,
        tokens: sum(prompt_tokens, completion_tokens),
        usd,
        seconds,
    };
    Ok(ArmPlan {
        arm: arm.name.clone(),
        models: models.iter().map(|(name, _)| (*name).to_owned()).collect(),
        episodes: of,
        limits: cuts(&arm.scenario.limits.hard, &totals, &expected, of),
        basis,
        calls,
        prompt_tokens,
        completion_tokens,
        usd,
        seconds,
        purposes: purposes.collect(),
        notes,
    })
}

/// Whether two scenarios differ at most in seed and number of episodes, as a pilot does.
fn same_settings(a: &str, b: &str) -> bool {
    let settings = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim);
        let other = |line: &&str| !line.starts_with("seed =") && !line.starts_with("episodes =");
        lines.filter(other).map(str::to_owned).collect()
    };
    settings(a) == settings(b)
}

/// Episodes of an arm that is not rehearsed.
fn rehearse_nothing(set: &ScenarioSet, arm: &Arm) -> Result<u32, RunError> {
    let built = crate::family::build(set, arm, &crate::speech::Cassette::default())?;
    Ok(built.experiment().manifest.episodes)
}

/// Whether agents of an arm may learn before its first episode.
fn learns(arm: &Arm) -> bool {
    match &arm.scenario.family {
        Family::Trajectory(_) => true,
        Family::ClinicDay(day) => day.beds.is_some(),
        Family::Clinic(_) | Family::Coordination(_) => false,
    }
}

/// Models that an arm asks, by name.
fn models_of(arm: &Arm) -> Vec<(&str, &ModelSpec)> {
    arm.scenario.speaking_models()
}

/// Whether a model asks no server and costs nothing to ask.
fn is_scripted(spec: &ModelSpec) -> bool {
    matches!(spec, ModelSpec::Scripted { .. } | ModelSpec::Replay { .. })
}

/// Requests that the models answer at one time: those of the model that takes fewest.
fn concurrency(models: &[(&str, &ModelSpec)]) -> u32 {
    let most = |spec: &ModelSpec| match spec {
        ModelSpec::OpenAi(spec) => spec.concurrency,
        ModelSpec::Candle(spec) => spec.sequences,
        ModelSpec::Scripted { .. } | ModelSpec::Replay { .. } | ModelSpec::Trajectory(_) => {
            ServerOptions::default().in_flight as u32
        }
    };
    models
        .iter()
        .map(|(_, spec)| most(spec))
        .min()
        .map_or(1, |most| most.max(1))
}

fn decided_outside(arm: &Arm) -> Option<&'static str> {
    let Family::Clinic(clinic) = &arm.scenario.family else {
        return None;
    };
    clinic.used().find_map(|(_, policy)| match policy {
        PolicySpec::Process(_) => Some("a program"),
        PolicySpec::Human => Some("a person"),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::same_settings;

    #[test]
    fn a_pilot_may_have_another_seed_and_fewer_episodes() {
        let pilot = "name = \"w\"\nseed = 1\nepisodes = 5\n[limits]\nrounds = 3\n";
        assert!(same_settings(
            pilot,
            &pilot.replace("= 1", "= 2").replace("= 5", "= 50")
        ));
        assert!(!same_settings(
            pilot,
            &pilot.replace("rounds = 3", "rounds = 4")
        ));
    }
}
