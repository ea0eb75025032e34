//! What agents that read are told of places.

use serde_json::{Value, json};

use super::motion::distance;

/// Most targets that an agent is told of.
const NEAREST: usize = 10;

/// Parts of a unit that are told.
const PARTS: f64 = 1000.0;

/// A number to three places.
pub(super) fn short(number: f64) -> f64 {
    (number * PARTS).round() / PARTS
}

/// A place to three places.
pub(super) fn place([x, y]: [f64; 2]) -> Value {
    json!([short(x), short(y)])
}

/// The targets nearest to `from`, nearest first and the lower number first where two are as near;
/// `more` adds what is known of a target beside its place.
pub(super) fn targets(
    from: [f64; 2],
    places: impl Iterator<Item = [f64; 2]>,
    more: impl Fn(usize, &mut Value),
) -> Value {
    let mut near: Vec<(usize, [f64; 2], f64)> = places
        .enumerate()
        .map(|(target, place)| (target, place, distance(from, place)))
        .collect();
    near.sort_by(|a, b| a.2.total_cmp(&b.2));
    near.truncate(NEAREST);
    let told = near.into_iter().map(|(target, at, away)| {
        let mut told = json!({"target": target, "place": place(at), "distance": short(away)});
        more(target, &mut told);
        told
    });
    told.collect()
}
