//! What the report shows of an arm, gathered from its episodes one after the other.

use std::collections::BTreeMap;

use rounds_policies::coordination::Method;
use serde_json::Value;

use crate::report::Paths;
use crate::run::{Episode, EventLine};

/// Points of a curve at most.
const POINTS: usize = 100;

/// One configuration under one arm.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OfConfiguration {
    /// Facts of its first episode.
    pub facts: Facts,
    /// Rounds of the points of the curves.
    pub rounds: Vec<u32>,
    /// Running average utility of every episode, `[episodes][points]`.
    pub utility: Vec<Vec<f64>>,
    /// Running average of the reference, `[episodes][points]`; rows are empty without one.
    pub best: Vec<Vec<f64>>,
    /// Path length of the reference of every episode that has one.
    pub path_length: Vec<f64>,
    /// Largest measured curvature.
    pub curvature: Option<f64>,
    /// Messages and floats a round.
    pub traffic: [f64; 2],
    /// Paths of its first episode.
    pub paths: Paths,
}

/// What the first event of an episode says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Agents.
    pub agents: u64,
    /// Elements of the ground set.
    pub elements: u64,
    /// Rounds.
    pub horizon: u64,
    /// Class of the objective.
    pub class: String,
    /// DR ratio, where it is known.
    pub alpha: Option<f64>,
    /// Edges of the graph.
    pub edges: u64,
    /// Its diameter.
    pub diameter: u64,
    /// Second largest absolute eigenvalue of its weights.
    pub tau: f64,
}

impl Facts {
    fn new(event: &EventLine) -> Self {
        let count = |key: &str| event.fields.get(key).and_then(Value::as_u64).unwrap_or(0);
        Self {
            agents: count("agents"),
            elements: count("elements"),
            horizon: count("horizon"),
            class: event.text("class").unwrap_or_default().to_owned(),
            alpha: event.number("alpha"),
            edges: count("edges"),
            diameter: count("diameter"),
            tau: event.number("tau").unwrap_or(f64::NAN),
        }
    }
}

/// All configurations under one arm, in the order of their names.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered {
    /// The method with its settings; `None` where a language model is asked.
    pub method: Option<Method>,
    /// Configurations by name.
    pub configurations: BTreeMap<String, OfConfiguration>,
}

impl Gathered {
    /// Nothing yet, of an arm of this method.
    pub fn new(method: Option<Method>) -> Self {
        Self {
            method,
            configurations: BTreeMap::new(),
        }
    }

    /// Adds an episode; one that did not come to its end is left out.
    pub fn add(&mut self, episode: &Episode) {
        let began = episode.events.iter().find(|e| e.kind == "began");
        let finished = episode.events.iter().find(|e| e.kind == "finished");
        let (Some(began), Some(finished)) = (began, finished) else {
            return;
        };
        let name = began.text("configuration").unwrap_or_default();
        let of = self.configurations.entry(name.to_owned()).or_default();
        let first = of.utility.is_empty();
        if first {
            of.facts = Facts::new(began);
            let rounds = f64::from(finished.round.max(1));
            let sent = |key: &str| finished.number(key).unwrap_or(0.0) / rounds;
            of.traffic = [sent("messages"), sent("floats")];
            of.rounds = checkpoints(finished.round);
        }
        let (mut utility, mut best, mut moved) = (0.0, 0.0, None);
        let (mut curve, mut reference) = (Vec::new(), Vec::new());
        let mut next = 0;
        for event in &episode.events {
            match event.kind.as_str() {
                "acted" => {
                    utility += event.number("utility").unwrap_or(f64::NAN);
                    let known = event.number("best");
                    best += known.unwrap_or(0.0);
                    if let Some(changed) = event.number("moved") {
                        *moved.get_or_insert(0.0) += changed;
                    }
                    if let Some(c) = event.number("curvature") {
                        of.curvature = Some(of.curvature.map_or(c, |most| most.max(c)));
                    }
                    if of.rounds.get(next) == Some(&event.round) {
                        let rounds = f64::from(event.round);
                        curve.push(utility / rounds);
                        reference.extend(known.map(|_| best / rounds));
                        next += 1;
                    }
                }
                "moved" if first => {
                    of.paths.agents.push(positions(event, "agents"));
                    of.paths.targets.push(positions(event, "targets"));
                }
                _ => {}
            }
        }
        of.utility.push(curve);
        of.best.push(reference);
        of.path_length.extend(moved);
    }

    /// Adds what was gathered of the same arm with another seed.
    pub fn merge(&mut self, other: Self) {
        for (name, theirs) in other.configurations {
            match self.configurations.get_mut(&name) {
                None => {
                    self.configurations.insert(name, theirs);
                }
                Some(ours) => {
                    ours.utility.extend(theirs.utility);
                    ours.best.extend(theirs.best);
                    ours.path_length.extend(theirs.path_length);
                    ours.curvature = match (ours.curvature, theirs.curvature) {
                        (Some(a), Some(b)) => Some(a.max(b)),
                        (a, b) => a.or(b),
                    };
                }
            }
        }
    }
}

/// Rounds at which a curve has a point: the first, then evenly to the last.
fn checkpoints(last: u32) -> Vec<u32> {
    let count = POINTS.min(last as usize).max(1);
    let mut rounds: Vec<u32> = (1..=count)
        .map(|k| (k as u64 * u64::from(last) / count as u64).max(1) as u32)
        .collect();
    rounds.dedup();
    rounds
}

fn positions(event: &EventLine, key: &str) -> Vec<[f64; 2]> {
    let list = event.fields.get(key).and_then(Value::as_array);
    let points = list.into_iter().flatten();
    points
        .filter_map(|point| Some([point.get(0)?.as_f64()?, point.get(1)?.as_f64()?]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_running_averages_with_a_point_at_the_last_round() {
        assert_eq!(checkpoints(3), [1, 2, 3]);
        let many = checkpoints(1250);
        assert_eq!((many.len(), many[99]), (POINTS, 1250));
        let lines = [
            r#"{"e":0,"r":0,"n":0,"t":0,"side":"world","agent":"","kind":"began","configuration":"a","agents":2}"#,
            r#"{"e":0,"r":1,"n":1,"t":1,"side":"agent","agent":"","kind":"acted","utility":1.0,"best":2.0,"moved":0}"#,
            r#"{"e":0,"r":2,"n":2,"t":2,"side":"agent","agent":"","kind":"acted","utility":3.0,"best":4.0,"moved":2}"#,
            r#"{"e":0,"r":2,"n":3,"t":2,"side":"world","agent":"","kind":"finished","messages":8,"floats":80}"#,
        ];
        let episode = Episode {
            episode: 0,
            events: lines
                .iter()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect(),
        };
        let mut gathered = Gathered::new(Some(Method::Random));
        gathered.add(&episode);
        gathered.merge(gathered.clone());
        let of = &gathered.configurations["a"];
        assert_eq!(of.utility, vec![vec![1.0, 2.0]; 2]);
        assert_eq!(of.best[0], [2.0, 3.0]);
        assert_eq!((of.path_length[0], of.traffic), (2.0, [4.0, 40.0]));
    }
}
