//! What holds of the continuous extensions: facts of section 3 and inequalities of section 4 of the
//! card.

use std::f64::consts::E;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::RngExt;
use rounds_environments::coordination::Class;
use rounds_environments::streams::Stream;
use rounds_policies::coordination::{
    MultilinearExtension, PolicyExtension, SurrogateWeight, draw, surrogate_mass,
};

use super::support::{
    Facility, Table, arbitrary, constants, coverage, modular_like, monotone, policies, stream,
    worth,
};

const ACTIONS: [usize; 3] = [2, 3, 1];

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn gradient(extension: &mut PolicyExtension<'_>, at: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; at.len()];
    extension.gradient(at, &mut out);
    out
}

fn surrogate(extension: &mut PolicyExtension<'_>, rho: f64, at: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; at.len()];
    extension.surrogate_gradient(rho, at, &mut out);
    out
}

/// Two agents of one action each, worth 1 alone and `both` together.
fn pair(both: f64) -> Table {
    let class = if both > 2.0 {
        Class::Monotone
    } else {
        Class::Submodular
    };
    Table::new(&[1, 1], class, |set| [0.0, 1.0, 1.0, both][set])
}

#[test]
fn a_pair_has_its_closed_forms() {
    let (p, q) = (0.3, 0.6);
    let overlap = pair(1.0);
    let mut f = PolicyExtension::new(&overlap).unwrap();
    assert!((f.value(&[p, q]) - (p + q - p * q)).abs() < 1e-12);
    assert!((gradient(&mut f, &[p, q])[0] - (1.0 - q)).abs() < 1e-12);
    let g = surrogate(&mut f, 1.0, &[p, q]);
    assert!((g[0] - (surrogate_mass(1.0) - q / E)).abs() < 1e-12);
    let together = pair(3.0);
    let mut f = PolicyExtension::new(&together).unwrap();
    assert!((f.value(&[p, q]) - (p + q + p * q)).abs() < 1e-12);
    assert!((gradient(&mut f, &[p, q])[0] - (1.0 + q)).abs() < 1e-12);
    let found = constants(&together);
    let close = |a: Option<f64>, b: f64| (a.unwrap() - b).abs() < 1e-12;
    assert!(close(found.alpha, 0.5) && close(found.gamma, 2.0 / 3.0));
    assert!(close(found.beta, 4.0 / 3.0));
    let weight = SurrogateWeight::Phi {
        gamma: 2.0 / 3.0,
        beta: 4.0 / 3.0,
    };
    assert!((weight.rho() - 8.0 / 9.0).abs() < 1e-12);
}

#[test]
fn a_modular_function_has_constant_gradients() {
    let mut random = stream(1);
    let table = modular_like(&ACTIONS, 1.0, 0.0, &mut random);
    let mut f = PolicyExtension::new(&table).unwrap();
    let at = policies(&table.ground, &mut random);
    let plain = gradient(&mut f, &at);
    let scaled = surrogate(&mut f, 0.7, &at);
    let mut boosted = vec![0.0; at.len()];
    f.curvature_direction(&at, &mut boosted);
    for v in 0..at.len() {
        let singleton = table.values[1 << v];
        assert!((plain[v] - singleton).abs() < 1e-12);
        assert!((scaled[v] - surrogate_mass(0.7) * singleton).abs() < 1e-12);
        assert!((boosted[v] - singleton).abs() < 1e-12);
    }
}

#[test]
fn with_one_agent_the_gradient_is_that_of_singletons_everywhere() {
    let mut random = stream(2);
    let table = arbitrary(&[4], &mut random);
    let mut f = PolicyExtension::new(&table).unwrap();
    for _ in 0..5 {
        let at = policies(&table.ground, &mut random);
        for (v, g) in gradient(&mut f, &at).into_iter().enumerate() {
            assert!((g - table.values[1 << v]).abs() < 1e-12);
        }
    }
}

/// Draws of all agents.
fn joint(table: &Table, at: &[f64], random: &mut Stream) -> Vec<Option<u32>> {
    (0..table.ground.agents())
        .map(|i| draw(&at[table.ground.block(i)], random.random()))
        .collect()
}

