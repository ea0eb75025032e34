//! What agents read of each other: dense arrays by agent id.

/// What came over the communication graph.
///
/// Copies are double-buffered, so that nobody sees what another learned in the same round. Ids are
/// written while acting and read while learning.
///
/// # Shapes
/// copies: `[n][width]` floats; ids: `[n][ids]`, negative for "no action"; running: one summary.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Board {
    width: usize,
    ids_width: usize,
    copies: Vec<f64>,
    next: Vec<f64>,
    ids: Vec<i32>,
    running: Vec<f64>,
}

impl Board {
    /// An empty board: every agent has `width` floats and `ids` ids on it; `summary` is the length
    /// of a summary of the objective.
    pub fn new(agents: usize, width: usize, ids: usize, summary: usize) -> Self {
        Self {
            width,
            ids_width: ids,
            copies: vec![0.0; agents * width],
            next: vec![0.0; agents * width],
            ids: vec![-1; agents * ids],
            running: vec![0.0; summary],
        }
    }

    /// What `agent` had sent when the round began.
    pub fn copies(&self, agent: usize) -> &[f64] {
        &self.copies[agent * self.width..(agent + 1) * self.width]
    }

    /// Sets what `agent` has sent, before the first round.
    pub fn start(&mut self, agent: usize, copies: &[f64]) {
        self.copies[agent * self.width..(agent + 1) * self.width].copy_from_slice(copies);
    }

    /// What everybody had sent when the round began, and what `agent` will send next.
    pub fn learn(&mut self, agent: usize) -> (&[f64], &mut [f64]) {
        let next = &mut self.next[agent * self.width..(agent + 1) * self.width];
        (&self.copies, next)
    }

    /// Floats of one agent.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Ids that `agent` sent in this round.
    pub fn ids(&self, agent: usize) -> &[i32] {
        &self.ids[agent * self.ids_width..(agent + 1) * self.ids_width]
    }

    /// Where `agent` writes its ids.
    pub fn ids_mut(&mut self, agent: usize) -> &mut [i32] {
        &mut self.ids[agent * self.ids_width..(agent + 1) * self.ids_width]
    }

    /// Summary of what agents before the present one have added while learning; cleared by the
    /// engine at the begin of each round's learning.
    pub fn running(&self) -> &[f64] {
        &self.running
    }

    /// The same, to add to.
    pub fn running_mut(&mut self) -> &mut [f64] {
        &mut self.running
    }

    /// Ends the learning of a round: what was written next is what was sent.
    pub fn turn(&mut self) {
        std::mem::swap(&mut self.copies, &mut self.next);
    }
}
