//! Birds that keep together, keep apart and fly as their neighbours do.
//!
//! `cargo run --release --example flocking` shows how their headings become one: the order of the
//! flock is the length of its mean velocity.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use std::ops::{Add, Range};

use rounds::prelude::*;

#[derive(Component, Clone, Copy, PartialEq)]
pub struct Bird {
    pub velocity: Vec2,
}

pub struct Flocking {
    pub side: f64,
    pub birds: u32,
    pub visual_distance: f64,
}

impl PopulationModel for Flocking {
    type Space = ContinuousSpace<Bird>;

    fn populate(&self, draws: &mut Stream) -> Result<ContinuousSpace<Bird>, SpaceError> {
        let extent = Vec2::new(self.side, self.side);
        let mut sky = ContinuousSpace::torus(extent, self.visual_distance)?;
        for _ in 0..self.birds {
            let mut draw = |range: Range<f64>| draws.random_range(range);
            let at = Vec2::new(draw(0.0..self.side), draw(0.0..self.side));
            let velocity = Vec2::new(draw(-1.0..1.0), draw(-1.0..1.0));
            sky.add(at, Bird { velocity })?;
        }
        Ok(sky)
    }

    fn act(
        &self,
        me: AgentId,
        sky: &mut ContinuousSpace<Bird>,
        _: &mut Stream,
    ) -> Result<(), SpaceError> {
        let mut neighbours = 0;
        let (mut cohere, mut separate, mut follow) = (Vec2::ZERO, Vec2::ZERO, Vec2::ZERO);
        for near in sky.within(me, self.visual_distance) {
            neighbours += 1;
            cohere += near.offset;
            follow += near.state.velocity;
            if near.distance_squared < 1.0 {
                separate -= near.offset;
            }
        }
        let number = f64::from(neighbours.max(1));
        let turn = (cohere * 0.03 + separate * 0.015 + follow * 0.05) / number;
        let velocity = (sky[me].velocity + turn).normalized();
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
    let mut flock = Population::new(model, RunSeed(7))?;
    for step in 0..=100 {
        if step % 10 == 0 {
            let birds = flock
                .agents()
                .map(|bird| flock.space()[bird].velocity.normalized());
            let order = birds.fold(Vec2::ZERO, Add::add).length() / 200.0;
            println!("step {step:3}: order {order:.3}");
        }
        flock.step()?;
    }
    Ok(())
}
