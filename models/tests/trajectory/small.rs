//! Small models of every architecture, and rows for them.

use rounds_environments::streams::RunSeed;
use rounds_models::trajectory::{
    Activation, Architecture, Parameters, RelationLookup, TrajectoryConfig,
};

use crate::cases::Rows;

/// Every architecture, in sizes that are no multiples of anything.
pub(crate) fn all() -> Vec<(&'static str, TrajectoryConfig)> {
    let base = TrajectoryConfig {
        observation: 5,
        action: 3,
        hidden: 12,
        layers: 2,
        heads: 2,
        context: 6,
        max_ep_len: 30,
        ..TrajectoryConfig::default()
    };
    let of = |architecture| TrajectoryConfig {
        architecture,
        ..base.clone()
    };
    vec![
        ("dt", of(Architecture::Dt)),
        (
            "dt, gelu, a block",
            TrajectoryConfig {
                activation: Activation::Gelu,
                layers: 1,
                ..base.clone()
            },
        ),
        ("gdt", of(Architecture::Gdt)),
        (
            "gdt, official",
            TrajectoryConfig {
                relation_lookup: RelationLookup::Official,
                ..of(Architecture::Gdt)
            },
        ),
        ("gdt-plus", of(Architecture::GdtPlus)),
        ("dc", of(Architecture::Dc)),
        (
            "dc, no actions",
            TrajectoryConfig {
                action_tokens: false,
                window: 3,
                ..of(Architecture::Dc)
            },
        ),
        ("bc", of(Architecture::Bc)),
        (
            "bc, three states",
            TrajectoryConfig {
                cloned_states: 3,
                ..of(Architecture::Bc)
            },
        ),
    ]
}

/// Numbers between -1 and 1 that look like chance.
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let each = (0..count).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    });
    each.collect()
}

/// Parameters whose norms and biases are not at rest.
pub(crate) fn parameters(config: &TrajectoryConfig, seed: u64) -> Parameters {
    let mut parameters = Parameters::random(config, RunSeed(seed)).expect("settings that can be");
    for (at, values) in parameters.values_mut().enumerate() {
        let noise = numbers(values.len(), seed + at as u64);
        for (value, noise) in values.iter_mut().zip(noise) {
            *value += 0.2 * noise;
        }
    }
    parameters
}

/// Rows with from one step to all of the context.
pub(crate) fn rows(config: &TrajectoryConfig, rows: usize, seed: u64) -> Rows {
    let k = config.context;
    let mut mask = Vec::new();
    let mut timesteps = Vec::new();
    for row in 0..rows {
        let padding = (row * 7 + seed as usize) % k;
        mask.extend((0..k).map(|at| if at < padding { 0.0 } else { 1.0 }));
        timesteps.extend((0..k).map(|at| (at.saturating_sub(padding) + row % 40) as u32));
    }
    Rows {
        rows,
        context: k,
        states: numbers(rows * k * config.observation, seed + 1),
        actions: numbers(rows * k * config.action, seed + 2),
        returns: numbers(rows * k, seed + 3),
        timesteps,
        mask,
    }
}