#[test]
fn sampling_is_lossless_for_any_function() {
    const DRAWS: usize = 40_000;
    let mut random = stream(3);
    for _ in 0..6 {
        let table = arbitrary(&ACTIONS, &mut random);
        let at = policies(&table.ground, &mut random);
        let expected = PolicyExtension::new(&table).unwrap().value(&at);
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..DRAWS {
            let x = worth(&table, &joint(&table, &at, &mut random));
            sum += x;
            squares += x * x;
        }
        let n = DRAWS as f64;
        let mean = sum / n;
        let error = ((squares / n - mean * mean) / n).sqrt();
        assert!(
            (mean - expected).abs() < 5.0 * error,
            "{mean} +- {error}, {expected}"
        );
    }
}

#[test]
fn the_multilinear_extension_can_exceed_when_actions_of_one_agent_reinforce_each_other() {
    // One agent of two actions, worth 1 each and 4 together, which the agent can never do.
    let table = Table::new(&[2], Class::Monotone, |set| [0.0, 1.0, 1.0, 4.0][set]);
    let at = [0.5, 0.5];
    let f = PolicyExtension::new(&table).unwrap().value(&at);
    let g = MultilinearExtension::new(&table).unwrap().value(&at);
    assert!((f - 1.0).abs() < 1e-12 && (g - 1.5).abs() < 1e-12);
}

/// A monotone function of one of four kinds.
fn instance(kind: u32, random: &mut Stream) -> Table {
    match kind % 4 {
        0 => coverage(&ACTIONS, random),
        1 => modular_like(&ACTIONS, 0.6, 0.0, random),
        2 => modular_like(&ACTIONS, 1.0, 0.4, random),
        _ => monotone(&ACTIONS, random),
    }
}

