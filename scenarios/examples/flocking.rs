//! Birds that keep together, keep apart and fly as their neighbours do.
//!
//! `cargo run --release --example flocking` shows how they gather and align: how many others a bird
//! sees, and the mean cosine between its heading and theirs, 1 when they fly the same way.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use rounds::prelude::*;

/// What others see of a bird.
#[derive(Component, Clone, Copy, PartialEq)]
pub struct Bird {
    /// A way per step, of length 1 once the bird has had its turn.
    pub velocity: Vec2,
}

type Sky = ContinuousSpace<Bird>;

/// A square sky whose opposite sides are joined.
#[derive(Clone, Copy)]
pub struct Flocking {
    /// Length of a side of the sky.
    pub side: f64,
    /// Number of birds.
    pub birds: u32,
    /// How far a bird sees.
    pub visual_distance: f64,
}

impl Flocking {
    /// How many others a bird sees, and the mean cosine between its heading and theirs.
    pub fn look(&self, sky: &Sky) -> [f64; 2] {
        let (mut seen, mut cosines) = (0.0, 0.0);
        for me in (0..self.birds).map(AgentId) {
            let heading = sky[me].velocity.normalized();
            for near in sky.within(me, self.visual_distance) {
                seen += 1.0;
                cosines += heading.dot(near.state.velocity.normalized());
            }
        }
        [seen / f64::from(self.birds), cosines / f64::max(seen, 1.0)]
    }
}

impl PopulationModel for Flocking {
    type Space = Sky;

    fn populate(&self, draws: &mut Stream) -> Result<Sky, SpaceError> {
        let mut sky = Sky::torus(Vec2::new(self.side, self.side), self.visual_distance)?;
        for _ in 0..self.birds {
            let mut draw = |low, high| draws.random_range(low..high);
            let at = Vec2::new(draw(0.0, self.side), draw(0.0, self.side));
            let velocity = Vec2::new(draw(-1.0, 1.0), draw(-1.0, 1.0));
            sky.add(at, Bird { velocity })?;
        }
        Ok(sky)
    }

    fn act(&self, me: AgentId, sky: &mut Sky, _: &mut Stream) -> Result<(), SpaceError> {
        let mut neighbours = 0.0_f64;
        let (mut cohere, mut separate, mut follow) = (Vec2::ZERO, Vec2::ZERO, Vec2::ZERO);
        for near in sky.within(me, self.visual_distance) {
            neighbours += 1.0;
            cohere += near.offset;
            follow += near.state.velocity;
            if near.distance_squared < 1.0 {
                separate -= near.offset;
            }
        }
        let turn = cohere * 0.03 + separate * 0.015 + follow * 0.05;
        let velocity = (sky[me].velocity + turn / neighbours.max(1.0)).normalized();
        sky[me].velocity = velocity;
        sky.shift(me, velocity)
    }
}

fn main() -> Result<(), PopulationError> {
    let model = Flocking {
        side: 100.0,
        birds: 200,
        visual_distance: 5.0,
    };
    Population::new(model, RunSeed(7))?.watch(100, |flock| {
        if flock.steps() % 10 == 0 {
            let [seen, alignment] = flock.model().look(flock.space());
            let step = flock.steps();
            println!("step {step:3}: a bird sees {seen:.1} others, cosine {alignment:.2}");
        }
    })
}
