//! The patients of a day.

use std::sync::Arc;

use rand::RngExt;

use super::config::{ACUITIES, DayConfig, Service};
use crate::clinic::knowledge::{Knowledge, KnowledgePatient, Noise};
use crate::ids::{AgentId, EpisodeIx, RoundIx};
use crate::streams::{Purpose, RunSeed, Stream, StreamKey};

/// One patient of a day, with all that fate has drawn for it.
#[derive(Debug, Clone)]
pub struct DayPatient {
    /// When it arrives, in minutes since the start of the day.
    pub arrives_min: f64,
    /// Level that triage gives it: 1 (most urgent) to 5.
    pub acuity: u8,
    /// Minutes of waiting after which it leaves unseen; infinite when it does not.
    pub patience_min: f64,
    /// Minutes that it occupies a bed where service is exponential; infinite otherwise.
    pub service_min: f64,
    /// What it has and what it answers.
    pub patient: KnowledgePatient,
}

/// The patients of `episode` by time of arrival.
///
/// # Determinism
/// Times of arrival come from one stream of the episode, everything else of a patient from streams
/// of its own: every arm sees the same patients, and a longer day the same ones and more.
pub fn arrivals(
    config: &DayConfig,
    knowledge: &Arc<Knowledge>,
    noise: Noise,
    seed: RunSeed,
    episode: EpisodeIx,
) -> Vec<DayPatient> {
    let mean_gap = 60.0 / config.arrivals_per_hour;
    let mut times = StreamKey::episode(seed, episode, Purpose::Dynamics).open();
    let mut at = exponential(&mut times, mean_gap);
    let mut patients = Vec::new();
    while at < config.day_minutes {
        let number = patients.len() as u32;
        patients.push(draw(config, knowledge, noise, (seed, episode, number), at));
        at += exponential(&mut times, mean_gap);
    }
    patients
}

/// Ids of the streams of a patient's stability begin here, so that they are no one else's.
const APART: u32 = 1 << 31;

/// Key of the start of a patient's state, where it deteriorates.
///
/// # Determinism
/// It hangs on the seed, the day and the patient's number alone.
pub fn stability_key(seed: RunSeed, day: EpisodeIx, number: u32) -> StreamKey {
    let agent = AgentId(APART | number);
    StreamKey::agent(seed, day, agent, RoundIx(0), Purpose::Truth)
}

/// Whether the state of a patient deteriorates, with this probability.
///
/// # Determinism
/// As [`stability_key`]; who deteriorates with a smaller probability does so with a greater one too.
pub fn deteriorates(seed: RunSeed, day: EpisodeIx, number: u32, probability: f64) -> bool {
    let key = StreamKey {
        purpose: Purpose::Noise,
        ..stability_key(seed, day, number)
    };
    key.open().random::<f64>() < probability
}

fn draw(
    config: &DayConfig,
    knowledge: &Arc<Knowledge>,
    noise: Noise,
    (seed, episode, number): (RunSeed, EpisodeIx, u32),
    arrives_min: f64,
) -> DayPatient {
    let stream = |purpose| {
        let agent = AgentId(number);
        StreamKey::agent(seed, episode, agent, RoundIx(0), purpose).open()
    };
    let own_seed = RunSeed(stream(Purpose::Truth).random());
    let knowledge = Arc::clone(knowledge);
    let patient =
        KnowledgePatient::draw(Arc::clone(&knowledge), own_seed, EpisodeIx(number), noise);
    let mut fate = stream(Purpose::Dynamics);
    let severity = knowledge.condition(patient.condition()).severity;
    let acuity = triage(severity, config.triage_error, fate.random());
    // Both are always drawn, so that neither setting moves what the other gives.
    let patience = exponential(&mut fate, 1.0);
    let service = exponential(&mut fate, 1.0);
    DayPatient {
        arrives_min,
        acuity,
        patience_min: match config.patience_minutes {
            Some(mean) => patience * mean,
            None => f64::INFINITY,
        },
        service_min: match config.service {
            Service::Exponential { mean_minutes } => service * mean_minutes,
            Service::UntilDiagnosed => f64::INFINITY,
        },
        patient,
    }
}

/// The severity, or a level beside it.
fn triage(severity: u8, error: f64, u: f64) -> u8 {
    let level = match u {
        u if u < error / 2.0 => severity.saturating_sub(1),
        u if u < error => severity + 1,
        _ => severity,
    };
    level.clamp(1, ACUITIES)
}

/// An exponential time of this mean.
fn exponential(stream: &mut Stream, mean: f64) -> f64 {
    let u: f64 = stream.random();
    -mean * libm::log1p(-u)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(config: &DayConfig, episode: u32) -> Vec<DayPatient> {
        let knowledge = Knowledge::builtin();
        let noise = Noise::default();
        arrivals(config, &knowledge, noise, RunSeed(3), EpisodeIx(episode))
    }

    #[test]
    fn arrivals_have_their_rate_and_follow_the_episode() {
        let config = DayConfig::default();
        let counts: Vec<usize> = (0..60).map(|e| day(&config, e).len()).collect();
        let total: usize = counts.iter().sum();
        // 60 days of 120 arrivals: a Poisson total of mean 7200 and deviation 85.
        assert!((total as f64 - 7200.0).abs() < 4.0 * 85.0, "{total}");
        let again = day(&config, 1);
        assert_eq!(day(&config, 1).len(), again.len());
        assert!(again.is_sorted_by(|a, b| a.arrives_min <= b.arrives_min));
    }

    #[test]
    fn patience_and_service_do_not_move_the_patients() {
        let config = DayConfig::default();
        let other = DayConfig {
            patience_minutes: None,
            service: Service::Exponential { mean_minutes: 60.0 },
            ..config.clone()
        };
        for (a, b) in day(&config, 2).iter().zip(&day(&other, 2)) {
            assert_eq!(a.patient.condition(), b.patient.condition());
            assert_eq!((a.acuity, a.arrives_min), (b.acuity, b.arrives_min));
            assert!(a.patience_min.is_finite() && a.service_min.is_infinite());
            assert!(b.patience_min.is_infinite() && b.service_min.is_finite());
        }
    }

    #[test]
    fn triage_stays_beside_the_severity() {
        assert_eq!([triage(1, 0.3, 0.1), triage(1, 0.3, 0.2)], [1, 2]);
        assert_eq!([triage(5, 0.3, 0.2), triage(3, 0.3, 0.3)], [5, 3]);
        assert_eq!(triage(3, 0.0, 0.0), 3);
    }
}
