//! The estimates that agents learn from have the exact gradients as their means.

use std::sync::Arc;

use rand::RngExt;
use rounds_environments::coordination::{Ground, Objective};
use rounds_environments::streams::Stream;
use rounds_policies::coordination::{
    MetaStep, MultilinearExtension, MultilinearStep, PolicyExtension, Queries, SampledSets,
    SurrogateStep, draw, surrogate_z,
};

use super::support::{Facility, Table, arbitrary, coverage, monotone, policies, stream};

const DRAWS: usize = 100_000;
const ACTIONS: [usize; 3] = [2, 3, 2];

fn queries(objective: &dyn Objective, agent: usize) -> Queries {
    let ground = Arc::new(objective.ground().clone());
    Queries::new(ground, agent, objective.summary_len())
}

/// Asserts that the mean of `estimate` over many draws is `exact`, up to five standard errors.
fn unbiased(exact: &[f64], what: &str, mut estimate: impl FnMut(&mut [f64])) {
    let mut sum = vec![0.0; exact.len()];
    let mut squares = sum.clone();
    let mut one = sum.clone();
    for _ in 0..DRAWS {
        estimate(&mut one);
        for ((sum, squares), x) in sum.iter_mut().zip(&mut squares).zip(&one) {
            *sum += x;
            *squares += x * x;
        }
    }
    let n = DRAWS as f64;
    for ((sum, squares), exact) in sum.iter().zip(&squares).zip(exact) {
        let mean = sum / n;
        let error = ((squares / n - mean * mean).max(0.0) / n).sqrt();
        let far = (mean - exact).abs();
        assert!(
            far <= 5.0 * error + 1e-12,
            "{what}: {mean} +- {error}, exact {exact}"
        );
    }
}

/// A few objectives of different classes.
fn objectives(random: &mut Stream) -> Vec<(&'static str, Box<dyn Objective>)> {
    vec![
        ("facility", Box::new(Facility::random(&ACTIONS, 4, random))),
        ("coverage", Box::new(coverage(&ACTIONS, random))),
        ("monotone", Box::new(monotone(&ACTIONS, random))),
        ("arbitrary", Box::new(arbitrary(&ACTIONS, random))),
    ]
}

#[test]
fn the_estimate_of_ma_spl_is_unbiased() {
    let mut random = stream(10);
    for (name, objective) in objectives(&mut random) {
        let ground = objective.ground();
        let at = policies(ground, &mut random);
        for (rho, boost, batch) in [(1.0, true, 1), (0.0, false, 1), (0.4, false, 2)] {
            let agent = random.random_range(0..ACTIONS.len());
            let mut exact = vec![0.0; at.len()];
            let mut extension = PolicyExtension::new(&*objective).unwrap();
            match boost {
                true => extension.curvature_direction(&at, &mut exact),
                false => extension.surrogate_gradient(rho, &at, &mut exact),
            }
            let step = SurrogateStep {
                eta: 1.0,
                rho,
                curvature_boost: boost,
                normalise: false,
                normalise_mass: false,
                own_block_authoritative: false,
            };
            let mut queries = queries(&*objective, agent);
            let mut sets = SampledSets::default();
            let mut ell = vec![0.0; ground.actions(agent)];
            unbiased(&exact[ground.block(agent)], name, |out| {
                sets.clear();
                for _ in 0..batch {
                    let z = surrogate_z(rho, random.random());
                    sets.draw_others(ground, agent, &at, z, &mut random);
                }
                step.direction(&*objective, &mut queries, &sets, &mut ell, out)
                    .unwrap();
            });
        }
    }
}

#[test]
fn the_estimate_of_ma_osma_is_unbiased() {
    let mut random = stream(11);
    for (name, objective) in objectives(&mut random) {
        let ground = objective.ground();
        let at = policies(ground, &mut random);
        let (agent, curvature) = (1, 0.7);
        let mut exact = vec![0.0; at.len()];
        let mut extension = MultilinearExtension::new(&*objective).unwrap();
        extension.surrogate_gradient(curvature, &at, &mut exact);
        let step = MultilinearStep {
            eta: 1.0,
            curvature,
            mix: None,
            normalise: false,
        };
        let mut queries = queries(&*objective, agent);
        let mut sets = SampledSets::default();
        unbiased(&exact[ground.block(agent)], name, |out| {
            sets.clear();
            let z = surrogate_z(curvature, random.random());
            sets.draw_elements(&at, z, &mut random);
            step.direction(&*objective, &mut queries, &sets, out)
                .unwrap();
        });
    }
}

/// Base policies of all agents, `[levels][K]`, and their average over those below `level`.
fn base_policies(ground: &Ground, levels: usize, random: &mut Stream) -> Vec<Vec<f64>> {
    (0..levels).map(|_| policies(ground, random)).collect()
}

fn partial_average(base: &[Vec<f64>], level: usize) -> Vec<f64> {
    let mut x = vec![0.0; base[0].len()];
    for policy in &base[..level] {
        for (x, p) in x.iter_mut().zip(policy) {
            *x += p / base.len() as f64;
        }
    }
    x
}

