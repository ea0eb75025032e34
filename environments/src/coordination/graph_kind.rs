//! Kinds of communication graphs.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::graph::{CommGraph, GraphError};
use crate::streams::Stream;

/// How a communication graph is made.
///
/// # Source
/// MA-OC card, section 8.1: complete, and Erdos-Renyi of mean degree 4 drawn until connected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum GraphKind {
    /// Everybody with everybody.
    #[default]
    Complete,
    /// Each pair with a chance of its own, drawn again until all are connected.
    ErdosRenyi {
        /// The chance.
        density: Density,
    },
    /// A circle.
    Ring,
    /// Rows and columns as near to a square as the number of agents allows; the last row may be short.
    Grid,
    /// Agent 0 with everybody.
    Star,
    /// A line.
    Path,
    /// Given edges; see [`read_edges`](super::read_edges).
    Edges {
        /// Pairs of agents.
        edges: Vec<(usize, usize)>,
    },
    /// Given weights, 0 where there is no edge; see [`read_weights`](super::read_weights).
    Weights {
        /// `W`, `[n][n]`.
        weights: Vec<Vec<f64>>,
    },
}

/// How dense a random graph is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Density {
    /// Neighbours of an agent on average; the chance of an edge is this over `n - 1`, at most 1.
    MeanDegree(f64),
    /// Chance of an edge.
    Probability(f64),
}

/// Most graphs that are drawn until one is connected.
const TRIES: u32 = 10_000;

impl GraphKind {
    /// A graph of this kind over `agents`.
    ///
    /// # Errors
    /// [`GraphError`] when a parameter cannot be, the weights are for another number of agents, or the
    /// graph is disconnected and not `allow_disconnected`; for random graphs, when none of 10000
    /// is connected.
    pub fn make(
        &self,
        agents: usize,
        stream: &mut Stream,
        allow_disconnected: bool,
    ) -> Result<CommGraph, GraphError> {
        let made = |edges: Vec<_>| CommGraph::metropolis(agents, &edges, allow_disconnected);
        match self {
            Self::Complete => made(pairs(agents).collect()),
            Self::ErdosRenyi { density } => random_graph(
                agents,
                density.probability(agents)?,
                stream,
                allow_disconnected,
            ),
            Self::Ring => {
                let mut edges: Vec<_> = path(agents).collect();
                if agents > 2 {
                    edges.push((agents - 1, 0));
                }
                made(edges)
            }
            Self::Grid => made(grid(agents)),
            Self::Star => made((1..agents).map(|i| (0, i)).collect()),
            Self::Path => made(path(agents).collect()),
            Self::Edges { edges } => made(edges.clone()),
            Self::Weights { weights } => {
                let got = weights.len();
                if got != agents {
                    return Err(GraphError::Agents {
                        expected: agents,
                        got,
                    });
                }
                CommGraph::weighted(weights, allow_disconnected)
            }
        }
    }
}

impl Density {
    fn probability(self, agents: usize) -> Result<f64, GraphError> {
        match self {
            Self::MeanDegree(degree) if degree.is_finite() && degree >= 0.0 => {
                Ok((degree / agents.saturating_sub(1).max(1) as f64).min(1.0))
            }
            Self::Probability(p) if (0.0..=1.0).contains(&p) => Ok(p),
            Self::MeanDegree(got) => Err(GraphError::Density {
                what: "mean degree",
                got,
                expected: "a number of at least 0",
            }),
            Self::Probability(got) => Err(GraphError::Density {
                what: "probability of an edge",
                got,
                expected: "a number from 0 to 1",
            }),
        }
    }
}

fn pairs(agents: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..agents).flat_map(move |a| (a + 1..agents).map(move |b| (a, b)))
}

fn path(agents: usize) -> impl Iterator<Item = (usize, usize)> {
    (1..agents).map(|i| (i - 1, i))
}

fn grid(agents: usize) -> Vec<(usize, usize)> {
    let rows = agents.isqrt().max(1);
    let columns = agents.div_ceil(rows);
    let right = (1..agents).filter(|i| i % columns != 0).map(|i| (i - 1, i));
    let down = (columns..agents).map(|i| (i - columns, i));
    right.chain(down).collect()
}

fn random_graph(
    agents: usize,
    p: f64,
    stream: &mut Stream,
    allow_disconnected: bool,
) -> Result<CommGraph, GraphError> {
    let mut edges = Vec::new();
    for _ in 0..TRIES {
        edges.clear();
        edges.extend(pairs(agents).filter(|_| stream.random::<f64>() < p));
        match CommGraph::metropolis(agents, &edges, allow_disconnected) {
            Err(GraphError::Disconnected { .. }) => {}
            made => return made,
        }
    }
    Err(GraphError::NeverConnected {
        agents,
        p,
        tries: TRIES,
    })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn make(kind: GraphKind, agents: usize) -> Result<CommGraph, GraphError> {
        kind.make(agents, &mut Stream::seed_from_u64(3), false)
    }

    #[test]
    fn kinds_have_their_edges_and_diameters() {
        let known = [
            (GraphKind::Complete, 7, 21, 1),
            (GraphKind::Ring, 7, 7, 3),
            (GraphKind::Grid, 7, 8, 4),
            (GraphKind::Grid, 9, 12, 4),
            (GraphKind::Star, 7, 6, 2),
            (GraphKind::Path, 7, 6, 6),
            (GraphKind::Ring, 2, 1, 1),
        ];
        for (kind, agents, edges, diameter) in known {
            let graph = make(kind.clone(), agents).unwrap();
            assert_eq!(
                (graph.edges(), graph.diameter()),
                (edges, diameter),
                "{kind:?}"
            );
        }
        for kind in [
            GraphKind::Complete,
            GraphKind::Ring,
            GraphKind::Grid,
            GraphKind::Star,
            GraphKind::Path,
        ] {
            assert_eq!(make(kind, 1).unwrap().edges(), 0);
        }
    }

    #[test]
    fn random_graphs_are_connected_and_as_dense_as_asked() {
        let density = Density::MeanDegree(4.0);
        let mut stream = Stream::seed_from_u64(1);
        let mut edges = 0;
        for _ in 0..100 {
            let kind = GraphKind::ErdosRenyi { density };
            edges += kind.make(20, &mut stream, false).unwrap().edges();
        }
        // 40 edges each on average, a little more among connected ones.
        assert!((3900..4500).contains(&edges), "{edges}");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let density = Density::Probability(0.0);
        let error = make(GraphKind::ErdosRenyi { density }, 3).unwrap_err();
        assert!(error.to_string().contains("10000"), "{error}");
        let density = Density::Probability(1.5);
        assert!(make(GraphKind::ErdosRenyi { density }, 3).is_err());
        let density = Density::MeanDegree(f64::NAN);
        assert!(make(GraphKind::ErdosRenyi { density }, 3).is_err());
        let weights = vec![vec![1.0]];
        assert!(make(GraphKind::Weights { weights }, 2).is_err());
        assert!(make(GraphKind::Complete, 0).is_err());
        let edges = vec![(0, 1)];
        assert!(make(GraphKind::Edges { edges }, 3).is_err());
    }
}
