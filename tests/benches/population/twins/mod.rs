//! Flocking and Schelling as one writes them by hand: arrays and loops, no framework. They share
//! with the examples what is drawn (the streams and the order of activation) and nothing else.
//!
//! Whoever includes them includes the examples too, as `crate::flocking` and `crate::schelling`.

pub(crate) mod flocking;
pub(crate) mod schelling;

use rounds::agents::population::{Population, PopulationModel};
use rounds::environments::ids::{EpisodeIx, RoundIx};
use rounds::environments::space::shuffle;
use rounds::environments::streams::{Purpose, RunSeed, Stream, StreamKey};

use crate::flocking::Flocking;
use crate::schelling::Schelling;

/// The two sizes of the public comparison of frameworks, 100 steps each.
pub(crate) const FLOCKING: [(&str, Flocking); 2] = [
    (
        "flocking small",
        Flocking {
            side: 100.0,
            birds: 200,
            visual_distance: 5.0,
        },
    ),
    (
        "flocking large",
        Flocking {
            side: 150.0,
            birds: 400,
            visual_distance: 15.0,
        },
    ),
];

/// The two sizes of the public comparison of frameworks, 20 steps each.
pub(crate) const SCHELLING: [(&str, Schelling); 2] = [
    (
        "schelling small",
        Schelling {
            side: 40,
            residents: 1000,
            radius: 1,
            min_to_be_happy: 3,
        },
    ),
    (
        "schelling large",
        Schelling {
            side: 100,
            residents: 8000,
            radius: 2,
            min_to_be_happy: 8,
        },
    ),
];

/// A model by hand.
pub(crate) trait Twin<M: PopulationModel>: Sized {
    /// The start.
    fn new(model: &M, seed: RunSeed) -> Self;

    /// Lets every agent act once.
    fn step(&mut self);

    /// Whether all agents, as entities and in the space, are bit for bit where and what they are here.
    fn equals(&self, population: &mut Population<M>) -> bool;
}

/// The draws of a step, from 1; the start draws from step 0.
fn draws(seed: RunSeed, step: u32) -> Stream {
    StreamKey {
        round: RoundIx(step),
        ..StreamKey::episode(seed, EpisodeIx(0), Purpose::Dynamics)
    }
    .open()
}

/// Puts the agents into the order in which they act.
fn draw_order(order: &mut [u32], stream: &mut Stream) {
    for (number, agent) in (0..).zip(order.iter_mut()) {
        *agent = number;
    }
    shuffle(order, stream);
}
