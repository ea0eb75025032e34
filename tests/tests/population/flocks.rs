//! What the definition of flocking says.

use rounds::prelude::*;

use crate::flocking::{Bird, Flocking};
use crate::twins::FLOCKING;

type Sky = ContinuousSpace<Bird>;

fn start(model: &Flocking, seed: u64) -> Sky {
    let key = StreamKey::episode(RunSeed(seed), EpisodeIx(0), Purpose::Dynamics);
    model.populate(&mut key.open()).unwrap()
}

fn birds(model: &Flocking) -> impl Iterator<Item = AgentId> + use<> {
    (0..model.birds).map(AgentId)
}

/// The offset to the nearest image on a torus.
fn offset(from: Vec2, to: Vec2, side: f64) -> Vec2 {
    let nearest = |offset: f64| offset - side * (offset / side).round();
    Vec2::new(nearest(to.x - from.x), nearest(to.y - from.y))
}

/// The new velocity of `me` by a look at all birds.
fn by_definition(model: &Flocking, sky: &Sky, me: AgentId) -> Vec2 {
    let mut neighbours = 0.0_f64;
    let [mut cohere, mut separate, mut follow] = [Vec2::ZERO; 3];
    for other in birds(model).filter(|&other| other != me) {
        let to = offset(sky.place(me), sky.place(other), model.side);
        if to.length() <= model.visual_distance {
            neighbours += 1.0;
            cohere += to * 0.03;
            follow += sky[other].velocity * 0.05;
            if to.length() < 1.0 {
                separate -= to * 0.015;
            }
        }
    }
    let velocity = sky[me].velocity + (cohere + separate + follow) / neighbours.max(1.0);
    velocity / velocity.length()
}

#[test]
fn every_turn_is_that_of_the_definition() {
    for (name, model) in FLOCKING {
        let mut sky = start(&model, 3);
        let mut draws = StreamKey::episode(RunSeed(0), EpisodeIx(0), Purpose::Custom).open();
        for turn in 0..2_000 {
            let me = AgentId(turn % model.birds);
            let (from, expected) = (sky.place(me), by_definition(&model, &sky, me));
            model.act(me, &mut sky, &mut draws).unwrap();
            let apart = (sky[me].velocity - expected).length();
            assert!(apart < 1e-12, "{name}, turn {turn}: {apart:e}");
            let moved = offset(from, sky.place(me), model.side);
            assert!((moved - sky[me].velocity).length() < 1e-12);
        }
    }
}

#[test]
fn birds_begin_anywhere_with_velocities_of_any_length() {
    let mut all = Vec::new();
    for (_, model) in FLOCKING {
        for seed in 0..20 {
            let sky = start(&model, seed);
            assert_eq!(sky.agents() as u32, model.birds);
            for bird in birds(&model) {
                let (at, velocity) = (sky.place(bird), sky[bird].velocity);
                all.extend([at.x, at.y].map(|x| x / model.side * 2.0 - 1.0));
                all.extend([velocity.x, velocity.y]);
            }
        }
    }
    assert!(all.iter().all(|x| (-1.0..1.0).contains(x)));
    let number = all.len() as f64;
    let mean = all.iter().sum::<f64>() / number;
    let square = all.iter().map(|x| x * x).sum::<f64>() / number;
    // Uniform on (-1, 1): mean 0, mean square 1/3; five standard errors.
    assert!(mean.abs() < 5.0 * (1.0 / 3.0 / number).sqrt(), "{mean}");
    assert!(
        (square - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / number).sqrt(),
        "{square}"
    );
}

/// At first birds see as many others as a uniform crowd has, flying anywhere. After 100 steps the small
/// flocks of these seeds see 4.2 others in the mean, with a cosine of 0.60; the large ones 46, with 0.18.
#[test]
fn birds_gather_and_align() {
    for ((name, model), [seen_before, seen_after, aligned]) in FLOCKING.into_iter().zip([
        [1.3..1.9, 3.7..4.7, 0.4..0.8],
        [12.0..13.1, 30.0..60.0, 0.08..0.4],
    ]) {
        let mut ends = [[0.0; 2]; 10];
        for (seed, end) in (0..).zip(&mut ends) {
            let mut flock = Population::new(model, RunSeed(seed)).unwrap();
            let [seen, alignment] = model.look(flock.space());
            assert!(seen_before.contains(&seen), "{name}: {seen}");
            assert!(alignment.abs() < 0.25, "{name}: {alignment}");
            flock.run(100).unwrap();
            *end = model.look(flock.space());
        }
        assert!(
            ends.iter().all(|[seen, _]| seen_after.contains(seen)),
            "{name}: {ends:?}"
        );
        let alignment = ends.iter().map(|[_, alignment]| alignment).sum::<f64>() / 10.0;
        assert!(aligned.contains(&alignment), "{name}: {alignment}");
    }
}
