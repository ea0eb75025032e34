use super::*;
use crate::environment::{Describe, Environment};
use crate::ids::{AgentId, EpisodeIx};
use crate::streams::{Purpose, RunSeed};
use proptest::prelude::*;

fn key(episode: u32) -> StreamKey {
    StreamKey::episode(RunSeed(5), EpisodeIx(episode), Purpose::Truth)
}

fn patient() -> Stabilise {
    Stabilise::new(StabiliseConfig::default()).unwrap()
}

/// A patient whose cause is never found by itself.
fn state(index: f64, slope: f64, acuity: u8, diagnosed: bool) -> [f64; 10] {
    let mut state = [0.0; 10];
    state[INDEX] = index;
    state[SLOPE] = slope;
    state[ACUITY] = f64::from(acuity);
    state[DIAGNOSED] = f64::from(u8::from(diagnosed));
    state[RESPONSE] = 1.0;
    state[FOUND_H] = f64::INFINITY;
    state
}

/// Steps until the collapse, or `None` where a day passes without one, and the costs.
fn course(acuity: u8, dose: impl Fn(&[f64; 10]) -> f64) -> (Option<u32>, f64) {
    let patient = patient();
    let mut state = state(0.1, 0.0, acuity, false);
    let mut cost = 0.0;
    for step in 1..=96 {
        let given = dose(&state);
        let moved = patient.advance(&mut state, &[given], key(0));
        cost -= moved.reward;
        if moved.terminated {
            return (Some(step), cost);
        }
    }
    (None, cost)
}

/// What `n` steps of the linear part make of a state, by the eigenvalues of its matrix.
fn closed_form([x, w]: [f64; 2], r: f64, drift: f64, n: i32) -> [f64; 2] {
    let config = StabiliseConfig::default();
    let (h, a) = (config.step_h, 1.0 - (-config.step_h / config.slope_h).exp());
    let fixed = drift / r;
    let (half_trace, determinant) = ((2.0 - a - h * a * r) / 2.0, 1.0 - a);
    let root = half_trace * half_trace - determinant;
    // A^n = p A - q I by Cayley and Hamilton; for complex eigenvalues of size rho and angle phi the sums are sines.
    let power = |n: i32| match root >= 0.0 {
        true => {
            let (one, other) = (half_trace + root.sqrt(), half_trace - root.sqrt());
            (one.powi(n) - other.powi(n)) / (one - other)
        }
        false => {
            let (rho, phi) = (determinant.sqrt(), (-root).sqrt().atan2(half_trace));
            rho.powi(n - 1) * (f64::from(n) * phi).sin() / phi.sin()
        }
    };
    let (p, q) = (power(n), determinant * power(n - 1));
    let from = [x - fixed, w];
    let moved = [
        (1.0 - h * a * r) * from[0] + h * (1.0 - a) * from[1],
        -a * r * from[0] + (1.0 - a) * from[1],
    ];
    [
        fixed + p * moved[0] - q * from[0],
        p * moved[1] - q * from[1],
    ]
}

proptest! {
    /// The miss against the closed form is that of the cube: of third order in the size of the state.
    #[test]
    fn near_stability_it_is_the_closed_form(x in -1.0..1.0_f64, w in -0.5..0.5_f64, n in 1..40_i32, treated in any::<bool>()) {
        let config = StabiliseConfig { drift: [0.0; ACUITIES], ..StabiliseConfig::default() };
        let rate = config.recovery + if treated { config.relief } else { 0.0 };
        let patient = Stabilise::new(config).unwrap();
        for size in [1e-2, 1e-3] {
            let mut at = state(size * x, size * w, 3, treated);
            let expected = closed_form([at[INDEX], at[SLOPE]], rate, 0.0, n);
            for _ in 0..n {
                patient.advance(&mut at, &[0.0], key(0));
            }
            let miss = (at[INDEX] - expected[0]).abs().max((at[SLOPE] - expected[1]).abs());
            prop_assert!(miss <= 20.0 * size * size * size, "{at:?} and {expected:?}");
        }
    }

    /// Without the cube, the drift moves the fixed point and nothing else.
    #[test]
    fn drift_moves_the_fixed_point(x in -0.2..0.2_f64, acuity in 1..=5_u8, n in 1..8_i32) {
        let config = StabiliseConfig { failing: 0.0, ..StabiliseConfig::default() };
        let (rate, drift) = (config.recovery, config.drift[usize::from(acuity) - 1]);
        let patient = Stabilise::new(config).unwrap();
        let mut at = state(x, 0.0, acuity, false);
        let expected = closed_form([x, 0.0], rate, drift, n);
        for _ in 0..n {
            patient.advance(&mut at, &[0.0], key(0));
        }
        prop_assert!((at[INDEX] - expected[0]).abs() < 1e-12, "{at:?} and {expected:?}");
        prop_assert!((at[SLOPE] - expected[1]).abs() < 1e-12, "{at:?} and {expected:?}");
    }

    /// Of equal parts of a safe dose, each lowers the index less than the part before.
    #[test]
    fn returns_of_a_dose_diminish(acuity in 1..=5_u8, part in 0.05..0.2_f64) {
        let patient = patient();
        let after = |parts: f64| {
            let mut at = state(0.2, 0.0, acuity, false);
            patient.advance(&mut at, &[parts * part], key(0));
            at[INDEX]
        };
        let gains = [after(0.0) - after(1.0), after(1.0) - after(2.0), after(2.0) - after(3.0)];
        prop_assert!(gains[0] > gains[1] && gains[1] > gains[2] && gains[2] > 0.0, "{gains:?}");
    }
}

