//! Small objectives, a driver of rounds and structure constants by brute force.

use rand::RngExt;
use rounds_environments::coordination::{Class, CommGraph, Ground, Objective, keep_clone};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};
use rounds_policies::coordination::{Board, Constants, Method, Moment, Population, Revealed};

/// Draws of a test.
pub(crate) fn stream(seed: u64) -> Stream {
    StreamKey::episode(RunSeed(seed), EpisodeIx(0), Purpose::Custom).open()
}

/// A function given by its value at every set; bit `e` of the index is element `e`.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) ground: Ground,
    pub(crate) class: Class,
    pub(crate) values: Vec<f64>,
}

impl Table {
    pub(crate) fn new(actions: &[usize], class: Class, f: impl Fn(usize) -> f64) -> Self {
        let ground = Ground::new(actions).unwrap();
        let values = (0..1_usize << ground.len()).map(f).collect();
        Self {
            ground,
            class,
            values,
        }
    }
}

impl Objective for Table {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        self.class
    }

    fn summary_len(&self) -> usize {
        1
    }

    fn clear(&self, summary: &mut [f64]) {
        summary[0] = 0.0;
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        let set = summary[0] as usize;
        assert_eq!(set >> element & 1, 0, "element {element} is in the set");
        summary[0] = (set | 1 << element) as f64;
    }

    fn value(&self, summary: &[f64]) -> f64 {
        self.values[summary[0] as usize]
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        let set = summary[0] as usize;
        for (out, v) in out.iter_mut().zip(self.ground.block(agent)) {
            *out = match set >> v & 1 {
                0 => self.values[set | 1 << v] - self.values[set],
                // Means nothing, and whoever looks at it should see that.
                _ => f64::NAN,
            };
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }
}

/// Facility location: every target counts with the best score of the set.
#[derive(Debug, Clone)]
pub(crate) struct Facility {
    ground: Ground,
    targets: usize,
    /// `[elements][targets]`.
    scores: Vec<f64>,
}

impl Facility {
    pub(crate) fn new(actions: &[usize], scores: &[Vec<f64>]) -> Self {
        Self {
            ground: Ground::new(actions).unwrap(),
            targets: scores[0].len(),
            scores: scores.concat(),
        }
    }

    pub(crate) fn random(actions: &[usize], targets: usize, stream: &mut Stream) -> Self {
        let ground = Ground::new(actions).unwrap();
        let scores = (0..ground.len() * targets).map(|_| stream.random());
        Self {
            targets,
            scores: scores.collect(),
            ground,
        }
    }

    fn scores(&self, element: usize) -> &[f64] {
        &self.scores[element * self.targets..(element + 1) * self.targets]
    }
}

impl Objective for Facility {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        Class::Submodular
    }

    fn summary_len(&self) -> usize {
        self.targets
    }

    fn clear(&self, summary: &mut [f64]) {
        summary.fill(0.0);
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        for (cover, score) in summary.iter_mut().zip(self.scores(element)) {
            *cover = cover.max(*score);
        }
    }

    fn value(&self, summary: &[f64]) -> f64 {
        summary.iter().sum()
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        for (out, v) in out.iter_mut().zip(self.ground.block(agent)) {
            let gains = self.scores(v).iter().zip(summary);
            *out = gains.map(|(score, cover)| (score - cover).max(0.0)).sum();
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }
}

/// The graph in which agent `i` knows `i + 1`.
pub(crate) fn path(n: usize) -> CommGraph {
    let edges: Vec<_> = (1..n).map(|i| (i - 1, i)).collect();
    CommGraph::metropolis(n, &edges, false).unwrap()
}

/// The graph in which everybody knows everybody.
pub(crate) fn complete(n: usize) -> CommGraph {
    let edges: Vec<_> = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    CommGraph::metropolis(n, &edges, false).unwrap()
}