#[test]
fn the_estimate_of_ma_mpl_is_that_at_the_partial_average() {
    const LEVELS: usize = 4;
    let mut random = stream(12);
    for (name, objective) in objectives(&mut random) {
        let ground = objective.ground();
        let base = base_policies(ground, LEVELS, &mut random);
        let step = MetaStep::new(1.0, LEVELS, false, false);
        for (agent, level) in [(0, 3), (2, 1)] {
            let at = partial_average(&base, level);
            let mut exact = vec![0.0; at.len()];
            PolicyExtension::new(&*objective)
                .unwrap()
                .gradient(&at, &mut exact);
            let mut queries = queries(&*objective, agent);
            let mut sets = SampledSets::default();
            let mut meta = vec![vec![-1; LEVELS]; ground.agents()];
            unbiased(&exact[ground.block(agent)], name, |out| {
                for (j, meta) in meta.iter_mut().enumerate() {
                    for (id, policy) in meta.iter_mut().zip(&base) {
                        let action = draw(&policy[ground.block(j)], random.random());
                        *id = action.map_or(-1, |action| ground.element(j, action) as i32);
                    }
                }
                sets.clear();
                let pick = |_| random.random_range(0..LEVELS);
                sets.choose_below(ground.agents(), agent, level, |j| &meta[j], pick);
                step.direction(&*objective, &mut queries, level, &sets, &[], 1.0, out)
                    .unwrap();
            });
        }
    }
}

#[test]
fn the_first_level_of_ma_mpl_sees_nobody() {
    let meta = [vec![0, 1], vec![2, 3], vec![4, 4]];
    let mut sets = SampledSets::default();
    for pick in 0..2 {
        sets.choose_below(3, 1, 0, |j| &meta[j], |_| pick);
    }
    assert_eq!(sets.len(), 2);
    assert!(sets.iter().all(<[u32]>::is_empty));
    sets.clear();
    sets.choose_below(3, 1, 1, |j| &meta[j], |_| 0);
    assert_eq!(sets.iter().next(), Some(&[0, 4][..]));
}

#[test]
fn distortion_with_one_level_is_none() {
    let mut random = stream(13);
    let table: Table = coverage(&ACTIONS, &mut random);
    let mut outs = Vec::new();
    for distorted in [true, false] {
        let step = MetaStep::new(0.5, 1, distorted, false);
        let mut queries = queries(&table, 0);
        let mut sets = SampledSets::default();
        sets.close();
        let (mut ell, mut out) = ([7.0; 2], [0.0; 2]);
        let scale = step.prepare(&table, &mut queries, &mut ell).unwrap();
        step.direction(&table, &mut queries, 0, &sets, &ell, scale, &mut out)
            .unwrap();
        outs.push(out);
    }
    assert_eq!(outs[0], outs[1]);
}

#[test]
fn the_variable_of_the_surrogate_has_its_mean() {
    let mut random = stream(14);
    for rho in [0.5, 1.0, 4.0] {
        let exact = 1.0 / (1.0 - f64::exp(-rho)) - 1.0 / rho;
        unbiased(&[exact], "z", |out| {
            out[0] = surrogate_z(rho, random.random());
        });
    }
}

#[test]
fn normalised_directions_have_the_scale_of_the_largest_singleton_taken_out() {
    let mut random = stream(15);
    let facility = Facility::random(&ACTIONS, 3, &mut random);
    let plain = SurrogateStep {
        eta: 1.0,
        rho: 0.5,
        curvature_boost: true,
        normalise: false,
        normalise_mass: false,
        own_block_authoritative: false,
    };
    let mut sets = SampledSets::default();
    sets.push(3);
    sets.close();
    let mut queries = queries(&facility, 0);
    let mut direction = |step: SurrogateStep| {
        let (mut ell, mut out) = ([0.0; 2], [0.0; 2]);
        step.direction(&facility, &mut queries, &sets, &mut ell, &mut out)
            .unwrap();
        out
    };
    let base = direction(plain);
    let normalised = direction(SurrogateStep {
        normalise: true,
        ..plain
    });
    let by_mass = direction(SurrogateStep {
        normalise_mass: true,
        ..plain
    });
    let largest = [0, 1].map(|v| super::support::worth(&facility, &[Some(v), None, None]));
    let largest = largest[0].max(largest[1]);
    let mass = rounds_policies::coordination::surrogate_mass(0.5);
    for v in 0..2 {
        assert!((normalised[v] * largest - base[v]).abs() < 1e-12);
        assert!((by_mass[v] * mass - base[v]).abs() < 1e-12);
    }
    // Nothing to divide by leaves the direction as it is.
    let nothing = Table::new(&ACTIONS, facility.class(), |_| 0.0);
    let mut queries = super::estimates::queries(&nothing, 0);
    assert_eq!(queries.normaliser(&nothing).unwrap(), 1.0);
}
