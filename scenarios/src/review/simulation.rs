//! Simulated reviews: the corrected mean has no bias where the machine's has, and its interval
//! covers.
#![expect(clippy::print_stdout, reason = "a simulation tells what it measured")]

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};

use super::corrected::{ReviewedCase, corrected_mean};
use crate::statistics::distributions::{normal_cdf, normal_quantile};

const REVIEWS: u32 = 1000;

/// What is reviewed: cases, visits of each, cases of which a visit is rated, rated visits of each.
#[derive(Debug, Clone, Copy)]
struct Plan {
    cases: usize,
    visits: usize,
    rated_cases: usize,
    rated_visits: usize,
    /// Every visit is either passed or not.
    pass: bool,
}

fn normal(stream: &mut Stream) -> f64 {
    normal_quantile(stream.random::<f64>())
}

/// Human and machine score of a visit: the machine is lenient, more so in hard cases.
fn scores(effect: f64, stream: &mut Stream, pass: bool) -> (f64, f64) {
    let human = 0.8 * effect + 0.6 * normal(stream);
    let machine = human + 0.4 - 0.2 * effect + 0.5 * normal(stream);
    if pass {
        let flag = |value: f64| f64::from(u8::from(value > 0.0));
        (flag(human), flag(machine))
    } else {
        (normal_cdf(human), normal_cdf(machine))
    }
}

/// Share of intervals that cover, mean error of the corrected mean and of the machine's, and the
/// standard error of the first.
fn reviewed(plan: Plan) -> [f64; 4] {
    // The human score is normal with mean 0 and variance 1 before it becomes 0 to 1.
    let truth = 0.5;
    let [mut covered, mut error, mut squares, mut naive] = [0.0; 4];
    for review in 0..REVIEWS {
        let mut stream = StreamKey::episode(RunSeed(41), EpisodeIx(review), Purpose::Custom).open();
        let mut cases = Vec::new();
        for number in 0..plan.cases {
            let effect = normal(&mut stream);
            let mut case = ReviewedCase {
                asked: true,
                ..ReviewedCase::default()
            };
            for visit in 0..plan.visits {
                let (human, machine) = scores(effect, &mut stream, plan.pass);
                case.visits += 1.0;
                case.machine += machine;
                if number < plan.rated_cases && visit < plan.rated_visits {
                    case.rated += 1.0;
                    case.difference += human - machine;
                }
            }
            cases.push(case);
        }
        let got = corrected_mean(&cases);
        let ([low, high], mean) = (got.ci95.unwrap(), got.mean.unwrap());
        covered += f64::from(u8::from(low <= truth && truth <= high));
        error += mean - truth;
        squares += (mean - truth) * (mean - truth);
        let visits = (plan.cases * plan.visits) as f64;
        naive += cases.iter().map(|case| case.machine).sum::<f64>() / visits - truth;
    }
    let n = f64::from(REVIEWS);
    [
        covered / n,
        error / n,
        naive / n,
        libm::sqrt(squares / n / n),
    ]
}

#[test]
fn the_corrected_mean_is_unbiased_and_covers_where_the_machine_is_neither() {
    for pass in [false, true] {
        for (cases, visits, rated_cases, rated_visits) in [
            (40, 3, 40, 3),
            (40, 3, 40, 1),
            (80, 3, 30, 1),
            (60, 1, 25, 1),
        ] {
            let plan = Plan {
                cases,
                visits,
                rated_cases,
                rated_visits,
                pass,
            };
            let [covered, error, naive, se] = reviewed(plan);
            println!("{plan:?}: covered {covered}, error {error:.4} ± {se:.4}, machine {naive:.4}");
            assert!(
                (0.93..=0.97).contains(&covered),
                "{plan:?}: covered {covered}"
            );
            assert!(error.abs() < 3.0 * se, "{plan:?}: error {error} ± {se}");
            assert!(naive > 0.08, "{plan:?}: the machine is off by {naive}");
        }
    }
}
