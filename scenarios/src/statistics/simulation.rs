//! Simulated evaluations with repeated cases: coverage of the intervals and false verdicts.

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};

use super::distributions::normal_quantile;
use super::{Design, Question, Sample, Verdict, compare, estimate, verdict};

const EVALUATIONS: u32 = 1000;
const CASES: u64 = 40;
const REPEATS: u64 = 3;

fn stream(evaluation: u32) -> Stream {
    StreamKey::episode(RunSeed(20), EpisodeIx(evaluation), Purpose::Custom).open()
}

/// One arm: `share` of the cases answer all repeats alike (0/1), or a case effect plus noise.
fn arm(effects: &[f64], stream: &mut Stream, hit_rate: Option<f64>) -> Vec<(u64, Option<f64>)> {
    let mut values = Vec::new();
    for (case, &effect) in (0..).zip(effects) {
        for _ in 0..REPEATS {
            let noise = normal_quantile(stream.random::<f64>());
            let value = 0.8 * effect + 0.6 * noise;
            let value = hit_rate.map_or(value, |p| f64::from(u8::from(value < normal_quantile(p))));
            values.push((case, Some(value)));
        }
    }
    values
}

fn effects(stream: &mut Stream) -> Vec<f64> {
    (0..CASES)
        .map(|_| normal_quantile(stream.random::<f64>()))
        .collect()
}

#[test]
fn intervals_cover_with_cases_as_unit_and_not_without() {
    for hit_rate in [None, Some(0.3), Some(0.8), Some(0.95)] {
        let [mut covered, mut naive] = [0, 0];
        for evaluation in 0..EVALUATIONS {
            let mut stream = stream(evaluation);
            let effects = effects(&mut stream);
            let values = arm(&effects, &mut stream, hit_rate);
            let truth = hit_rate.unwrap_or(0.0);
            let alone = Sample::new((0..).zip(values.iter().map(|v| v.1))).unwrap();
            for (sample, count) in [
                (Sample::new(values).unwrap(), &mut covered),
                (alone, &mut naive),
            ] {
                let [low, high] = estimate(&sample, RunSeed(5)).ci95.unwrap();
                *count += u32::from(low <= truth && truth <= high);
            }
        }
        let [covered, naive] = [covered, naive].map(|n| f64::from(n) / f64::from(EVALUATIONS));
        assert!(
            (0.93..=0.97).contains(&covered),
            "{hit_rate:?}: covered {covered}"
        );
        assert!(naive < 0.90, "{hit_rate:?}: without cases {naive}");
    }
}

#[test]
fn equal_arms_are_seldom_called_better() {
    for hit_rate in [None, Some(0.5), Some(0.95)] {
        for design in [Design::Paired, Design::Unpaired] {
            let [mut better, mut covered] = [0, 0];
            for evaluation in 0..EVALUATIONS {
                let mut stream = stream(evaluation);
                let first = effects(&mut stream);
                let second = match design {
                    Design::Paired => first.clone(),
                    Design::Unpaired => effects(&mut stream),
                };
                let a = Sample::new(arm(&first, &mut stream, hit_rate)).unwrap();
                let b = Sample::new(arm(&second, &mut stream, hit_rate)).unwrap();
                let difference = compare(&a, &b, design);
                let [low, high] = difference.ci95.unwrap();
                covered += u32::from(low <= 0.0 && 0.0 <= high);
                let said = verdict(&difference, difference.p, Question::default());
                better += u32::from(said == Verdict::Better);
            }
            let name = format!("{hit_rate:?} {design:?}");
            assert!(better <= EVALUATIONS / 20, "{name}: better {better} times");
            assert!(covered >= 930, "{name}: covered {covered} times");
        }
    }
}
