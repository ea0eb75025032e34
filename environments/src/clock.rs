//! The clock of an episode and its agenda of scheduled events.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// An entry of an [`Agenda`]: due at a time, ties in the order of scheduling.
#[derive(Debug, Clone)]
struct Entry<T> {
    at_min: f64,
    number: u64,
    what: T,
}

impl<T> PartialEq for Entry<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl<T> Eq for Entry<T> {}
impl<T> PartialOrd for Entry<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Entry<T> {
    // Reversed: the heap's greatest entry is the one that is due first.
    fn cmp(&self, other: &Self) -> Ordering {
        other
            .at_min
            .total_cmp(&self.at_min)
            .then(other.number.cmp(&self.number))
    }
}

/// Simulated time of an episode with its queue of scheduled events.
///
/// # Units
/// Minutes since the start of the episode (or steps, for environments that count steps).
#[derive(Debug, Clone)]
pub struct Agenda<T> {
    now_min: f64,
    next_number: u64,
    entries: BinaryHeap<Entry<T>>,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            now_min: 0.0,
            next_number: 0,
            entries: BinaryHeap::new(),
        }
    }
}

impl<T> Agenda<T> {
    /// The present time.
    pub fn now_min(&self) -> f64 {
        self.now_min
    }

    /// Lets `minutes` pass. Negative or non-finite values count as none.
    pub fn pass(&mut self, minutes: f64) {
        if minutes.is_finite() && minutes > 0.0 {
            self.now_min += minutes;
        }
    }

    /// Lets the time pass up to `at_min`, exactly. The past and non-finite values count as now.
    pub fn pass_until(&mut self, at_min: f64) {
        if at_min.is_finite() && at_min > self.now_min {
            self.now_min = at_min;
        }
    }

    /// Schedules `what` at `at_min`, not before now.
    pub fn schedule(&mut self, at_min: f64, what: T) {
        let at_min = if at_min.is_finite() {
            at_min.max(self.now_min)
        } else {
            self.now_min
        };
        self.entries.push(Entry {
            at_min,
            number: self.next_number,
            what,
        });
        self.next_number += 1;
    }

    /// Takes the next event that is due by now, oldest first.
    pub fn pop_due(&mut self) -> Option<T> {
        if self.entries.peek()?.at_min <= self.now_min {
            self.entries.pop().map(|e| e.what)
        } else {
            None
        }
    }

    /// When the next event is due.
    pub fn next_at_min(&self) -> Option<f64> {
        self.entries.peek().map(|entry| entry.at_min)
    }

    /// Moves the clock to the next event and takes it.
    pub fn advance_to_next(&mut self) -> Option<T> {
        let entry = self.entries.pop()?;
        self.now_min = self.now_min.max(entry.at_min);
        Some(entry.what)
    }

    /// Number of scheduled events.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is scheduled.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_by_time_then_by_order_of_scheduling() {
        let mut agenda = Agenda::default();
        agenda.schedule(5.0, "late");
        agenda.schedule(2.0, "first");
        agenda.schedule(2.0, "second");
        assert_eq!(agenda.pop_due(), None);
        agenda.pass(2.0);
        assert_eq!(agenda.pop_due(), Some("first"));
        assert_eq!(agenda.pop_due(), Some("second"));
        assert_eq!(agenda.pop_due(), None);
        assert_eq!(agenda.advance_to_next(), Some("late"));
        assert_eq!(agenda.now_min(), 5.0);
    }

    #[test]
    fn nothing_is_scheduled_in_the_past() {
        let mut agenda = Agenda::default();
        agenda.pass(10.0);
        agenda.pass(f64::NAN);
        agenda.pass_until(9.0);
        agenda.schedule(3.0, ());
        assert_eq!(agenda.next_at_min(), Some(10.0));
    }
}