/// The same cases every time.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 128,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_extension_agrees_at_vertices_and_is_affine_in_each_policy(seed in any::<u64>()) {
        let mut random = stream(seed);
        let table = arbitrary(&ACTIONS, &mut random);
        let mut f = PolicyExtension::new(&table).unwrap();
        let at = policies(&table.ground, &mut random);
        let actions = joint(&table, &at, &mut random);
        let mut vertex = vec![0.0; at.len()];
        for (i, action) in actions.iter().enumerate() {
            if let Some(action) = *action {
                vertex[table.ground.element(i, action)] = 1.0;
            }
        }
        prop_assert!((f.value(&vertex) - worth(&table, &actions)).abs() < 1e-12);
        let i = random.random_range(0..ACTIONS.len());
        let mut other = at.clone();
        let end = policies(&table.ground, &mut random);
        let block = table.ground.block(i);
        other[block.clone()].copy_from_slice(&end[block.clone()]);
        let s: f64 = random.random();
        let between: Vec<f64> = at.iter().zip(&other).map(|(a, b)| (1.0 - s) * a + s * b).collect();
        let expected = (1.0 - s) * f.value(&at) + s * f.value(&other);
        prop_assert!((f.value(&between) - expected).abs() < 1e-12);
    }

    #[test]
    fn rounding_never_loses(seed in any::<u64>()) {
        let mut random = stream(seed);
        let table = arbitrary(&ACTIONS, &mut random);
        let mut f = PolicyExtension::new(&table).unwrap();
        let at = policies(&table.ground, &mut random);
        let actions = f.round(&at);
        prop_assert!(worth(&table, &actions) >= f.value(&at) - 1e-12);
    }

    #[test]
    fn gradients_are_those_of_differences(seed in any::<u64>()) {
        const STEP: f64 = 1e-3;
        let mut random = stream(seed);
        let table = arbitrary(&ACTIONS, &mut random);
        let at = policies(&table.ground, &mut random);
        let mut f = PolicyExtension::new(&table).unwrap();
        let mut g = MultilinearExtension::new(&table).unwrap();
        let of_f = gradient(&mut f, &at);
        let mut of_g = of_f.clone();
        g.gradient(&at, &mut of_g);
        // <pi, grad F> is what every drawn action adds, on average.
        let mut added = 0.0;
        for v in 0..at.len() {
            let mut up = at.clone();
            up[v] += STEP;
            // Both extensions are affine in one coordinate, so that a difference is exact.
            prop_assert!(((f.value(&up) - f.value(&at)) / STEP - of_f[v]).abs() < 1e-9);
            prop_assert!(((g.value(&up) - g.value(&at)) / STEP - of_g[v]).abs() < 1e-9);
            let mut without = at.clone();
            without[table.ground.block(table.ground.agent_of(v))].fill(0.0);
            added += at[v] / at[table.ground.block(table.ground.agent_of(v))].iter().sum::<f64>()
                * (f.value(&at) - f.value(&without));
        }
        prop_assert!((dot(&at, &of_f) - added).abs() < 1e-9);
    }

    #[test]
    fn permuted_actions_permute_the_gradient(seed in any::<u64>()) {
        let mut random = stream(seed);
        let table = arbitrary(&ACTIONS, &mut random);
        let at = policies(&table.ground, &mut random);
        // The two actions of the first agent change places.
        let swap = |set: usize| set & !3 | (set & 1) << 1 | set >> 1 & 1;
        let swapped = Table::new(&ACTIONS, Class::Any, |set| table.values[swap(set)]);
        let mut at_swapped = at.clone();
        at_swapped.swap(0, 1);
        let mut expected = gradient(&mut PolicyExtension::new(&table).unwrap(), &at);
        expected.swap(0, 1);
        let got = gradient(&mut PolicyExtension::new(&swapped).unwrap(), &at_swapped);
        for (got, expected) in got.iter().zip(&expected) {
            prop_assert!((got - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn one_action_an_agent_is_no_worse_than_any_for_submodular_functions(seed in any::<u64>()) {
        let mut random = stream(seed);
        let table = instance(seed as u32 % 2, &mut random);
        let at = policies(&table.ground, &mut random);
        let f = PolicyExtension::new(&table).unwrap().value(&at);
        let g = MultilinearExtension::new(&table).unwrap().value(&at);
        prop_assert!(f >= g - 1e-12, "{f} against {g}");
    }

    /// The strongest test of surrogates: a wrong weight, mass or ell breaks it.
    #[test]
    fn the_variational_inequalities_hold(seed in any::<u64>(), kind in 0_u32..4) {
        let mut random = stream(seed);
        let table = instance(kind, &mut random);
        let found = constants(&table);
        let (alpha, gamma) = (found.alpha.unwrap(), found.gamma.unwrap());
        let (beta, c) = (found.beta.unwrap(), found.curvature.unwrap());
        if table.class == Class::Submodular {
            prop_assert!(alpha > 1.0 - 1e-6 && gamma > 1.0 - 1e-6 && beta < 1.0 + 1e-6, "{found:?}");
        }
        prop_assert!(gamma >= alpha - 1e-9 && beta <= 1.0 / alpha + 1e-9);
        let mut f = PolicyExtension::new(&table).unwrap();
        let phi = SurrogateWeight::Phi { gamma, beta }.rho();
        for _ in 0..4 {
            let at = policies(&table.ground, &mut random);
            let y = match random.random::<bool>() {
                true => policies(&table.ground, &mut random),
                false => {
                    let chosen = f.round(&policies(&table.ground, &mut random));
                    let mut y = vec![0.0; at.len()];
                    for (i, action) in chosen.iter().enumerate() {
                        if let Some(action) = *action {
                            y[table.ground.element(i, action)] = 1.0;
                        }
                    }
                    y
                }
            };
            let (f_at, f_y) = (f.value(&at), f.value(&y));
            let slack = |direction: &[f64], ratio: f64| {
                dot(&y, direction) - dot(&at, direction) - ratio * f_y + f_at
            };
            let g = surrogate(&mut f, alpha, &at);
            let ratio = 1.0 - (-alpha).exp();
            prop_assert!(slack(&g, ratio) >= -1e-9, "alpha {alpha}: {}", slack(&g, ratio));
            let g = surrogate(&mut f, phi, &at);
            let ratio = gamma * gamma * (1.0 - (-phi).exp()) / phi;
            prop_assert!(slack(&g, ratio) >= -1e-9, "phi {phi}: {}", slack(&g, ratio));
            let plain = gradient(&mut f, &at);
            prop_assert!(dot(&y, &plain) >= alpha * (f_y - f_at) - 1e-9);
            prop_assert!(dot(&y, &plain) >= gamma * gamma * f_y - phi * f_at - 1e-9);
            if table.class == Class::Submodular {
                let mut g = vec![0.0; at.len()];
                f.curvature_direction(&at, &mut g);
                let ratio = 1.0 - c / E;
                prop_assert!(slack(&g, ratio) >= -1e-9, "c {c}: {}", slack(&g, ratio));
            }
        }
    }
}

#[test]
fn what_cannot_be_enumerated_is_refused() {
    let table = Facility::random(&[3; 20], 2, &mut stream(4));
    assert!(PolicyExtension::new(&table).is_err());
    let error = MultilinearExtension::new(&table).err().unwrap();
    assert!(error.to_string().contains("multilinear"), "{error}");
}
