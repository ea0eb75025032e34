//! Where the patients of a day are: at home, waiting, in a bed, gone.

use std::collections::BTreeSet;

use super::config::Queue;

/// Where a patient is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// It has not arrived.
    #[default]
    Expected,
    /// It waits for a bed.
    Waiting,
    /// It is in a bed and has no diagnosis.
    Open,
    /// It is in a bed and has its diagnosis.
    Diagnosed,
    /// It left unseen.
    Left,
    /// It left the clinic from its bed.
    Discharged,
}

/// How many patients are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Arrived so far.
    pub arrivals: u32,
    /// Waiting for a bed now.
    pub waiting: u32,
    /// In a bed now.
    pub in_bed: u32,
    /// Left unseen so far.
    pub left: u32,
    /// Discharged from a bed so far.
    pub discharged: u32,
}

impl Counts {
    /// Who left, one way or the other.
    pub fn gone(&self) -> u32 {
        self.left + self.discharged
    }
}

/// One patient's way through the day.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Visit {
    pub(super) phase: Phase,
    pub(super) bed: u32,
    /// Whether its bed will be freed by an event that is scheduled already.
    pub(super) releasing: bool,
}

/// Who waits, next first.
#[derive(Debug, Clone, Default)]
pub(super) struct WaitingLine {
    queue: Queue,
    /// Acuity, where it counts, and number by arrival.
    waiting: BTreeSet<(u8, u32)>,
}

impl WaitingLine {
    pub(super) fn new(queue: Queue) -> Self {
        Self {
            queue,
            waiting: BTreeSet::new(),
        }
    }

    fn key(&self, patient: u32, acuity: u8) -> (u8, u32) {
        match self.queue {
            Queue::Triage => (acuity, patient),
            Queue::FirstCome => (0, patient),
        }
    }

    pub(super) fn join(&mut self, patient: u32, acuity: u8) {
        self.waiting.insert(self.key(patient, acuity));
    }

    pub(super) fn leave(&mut self, patient: u32, acuity: u8) {
        self.waiting.remove(&self.key(patient, acuity));
    }

    pub(super) fn take_next(&mut self) -> Option<u32> {
        self.waiting.pop_first().map(|(_, patient)| patient)
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triage_takes_the_most_urgent_and_else_the_first() {
        let order = |queue| {
            let mut line = WaitingLine::new(queue);
            for (patient, acuity) in [(0, 3), (1, 1), (2, 3), (3, 1), (4, 2)] {
                line.join(patient, acuity);
            }
            line.leave(4, 2);
            std::iter::from_fn(|| line.take_next()).collect::<Vec<_>>()
        };
        assert_eq!(order(Queue::Triage), [1, 3, 0, 2]);
        assert_eq!(order(Queue::FirstCome), [0, 1, 2, 3]);
    }
}
