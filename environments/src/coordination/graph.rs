//! Communication graphs with their mixing weights.
//!
//! # Source
//! MA-OC card, sections 2 and 5 (Metropolis weights).

use super::spectrum::largest_eigenvalue;

/// Why a graph cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// Nobody is there.
    #[error("expected at least one agent, got none")]
    Empty,
    /// An edge to nobody, or from an agent to itself.
    #[error("edge {a}-{b}: expected two different agents from 0 to {last}")]
    Edge {
        /// One end.
        a: usize,
        /// The other end.
        b: usize,
        /// Largest agent.
        last: usize,
    },
    /// Messages cannot reach everybody.
    #[error(
        "the graph is disconnected: no path leads from agent {from} to agent {to}; allow_disconnected \
         permits it"
    )]
    Disconnected {
        /// One agent.
        from: usize,
        /// An agent out of its reach.
        to: usize,
    },
    /// The weights are of another shape.
    #[error("weights: expected {expected} x {expected} numbers, got {got} in row {row}")]
    Shape {
        /// Agents.
        expected: usize,
        /// Numbers found.
        got: usize,
        /// Where.
        row: usize,
    },
    /// Weights for other agents.
    #[error("weights: expected {expected} rows, one an agent, got {got}")]
    Agents {
        /// Agents.
        expected: usize,
        /// Rows.
        got: usize,
    },
    /// A random graph cannot be as dense as that.
    #[error("{what}: expected {expected}, got {got}")]
    Density {
        /// Which number.
        what: &'static str,
        /// The number.
        got: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// Too few edges to hope for.
    #[error(
        "none of {tries} random graphs of {agents} agents with edges of probability {p} was connected"
    )]
    NeverConnected {
        /// Agents.
        agents: usize,
        /// Probability of an edge.
        p: f64,
        /// Graphs drawn.
        tries: u32,
    },
    /// A weight that cannot be.
    #[error("weight of {a} and {b} is {got}: expected {expected}")]
    Weight {
        /// One agent.
        a: usize,
        /// The other.
        b: usize,
        /// The weight.
        got: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// Rows of the weights must sum to 1.
    #[error("weights are not doubly stochastic: row {row} sums to {got}, expected 1")]
    NotStochastic {
        /// Which row.
        row: usize,
        /// Its sum.
        got: f64,
    },
}

/// Rows may miss a sum of 1 by this much.
const TOLERANCE: f64 = 1e-9;

/// An undirected graph over agents with a symmetric, doubly stochastic mixing matrix `W`.
///
/// Neighbours are dense arrays by agent id.
#[derive(Debug, Clone, PartialEq)]
pub struct CommGraph {
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    /// Weight of each entry of `neighbours`.
    weights: Vec<f64>,
    own: Vec<f64>,
    /// Hops between agents, `[n][n]`; `u32::MAX` out of reach.
    hops: Vec<u32>,
    tau: f64,
}

impl CommGraph {
    /// A graph with Metropolis weights: `w_ij = 1 / (1 + max(deg_i, deg_j))` on edges, and the rest
    /// of each row on its diagonal.
    ///
    /// Edges may stand in any order and twice.
    ///
    /// # Errors
    /// [`GraphError`] when an edge is none, or some agent is out of reach and not `allow_disconnected`.
    pub fn metropolis(
        agents: usize,
        edges: &[(usize, usize)],
        allow_disconnected: bool,
    ) -> Result<Self, GraphError> {
        let lists = adjacency(agents, edges)?;
        let degree = |i: usize| lists[i].len() as f64;
        let weight = |i: usize, j: u32| 1.0 / (1.0 + degree(i).max(degree(j as usize)));
        Self::build(&lists, weight, allow_disconnected)
    }