/// Weighted coverage: every item counts once if an element covers it; not all items.
pub(crate) fn coverage(actions: &[usize], stream: &mut Stream) -> Table {
    const ITEMS: usize = 6;
    let count: usize = actions.iter().sum();
    let weights: Vec<f64> = (0..ITEMS).map(|_| stream.random()).collect();
    let cover: Vec<u32> = (0..count).map(|_| stream.random::<u32>() % 64).collect();
    Table::new(actions, Class::Submodular, |set| {
        let covered = (0..count).filter(|e| set >> e & 1 == 1);
        let covered = covered.fold(0, |all, e| all | cover[e]);
        let items = (0..ITEMS).filter(|i| covered >> i & 1 == 1);
        items.map(|i| weights[i]).sum()
    })
}

/// `(sum of positive weights)^p` and pairs that reinforce or weaken each other a little; monotone,
/// and submodular where `p <= 1` and `pairs` is 0.
pub(crate) fn modular_like(actions: &[usize], p: f64, pairs: f64, stream: &mut Stream) -> Table {
    let count: usize = actions.iter().sum();
    let weights: Vec<f64> = (0..count).map(|_| 0.2 + stream.random::<f64>()).collect();
    let mut between = vec![0.0; count * count];
    for x in &mut between {
        *x = pairs * stream.random::<f64>();
    }
    let class = match pairs == 0.0 && p <= 1.0 {
        true => Class::Submodular,
        false => Class::Monotone,
    };
    Table::new(actions, class, |set| {
        let inside: Vec<usize> = (0..count).filter(|e| set >> e & 1 == 1).collect();
        let sum: f64 = inside.iter().map(|&e| weights[e]).sum();
        let of_pairs = inside.iter().flat_map(|&a| {
            let before = inside.iter().filter(move |&&b| b < a);
            before.map(move |&b| (a, b))
        });
        sum.powf(p) + of_pairs.map(|(a, b)| between[a * count + b]).sum::<f64>()
    })
}

/// Any function at all with `f(∅) = 0`.
pub(crate) fn arbitrary(actions: &[usize], stream: &mut Stream) -> Table {
    let mut table = Table::new(actions, Class::Any, |_| 0.0);
    for value in &mut table.values[1..] {
        *value = stream.random_range(-1.0..2.0);
    }
    table
}

/// A monotone function whose marginals are drawn and then made to fit: the value of a set is the
/// largest below it and a bit more.
pub(crate) fn monotone(actions: &[usize], stream: &mut Stream) -> Table {
    let mut table = Table::new(actions, Class::Monotone, |_| 0.0);
    let count = table.ground.len();
    for set in 1..table.values.len() {
        let below = (0..count).filter(|e| set >> e & 1 == 1);
        let below = below.map(|e| table.values[set ^ 1 << e]);
        let below = below.fold(0.0, f64::max);
        table.values[set] = below + 0.05 + stream.random::<f64>();
    }
    table
}

/// A policy of every agent, `[K]`; each leaves some mass to "no action" or none.
pub(crate) fn policies(ground: &Ground, stream: &mut Stream) -> Vec<f64> {
    let mut all = vec![0.0; ground.len()];
    for i in 0..ground.agents() {
        let own = &mut all[ground.block(i)];
        own.fill_with(|| -stream.random::<f64>().ln());
        let rest = -stream.random::<f64>().ln() * f64::from(stream.random::<bool>());
        let sum: f64 = own.iter().sum::<f64>() + rest;
        for p in own {
            *p /= sum;
        }
    }
    all
}

