//! What holds for any parameters and inputs: trajectory card, section 12.2.

use std::sync::Arc;

use proptest::prelude::*;
use rounds_models::Threads;
use rounds_models::trajectory::{
    Architecture, Parameters, PassOptions, Predictor, RelationLookup, TrajectoryConfig,
    TrajectoryModel, Workspace,
};

use crate::cases::Rows;
use crate::small::{all, parameters, rows};

pub(crate) fn predictions(
    config: &TrajectoryConfig,
    parameters: &Parameters,
    rows: &Rows,
) -> Vec<f32> {
    let model = TrajectoryModel::new(config.clone()).unwrap();
    let mut workspace = Workspace::new(Threads::new(1));
    let options = PassOptions::default();
    let pass = model.forward(&mut workspace, parameters, rows.inputs(), options);
    pass.unwrap().predictions().to_vec()
}

/// Changes everything from a step on, but what is known when its action is chosen.
fn change_after(config: &TrajectoryConfig, rows: &mut Rows, step: usize) {
    let k = config.context;
    for row in 0..rows.rows {
        let from = row * k + step;
        for at in from..(row + 1) * k {
            rows.actions[at * config.action..(at + 1) * config.action].fill(0.7);
        }
        for at in from + 1..(row + 1) * k {
            rows.states[at * config.observation..(at + 1) * config.observation].fill(-0.4);
            rows.returns[at] = 3.0;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn predictions_do_not_know_the_future(which in 0usize..9, seed in 0u64..1000, step in 0usize..6) {
        let (name, config) = all().swap_remove(which);
        let parameters = parameters(&config, seed);
        let before = rows(&config, 2, seed);
        let mut after = before.clone();
        change_after(&config, &mut after, step);
        let (k, a) = (config.context, config.action);
        let seen = predictions(&config, &parameters, &before);
        let changed = predictions(&config, &parameters, &after);
        for row in 0..2 {
            let same = row * k * a..(row * k + step + 1) * a;
            prop_assert_eq!(&seen[same.clone()], &changed[same], "{}", name);
        }
    }

    #[test]
    fn masked_padding_does_not_matter(seed in 0u64..1000, gelu in any::<bool>(), noise in -50f32..50.0) {
        let (_, config) = all().swap_remove(usize::from(gelu));
        let parameters = parameters(&config, seed);
        let before = rows(&config, 4, seed);
        let mut after = before.clone();
        for (at, there) in before.mask.iter().enumerate() {
            if *there == 0.0 {
                after.states[at * config.observation..][..config.observation].fill(noise);
                after.actions[at * config.action..][..config.action].fill(-noise);
                after.returns[at] = noise;
                after.timesteps[at] = 17;
            }
        }
        let seen = predictions(&config, &parameters, &before);
        let changed = predictions(&config, &parameters, &after);
        let off = crate::cases::distance(&seen, &changed, Some(&before.mask));
        prop_assert!(off < 1e-6, "{off}");
    }
}

/// The last `steps` steps of one row, without padding.
fn latest(config: &TrajectoryConfig, rows: &Rows, steps: usize) -> Rows {
    let skip = config.context - steps;
    let from = |width: usize| skip * width..config.context * width;
    Rows {
        rows: 1,
        context: steps,
        states: rows.states[from(config.observation)].to_vec(),
        actions: rows.actions[from(config.action)].to_vec(),
        returns: rows.returns[from(1)].to_vec(),
        timesteps: rows.timesteps[from(1)].to_vec(),
        mask: rows.mask[from(1)].to_vec(),
    }
}

#[test]
fn padding_is_seen_by_the_models_without_a_mask_and_by_them_alone() {
    for (name, config) in all() {
        let parameters = parameters(&config, 3);
        let mut rows = rows(&config, 1, 5);
        let steps = config.context - 2;
        for (at, there) in rows.mask.iter_mut().enumerate() {
            *there = if at < 2 { 0.0 } else { 1.0 };
        }
        let padded = predictions(&config, &parameters, &rows);
        let short = predictions(&config, &parameters, &latest(&config, &rows, steps));
        let off = crate::cases::distance(&padded[2 * config.action..], &short, None);
        let masked = matches!(config.architecture, Architecture::Dt | Architecture::Bc);
        assert_eq!(off < 1e-6, masked, "{name}: {off}");
        // Without padding nothing is there to differ.
        rows.mask.fill(1.0);
        let whole = predictions(&config, &parameters, &rows);
        let again = predictions(
            &config,
            &parameters,
            &latest(&config, &rows, config.context),
        );
        assert_eq!(whole, again, "{name}");
    }
}

#[test]
fn filters_see_their_window_of_each_block_and_nothing_older() {
    let config = TrajectoryConfig {
        architecture: Architecture::Dc,
        observation: 2,
        action: 1,
        hidden: 8,
        layers: 2,
        window: 3,
        context: 6,
        ..TrajectoryConfig::default()
    };
    let parameters = parameters(&config, 1);
    let mut rows = rows(&config, 1, 0);
    rows.mask.fill(1.0);
    let before = predictions(&config, &parameters, &rows);
    // The receptive field is 5 tokens: for the last state the return of its step, and of the step before all three.
    for (step, seen) in [(3, false), (4, true)] {
        let mut changed = rows.clone();
        changed.states[2 * step] += 1.0;
        changed.returns[step] += 1.0;
        changed.actions[step] += 1.0;
        let after = predictions(&config, &parameters, &changed);
        assert_eq!(before[5] != after[5], seen, "step {step}");
        let predictor = Predictor::new(config.clone(), Arc::new(parameters.clone())).unwrap();
        let act = |rows: &Rows| predictor.predict(rows.inputs(), &Threads::new(1)).unwrap();
        assert_eq!(act(&rows) != act(&changed), seen, "step {step}");
    }
}

fn edge_gradients(lookup: RelationLookup) -> Vec<f32> {
    let (_, config) = all().swap_remove(2);
    let config = TrajectoryConfig {
        relation_lookup: lookup,
        ..config
    };
    let model = TrajectoryModel::new(config.clone()).unwrap();
    let parameters = parameters(&config, 1);
    let rows = rows(&config, 3, 1);
    let mut workspace = Workspace::new(Threads::new(1));
    let options = PassOptions::default();
    let pass = model.forward(&mut workspace, &parameters, rows.inputs(), options);
    let mut pass = pass.unwrap();
    let mut gradients = parameters.zeros();
    let weights = vec![1.0; pass.losses().len()];
    pass.backward(&weights, &mut gradients).unwrap();
    let at = parameters
        .names()
        .position(|name| name == "embed_edges.weight")
        .unwrap();
    gradients.swap_remove(at)
}

#[test]
fn the_official_lookup_finds_no_edge_and_the_corrected_one_does() {
    let official = edge_gradients(RelationLookup::Official);
    let (none, some) = official.split_at(official.len() / 2);
    assert!(some.iter().all(|gradient| *gradient == 0.0));
    assert!(none.iter().any(|gradient| gradient.abs() > 1e-6));
    let corrected = edge_gradients(RelationLookup::Corrected);
    assert!(
        corrected[corrected.len() / 2..]
            .iter()
            .any(|gradient| gradient.abs() > 1e-6)
    );
}

/// A graph layer of one head on its own, straight from the definition, in double precision: what the queries of the tokens
/// see of the values, with logits divided by the width.
#[test]
fn without_relations_scores_are_divided_by_the_width_of_a_head() {
    // One block whose perceptron is off and whose values are the tokens themselves: what is predicted can be written down.
    let config = TrajectoryConfig {
        architecture: Architecture::Gdt,
        observation: 4,
        action: 8,
        hidden: 4,
        layers: 1,
        context: 2,
        max_ep_len: 4,
        ..TrajectoryConfig::default()
    };
    let h = 4;
    let mut parameters =
        Parameters::random(&config, rounds_environments::streams::RunSeed(1)).unwrap();
    let names: Vec<String> = parameters.names().map(str::to_owned).collect();
    let identity = |size: usize| -> Vec<f32> {
        (0..size * size)
            .map(|at| if at / size == at % size { 1.0 } else { 0.0 })
            .collect()
    };
    for (name, values) in names.iter().zip(parameters.values_mut()) {
        values.fill(0.0);
        match name.as_str() {
            "embed_state.weight" => values.copy_from_slice(&identity(h)),
            "layers.layers.0.self_attn.in_proj_weight" => {
                for part in values.chunks_mut(h * h) {
                    part.copy_from_slice(&identity(h));
                }
            }
            "layers.layers.0.self_attn.out_proj.weight" => values.copy_from_slice(&identity(h)),
            "predict_action.0.weight" => values.copy_from_slice(&identity(2 * h)),
            norm if norm.ends_with("norm.weight") || norm == "embed_ln2.weight" => values.fill(1.0),
            _ => {}
        }
    }
    let mut rows = rows(&config, 1, 0);
    rows.mask.fill(1.0);
    let states: Vec<Vec<f64>> = rows
        .states
        .chunks(h)
        .map(|state| state.iter().map(|s| f64::from(*s)).collect())
        .collect();
    // Returns and actions are zero tokens. The last state sees R, s, a, R and itself.
    let zero = vec![0.0; h];
    let tokens = [&zero, &states[0], &zero, &zero, &states[1]];
    let score = |token: &[f64]| {
        let dot: f64 = token.iter().zip(&states[1]).map(|(a, b)| a * b).sum();
        (dot / h as f64).exp()
    };
    let sum: f64 = tokens.iter().map(|token| score(token)).sum();
    let mixed = (0..h).map(|i| tokens.iter().map(|t| score(t) / sum * t[i]).sum::<f64>());
    let x: Vec<f64> = mixed.zip(&states[1]).map(|(m, s)| m + s).collect();
    let norm = |x: &[f64]| -> Vec<f64> {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
        x.iter()
            .map(|v| (v - mean) / (variance + 1e-5).sqrt())
            .collect()
    };
    let mut state = norm(&norm(&x));
    // The return sees the first state alone beside zeros, and is itself zero.
    let score_of_zero = 1.0 / 4.0;
    let back: Vec<f64> = states[0].iter().map(|s| s * score_of_zero).collect();
    state.extend(norm(&norm(&back)));
    let expected: Vec<f32> = norm(&state).iter().map(|y| y.tanh() as f32).collect();
    let got = predictions(&config, &parameters, &rows);
    let off = crate::cases::distance(&got[8..], &expected, None);
    assert!(off < 1e-5, "{off}: {got:?} {expected:?}");
}

#[test]
fn later_steps_than_the_table_has_count_as_the_last() {
    for (name, config) in all() {
        let parameters = parameters(&config, 3);
        let mut rows = rows(&config, 1, 0);
        rows.timesteps.fill(config.max_ep_len as u32 - 1);
        let last = predictions(&config, &parameters, &rows);
        rows.timesteps.fill(u32::MAX);
        assert_eq!(last, predictions(&config, &parameters, &rows), "{name}");
    }
}