    /// A graph with weights of one's own; an edge is where a weight is not 0.
    ///
    /// # Errors
    /// [`GraphError`] when the matrix is not symmetric and doubly stochastic, or as
    /// [`CommGraph::metropolis`].
    pub fn weighted(weights: &[Vec<f64>], allow_disconnected: bool) -> Result<Self, GraphError> {
        let n = weights.len();
        let mut edges = Vec::new();
        for (a, row) in weights.iter().enumerate() {
            if row.len() != n {
                return Err(GraphError::Shape {
                    expected: n,
                    got: row.len(),
                    row: a,
                });
            }
            for (b, &got) in row.iter().enumerate() {
                if !(got.is_finite() && got >= 0.0) {
                    let expected = "a number of at least 0";
                    return Err(GraphError::Weight {
                        a,
                        b,
                        got,
                        expected,
                    });
                }
                let back = weights[b].get(a).copied().unwrap_or(f64::NAN);
                if (got - back).abs() > TOLERANCE {
                    let expected = "the same weight both ways";
                    return Err(GraphError::Weight {
                        a,
                        b,
                        got,
                        expected,
                    });
                }
                if a < b && got != 0.0 {
                    edges.push((a, b));
                }
            }
            let got: f64 = row.iter().sum();
            if (got - 1.0).abs() > TOLERANCE {
                return Err(GraphError::NotStochastic { row: a, got });
            }
        }
        let lists = adjacency(n, &edges)?;
        Self::build(&lists, |i, j| weights[i][j as usize], allow_disconnected)
    }

    fn build(
        lists: &[Vec<u32>],
        weight: impl Fn(usize, u32) -> f64,
        allow_disconnected: bool,
    ) -> Result<Self, GraphError> {
        let n = lists.len();
        let mut graph = Self {
            starts: vec![0],
            neighbours: Vec::new(),
            weights: Vec::new(),
            own: Vec::with_capacity(n),
            hops: hops(lists, allow_disconnected)?,
            tau: 0.0,
        };
        for (i, list) in lists.iter().enumerate() {
            let mut rest = 1.0;
            for &j in list {
                let w = weight(i, j);
                rest -= w;
                graph.neighbours.push(j);
                graph.weights.push(w);
            }
            graph.own.push(rest);
            graph.starts.push(graph.neighbours.len());
        }
        graph.tau = second_eigenvalue(&graph);
        Ok(graph)
    }

    /// Number of agents.
    pub fn agents(&self) -> usize {
        self.own.len()
    }

    /// Number of undirected edges.
    pub fn edges(&self) -> usize {
        self.neighbours.len() / 2
    }

    /// Neighbours of an agent, ascending, each with its weight.
    pub fn neighbours(&self, agent: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[agent]..self.starts[agent + 1];
        let weights = self.weights[range.clone()].iter().copied();
        self.neighbours[range]
            .iter()
            .map(|&j| j as usize)
            .zip(weights)
    }

    /// Number of neighbours of an agent.
    pub fn degree(&self, agent: usize) -> usize {
        self.starts[agent + 1] - self.starts[agent]
    }

    /// Weight of an agent's own copy, `w_ii`.
    pub fn own_weight(&self, agent: usize) -> f64 {
        self.own[agent]
    }

    /// Hops between two agents; `None` out of reach.
    pub fn hops(&self, from: usize, to: usize) -> Option<u32> {
        let hops = self.hops[from * self.agents() + to];
        (hops != u32::MAX).then_some(hops)
    }

    /// The longest of all shortest paths within reach, `d(G)`; 0 for one agent.
    pub fn diameter(&self) -> u32 {
        let finite = self.hops.iter().copied().filter(|&h| h != u32::MAX);
        finite.max().unwrap_or(0)
    }

    /// Second largest absolute eigenvalue of `W`; 0 for one agent.
    pub fn tau(&self) -> f64 {
        self.tau
    }
}

fn adjacency(agents: usize, edges: &[(usize, usize)]) -> Result<Vec<Vec<u32>>, GraphError> {
    if agents == 0 {
        return Err(GraphError::Empty);
    }
    let mut lists = vec![Vec::new(); agents];
    for &(a, b) in edges {
        if a == b || a >= agents || b >= agents {
            let last = agents - 1;
            return Err(GraphError::Edge { a, b, last });
        }
        lists[a].push(b as u32);
        lists[b].push(a as u32);
    }
    for list in &mut lists {
        list.sort_unstable();
        list.dedup();
    }
    Ok(lists)
}