/// Structure constants of a monotone table, over all pairs of sets one within the other.
pub(crate) fn constants(table: &Table) -> Constants {
    const ZERO: f64 = 1e-12;
    let f = &table.values;
    let count = table.ground.len();
    let full = f.len() - 1;
    let (mut alpha, mut gamma, mut beta, mut curvature) = (1.0_f64, 1.0_f64, 1.0_f64, 0.0_f64);
    for b in 0..=full {
        // Subsets of b, b itself first and the empty set last.
        let mut a = b;
        loop {
            for v in (0..count).filter(|v| b >> v & 1 == 0) {
                let later = f[b | 1 << v] - f[b];
                if later > ZERO {
                    alpha = alpha.min((f[a | 1 << v] - f[a]) / later);
                }
            }
            let gain = f[b] - f[a];
            if gain > ZERO {
                let between: Vec<usize> = (0..count).filter(|v| (b ^ a) >> v & 1 == 1).collect();
                let first: f64 = between.iter().map(|v| f[a | 1 << v] - f[a]).sum();
                let last: f64 = between.iter().map(|v| f[b] - f[b ^ 1 << v]).sum();
                gamma = gamma.min(first / gain);
                beta = beta.max(last / gain);
            }
            if a == 0 {
                break;
            }
            a = (a - 1) & b;
        }
    }
    for v in 0..count {
        if f[1 << v] > ZERO {
            curvature = curvature.max(1.0 - (f[full] - f[full ^ 1 << v]) / f[1 << v]);
        }
    }
    Constants {
        alpha: Some(alpha),
        gamma: Some(gamma),
        beta: Some(beta),
        curvature: Some(curvature),
    }
}

/// Plays a method round after round.
pub(crate) struct Game<'a> {
    pub(crate) population: Population,
    graph: &'a CommGraph,
    seed: RunSeed,
    lag: usize,
    round: u32,
    /// Joint actions of all rounds.
    pub(crate) history: Vec<Vec<Option<u32>>>,
}

impl<'a> Game<'a> {
    pub(crate) fn new(
        method: &Method,
        first: &dyn Objective,
        graph: &'a CommGraph,
        horizon: u32,
        seed: u64,
    ) -> Self {
        let (ground, class) = (first.ground(), first.class());
        let population = method
            .build(ground, graph, class, horizon, first.summary_len())
            .unwrap();
        Self {
            population,
            graph,
            seed: RunSeed(seed),
            lag: method.lag(graph) as usize,
            round: 0,
            history: Vec::new(),
        }
    }

    /// One round with the objective `of` that round; gives its reward.
    pub(crate) fn round<'o>(&mut self, of: impl Fn(u32) -> &'o dyn Objective) -> f64 {
        self.round += 1;
        let round = RoundIx(self.round);
        let objective = of(self.round);
        let mut actions = vec![None; objective.ground().agents()];
        let moment = |agent: usize| Moment {
            seed: self.seed,
            episode: EpisodeIx(0),
            agent: AgentId(agent as u32),
            round,
            graph: self.graph,
        };
        match &mut self.population {
            Population::Oracle(oracle) => oracle.act(round, objective, &mut actions).unwrap(),
            Population::Online {
                coordinators,
                board,
            } => {
                for (agent, coordinator) in coordinators.iter_mut().enumerate() {
                    actions[agent] = coordinator.act(&moment(agent), board);
                }
                self.history.push(actions.clone());
                if let Some(at) = self.history.len().checked_sub(self.lag + 1) {
                    let revealed = Revealed {
                        objective: of(at as u32 + 1),
                        round: RoundIx(at as u32 + 1),
                        actions: &self.history[at],
                    };
                    revealed.objective.clear(board.running_mut());
                    for (agent, coordinator) in coordinators.iter_mut().enumerate() {
                        coordinator.learn(&moment(agent), &revealed, board).unwrap();
                    }
                    board.turn();
                }
            }
        }
        worth(objective, &actions)
    }

    /// What agents read of each other.
    pub(crate) fn board(&mut self) -> &mut Board {
        match &mut self.population {
            Population::Online { board, .. } => board,
            Population::Oracle(_) => panic!("an oracle has no board"),
        }
    }
}

/// `f` of a joint action.
pub(crate) fn worth(objective: &dyn Objective, actions: &[Option<u32>]) -> f64 {
    let mut summary = vec![0.0; objective.summary_len()];
    objective.clear(&mut summary);
    for (agent, action) in actions.iter().enumerate() {
        if let Some(action) = *action {
            objective.insert(objective.ground().element(agent, action), &mut summary);
        }
    }
    objective.value(&summary)
}