#[test]
fn a_dose_buys_time_and_its_excess_takes_it() {
    for acuity in 1..=3 {
        let none = course(acuity, |_| 0.0).0.unwrap();
        let some = course(acuity, |_| 0.5).0.unwrap_or(u32::MAX);
        let full = course(acuity, |_| 1.0).0.unwrap();
        assert!(
            none < full && full < some,
            "acuity {acuity}: {none}, {full}, {some}"
        );
    }
    // For who needs little, a full dose is worse than none.
    assert!(course(5, |_| 1.0).0 < course(5, |_| 0.0).0);
    let (collapse, cost) = course(5, |state| 1.5 * state[INDEX] + 2.0 * state[SLOPE]);
    assert_eq!(collapse, None);
    assert!(cost < 0.2, "{cost}");
}

#[test]
fn the_more_urgent_collapse_earlier_and_relief_ends_the_drift() {
    let hours: Vec<u32> = (1..=5)
        .map(|acuity| course(acuity, |_| 0.0).0.unwrap())
        .collect();
    assert!(hours.windows(2).all(|pair| pair[0] < pair[1]), "{hours:?}");
    let mut patients = Vectorised::new(patient(), 2, RunSeed(1), EpisodeIx(0)).unwrap();
    patients.admit(0, 1, key(1)).unwrap();
    patients.admit(1, 1, key(1)).unwrap();
    assert!(patients.admit(1, 0, key(1)).is_err());
    for step in 0..96 {
        if step == 8 {
            patients.diagnose(1);
        }
        patients.advance(&[0.3, 0.3]).unwrap();
    }
    let stepped = patients.stepped();
    assert_eq!(stepped.terminated, [true, false]);
    assert!(patients.state(1)[INDEX].abs() < 0.25);
    assert!(patients.unstable_hours(1) < 24.0 && patients.unstable_hours(1) > 0.0);
    assert!(patients.total_reward(0) < -30.0 && patients.total_reward(1) > -30.0);
}

#[test]
fn alone_the_cause_is_found_at_its_hour() {
    let patient = patient();
    let mut state = state(0.1, 0.0, 3, false);
    state[FOUND_H] = 0.5;
    let mut seen = Vec::new();
    for _ in 0..4 {
        patient.advance(&mut state, &[0.0], key(0));
        seen.push(state[DIAGNOSED]);
    }
    assert_eq!(seen, [0.0, 0.0, 1.0, 1.0]);
}

#[test]
fn what_is_hidden_is_not_seen() {
    let patients = Vectorised::new(patient(), 1, RunSeed(1), EpisodeIx(0)).unwrap();
    let seen = patients.observe(AgentId(0));
    assert_eq!(seen.numbers.len(), 7);
    let told = patients.describe(&seen);
    assert!(
        told.contains("acuity") && !told.contains("response"),
        "{told}"
    );
    assert_eq!(patients.action_schema()["maximum"], 1.0);
}

#[test]
fn constants_out_of_bounds_are_refused_by_name() {
    let cases: [(fn(&mut StabiliseConfig), &str); 7] = [
        (|c| c.step_h = 0.0, "step_h"),
        (|c| c.drift[3] = -0.1, "drift"),
        (|c| c.half_dose = 0.0, "half_dose"),
        (|c| c.response_spread = 1.0, "response_spread"),
        (|c| c.start_index = [0.3, 0.2], "start_index"),
        (|c| c.potency = f64::NAN, "potency"),
        (|c| c.collapse_cost = 10.0, "collapse_cost"),
    ];
    for (change, name) in cases {
        let mut config = StabiliseConfig::default();
        change(&mut config);
        let error = Stabilise::new(config).unwrap_err().to_string();
        assert!(error.starts_with(&format!("setting {name}:")), "{error}");
    }
}