/// Breadth-first search from every agent. Whether all are within reach is known after the first, so that
/// drawing graphs until one is connected costs little.
fn hops(lists: &[Vec<u32>], allow_disconnected: bool) -> Result<Vec<u32>, GraphError> {
    let n = lists.len();
    let mut hops = Vec::with_capacity(n * n);
    let mut queue = Vec::with_capacity(n);
    for from in 0..n {
        hops.resize((from + 1) * n, u32::MAX);
        let row = &mut hops[from * n..];
        row[from] = 0;
        queue.clear();
        queue.push(from);
        let mut at = 0;
        while let Some(&i) = queue.get(at) {
            at += 1;
            for &j in &lists[i] {
                let j = j as usize;
                if row[j] == u32::MAX {
                    row[j] = row[i] + 1;
                    queue.push(j);
                }
            }
        }
        if let Some(to) = row.iter().position(|&h| h == u32::MAX)
            && !allow_disconnected
        {
            return Err(GraphError::Disconnected { from, to });
        }
    }
    Ok(hops)
}

/// Second largest absolute eigenvalue of `W`, the largest of `W - 11ᵀ/n`.
fn second_eigenvalue(graph: &CommGraph) -> f64 {
    let n = graph.agents();
    let mut a = vec![-1.0 / n as f64; n * n];
    for i in 0..n {
        a[i * n + i] += graph.own_weight(i);
        for (j, w) in graph.neighbours(i) {
            a[i * n + j] += w;
        }
    }
    largest_eigenvalue(&a, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(n: usize) -> Vec<(usize, usize)> {
        (1..n).map(|i| (i - 1, i)).collect()
    }

    #[test]
    fn a_complete_graph_averages_in_one_step() {
        let edges: Vec<_> = (0..4).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
        let graph = CommGraph::metropolis(4, &edges, false).unwrap();
        assert!(graph.tau() < 1e-12, "{}", graph.tau());
        assert_eq!((graph.diameter(), graph.edges()), (1, 6));
        assert!(graph.neighbours(0).all(|(_, w)| (w - 0.25).abs() < 1e-15));
        assert!((graph.own_weight(2) - 0.25).abs() < 1e-15);
    }

    #[test]
    fn a_path_of_three_has_its_known_eigenvalue() {
        // W = [[2/3, 1/3, 0], [1/3, 1/3, 1/3], [0, 1/3, 2/3]] has eigenvalues 1, 2/3, 0.
        let graph = CommGraph::metropolis(3, &path(3), false).unwrap();
        assert!((graph.tau() - 2.0 / 3.0).abs() < 1e-12, "{}", graph.tau());
        assert_eq!(graph.hops(0, 2), Some(2));
    }

    #[test]
    fn what_is_no_graph_is_refused() {
        let error = CommGraph::metropolis(3, &[(0, 1)], false).unwrap_err();
        assert_eq!(error, GraphError::Disconnected { from: 0, to: 2 });
        let apart = CommGraph::metropolis(3, &[(0, 1)], true).unwrap();
        assert_eq!(apart.hops(0, 2), None);
        assert!((apart.tau() - 1.0).abs() < 1e-12);
        assert!(CommGraph::metropolis(2, &[(0, 2)], false).is_err());
        let skewed = vec![vec![0.5, 0.5], vec![0.4, 0.6]];
        assert!(CommGraph::weighted(&skewed, false).is_err());
        let short = vec![vec![0.5, 0.4], vec![0.4, 0.6]];
        assert!(matches!(
            CommGraph::weighted(&short, false),
            Err(GraphError::NotStochastic { row: 0, .. })
        ));
        let one = CommGraph::metropolis(1, &[], false).unwrap();
        assert_eq!((one.diameter(), one.tau()), (0, 0.0));
    }
}
