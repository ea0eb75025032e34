//! What the server was asked, counted and kept.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::faults::Fault;

/// One request for a completion that could be read, in order of arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// SHA-256 of the request without its key, as it came over the wire: `request_hash` of
    /// `calls.jsonl` where the client sends every part as it is. One that cuts seeds to fewer bits
    /// has another.
    pub request_hash: String,
    /// The header that names the call; empty without one.
    pub call: String,
    /// How often the same request had come before.
    pub attempt: u32,
    /// What went wrong with it.
    pub fault: Option<Fault>,
    /// Status of the reply; `None` while there is none, and when the connection closed first.
    pub status: Option<u16>,
    /// Body of the request.
    pub body: String,
}

/// Numbers over all requests since the start or the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests for completions that arrived, those that were refused included.
    pub requests: u64,
    /// Replies by status.
    pub statuses: BTreeMap<u16, u64>,
    /// Faults by kind.
    pub faults: BTreeMap<Fault, u64>,
    /// Requests that wait for a reply now.
    pub in_flight: u64,
    /// Most requests that waited at the same time.
    pub most_in_flight: u64,
    /// Words of the prompts of replies with status 200.
    pub prompt_tokens: u64,
    /// Words of those replies.
    pub completion_tokens: u64,
}

impl Counts {
    /// The numbers as JSON.
    pub fn to_json(&self) -> Value {
        let statuses: serde_json::Map<_, _> = self
            .statuses
            .iter()
            .map(|(status, count)| (status.to_string(), json!(count)))
            .collect();
        let faults: serde_json::Map<_, _> = self
            .faults
            .iter()
            .map(|(fault, count)| (fault.to_string(), json!(count)))
            .collect();
        json!({
            "requests": self.requests,
            "statuses": statuses,
            "faults": faults,
            "in_flight": self.in_flight,
            "most_in_flight": self.most_in_flight,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
        })
    }
}

#[derive(Debug, Default)]
struct Pages {
    counts: Counts,
    seen: VecDeque<Seen>,
    /// Number of the first entry of `seen`.
    first: u64,
    /// Attempts by call; only looked up, never listed.
    attempts: HashMap<String, u32>,
}

/// The record of a server, shared by its requests.
#[derive(Debug)]
pub(super) struct Journal {
    pages: Mutex<Pages>,
    keep: usize,
}

impl Journal {
    pub(super) fn new(keep: usize) -> Self {
        let pages = Mutex::default();
        Self { pages, keep }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn counts(&self) -> Counts {
        self.pages().counts.clone()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.pages().seen.iter().cloned().collect()
    }

    /// Forgets requests and attempts; what waits now is still counted as waiting.
    pub(super) fn reset(&self) {
        let mut pages = self.pages();
        let in_flight = pages.counts.in_flight;
        let first = pages.first + pages.seen.len() as u64;
        *pages = Pages {
            counts: Counts {
                in_flight,
                most_in_flight: in_flight,
                ..Counts::default()
            },
            first,
            ..Pages::default()
        };
    }

    /// Counts a request that arrives.
    pub(super) fn arrive(self: &Arc<Self>) -> Visit {
        let mut pages = self.pages();
        pages.counts.requests += 1;
        pages.counts.in_flight += 1;
        pages.counts.most_in_flight = pages.counts.most_in_flight.max(pages.counts.in_flight);
        Visit {
            journal: Arc::clone(self),
            number: None,
        }
    }
}

/// One request from its arrival to its reply; dropping it ends its waiting.
#[derive(Debug)]
pub(super) struct Visit {
    journal: Arc<Journal>,
    number: Option<u64>,
}

impl Visit {
    /// Number of this attempt of `call`, from 0.
    pub(super) fn attempt(&self, call: &str) -> u32 {
        let mut pages = self.journal.pages();
        match pages.attempts.get_mut(call) {
            Some(next) => {
                let attempt = *next;
                *next = next.saturating_add(1);
                attempt
            }
            None => {
                pages.attempts.insert(call.to_owned(), 1);
                0
            }
        }
    }

    /// Keeps the request.
    pub(super) fn keep(&mut self, seen: Seen) {
        let mut pages = self.journal.pages();
        if let Some(fault) = seen.fault {
            *pages.counts.faults.entry(fault).or_default() += 1;
        }
        if self.journal.keep == 0 {
            return;
        }
        if pages.seen.len() == self.journal.keep {
            pages.seen.pop_front();
            pages.first += 1;
        }
        pages.seen.push_back(seen);
        self.number = Some(pages.first + pages.seen.len() as u64 - 1);
    }

    /// Notes the reply that is sent, with the words of its prompt and text.
    pub(super) fn reply(self, status: u16, tokens: [u64; 2]) {
        let mut pages = self.journal.pages();
        *pages.counts.statuses.entry(status).or_default() += 1;
        pages.counts.prompt_tokens += tokens[0];
        pages.counts.completion_tokens += tokens[1];
        let index = self.number.and_then(|n| n.checked_sub(pages.first));
        let seen = index.and_then(|index| pages.seen.get_mut(index as usize));
        if let Some(seen) = seen {
            seen.status = Some(status);
        }
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut pages = self.journal.pages();
        pages.counts.in_flight = pages.counts.in_flight.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(hash: &str) -> Seen {
        Seen {
            request_hash: hash.to_owned(),
            call: String::new(),
            attempt: 0,
            fault: Some(Fault::Prose),
            status: None,
            body: String::new(),
        }
    }

    #[test]
    fn the_oldest_go_first_and_replies_find_their_request() {
        let journal = Arc::new(Journal::new(2));
        let mut visits: Vec<Visit> = Vec::new();
        for hash in ["a", "b", "c"] {
            let mut visit = journal.arrive();
            visit.keep(seen(hash));
            visits.push(visit);
        }
        for (status, visit) in [200, 500, 503].into_iter().zip(visits) {
            visit.reply(status, [3, 2]);
        }
        let kept: Vec<_> = journal
            .seen()
            .into_iter()
            .map(|seen| (seen.request_hash, seen.status))
            .collect();
        assert_eq!(kept, [("b".into(), Some(500)), ("c".into(), Some(503))]);
        let counts = journal.counts();
        assert_eq!((counts.requests, counts.in_flight), (3, 0));
        assert_eq!((counts.most_in_flight, counts.prompt_tokens), (3, 9));
        assert_eq!(counts.faults[&Fault::Prose], 3);
    }

    #[test]
    fn attempts_count_up_until_a_reset() {
        let journal = Arc::new(Journal::new(5));
        let visit = journal.arrive();
        assert_eq!((visit.attempt("x"), visit.attempt("x")), (0, 1));
        assert_eq!(visit.attempt("y"), 0);
        journal.reset();
        assert_eq!(visit.attempt("x"), 0);
        assert_eq!(journal.counts().in_flight, 1);
        drop(visit);
        assert_eq!(
            journal.counts(),
            Counts {
                most_in_flight: 1,
                ..Counts::default()
            }
        );
    }
}
