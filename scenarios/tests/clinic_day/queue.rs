//! With one speciality, exponential service and no triage the beds are an M/M/c queue, whose
//! figures are known.

use std::fs;

use rounds::clinic_day::ClinicDayScore;
use rounds::environments::streams::RunSeed;
use rounds::run::score_run;
use rounds::statistics::{Sample, estimate};

use super::{arms, bench};

const BEDS: u32 = 14;
const ARRIVALS_PER_HOUR: f64 = 21.0;
const SERVICE_MINUTES: f64 = 30.0;
/// Days of one estimate.
const DAYS: &str = "30";
/// Estimates, each with a seed of its own.
const SEEDS: &str = "1..21";

/// A warm-up of four times as long as the queue remembers: `(sqrt(c mu) - sqrt(lambda))^-2` is two
/// hours.
fn scenario() -> String {
    format!(
        r#"schema = "rounds.scenario/1"
name = "queue"

[environment]
kind = "clinic-day"
patients = {{ knowledge = "builtin" }}
beds = {BEDS}
staff = 1
overlap = 1
arrivals_per_hour = {ARRIVALS_PER_HOUR}
service = {{ kind = "exponential", mean_minutes = {SERVICE_MINUTES} }}
queue = "first-come"
triage_error = 0
patience_minutes = "endless"
day_minutes = 1440
warm_up_minutes = 480
tick_minutes = 60
regret = "none"

[agents.team]
policy = "rota"

[policies.rota]
kind = "rota"
"#
    )
}

/// Probability of waiting in an M/M/c queue.
///
/// # Source
/// A. K. Erlang (1917), the formula called C.
fn erlang_c(servers: u32, load: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..servers {
        term *= load / f64::from(k);
        sum += term;
    }
    let c = f64::from(servers);
    let last = term * load / c * c / (c - load);
    last / (sum + last)
}

#[test]
fn erlang_c_has_its_closed_forms() {
    assert!(
        (erlang_c(1, 0.7) - 0.7).abs() < 1e-12,
        "M/M/1 waits with its load"
    );
    assert!((erlang_c(2, 1.0) - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn waiting_agrees_with_the_queue_of_erlang() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("queue.toml");
    fs::write(&file, scenario()).unwrap();
    let file = file.display().to_string();
    let (runs, _) = bench(&[&file, "--episodes", DAYS, "--seeds", SEEDS]);

    let load = ARRIVALS_PER_HOUR * SERVICE_MINUTES / 60.0;
    let waits = erlang_c(BEDS, load);
    let minutes = waits / (f64::from(BEDS) / SERVICE_MINUTES - ARRIVALS_PER_HOUR / 60.0);
    let mut held = [0; 2];
    let mut means = [0.0; 2];
    let all = arms(runs.path());
    for (number, run) in all.iter().enumerate() {
        let mut days: [Vec<f64>; 2] = Default::default();
        score_run(run, &ClinicDayScore, |_, scored| {
            for (days, name) in days.iter_mut().zip(["waited", "wait_minutes"]) {
                days.push(scored.row.metrics[name].unwrap());
            }
            assert_eq!(scored.row.metrics["left_unseen"], Some(0.0));
            Ok(())
        })
        .unwrap();
        for (k, expected) in [waits, minutes].into_iter().enumerate() {
            let sample = Sample::independent(&days[k]).unwrap();
            let found = estimate(&sample, RunSeed(number as u64));
            let [low, high] = found.ci95.unwrap();
            held[k] += usize::from((low..=high).contains(&expected));
            means[k] += found.mean.unwrap() / all.len() as f64;
            // The first seed is what one run of 30 days shows.
            let within = (low..=high).contains(&expected);
            assert!(within || number > 0, "{expected} is not in [{low}, {high}]");
        }
    }
    assert_eq!(all.len(), 20);
    // Of 20 intervals of 95 % fewer than 16 hold once in 400 times.
    assert!(held.iter().all(|held| *held >= 16), "{held:?} of 20");
    assert!(
        (means[0] / waits - 1.0).abs() < 0.05,
        "{means:?} of {waits}"
    );
    assert!(
        (means[1] / minutes - 1.0).abs() < 0.1,
        "{means:?} of {minutes}"
    );
}
