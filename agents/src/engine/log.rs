//! Event lines of one episode.

use std::io::Write;

use serde::Serialize;

/// Writes the events of one episode as JSON lines, numbered from 0, with the keys
/// `e, r, n, t, side, agent, kind` first and in this order.
///
/// Switched off, it costs one branch an event.
#[derive(Debug, Clone)]
pub struct EventLog {
    episode: u32,
    next: u32,
    last_round: u32,
    on: bool,
    bytes: Vec<u8>,
}

impl EventLog {
    /// An empty log.
    pub fn new(episode: u32, on: bool) -> Self {
        Self {
            episode,
            next: 0,
            last_round: 0,
            on,
            bytes: Vec::new(),
        }
    }

    /// Whether events are kept; texts need not be rendered otherwise.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Begins an event; `None` when the log is off. The line is ended when the writer is dropped.
    ///
    /// # Units
    /// `at_min`: minutes since the start of the episode.
    pub fn event(
        &mut self,
        round: u32,
        at_min: f64,
        side: &str,
        agent: &str,
        kind: &str,
    ) -> Option<EventWriter<'_>> {
        if !self.on {
            return None;
        }
        let number = self.next;
        self.next += 1;
        self.last_round = round;
        let bytes = &mut self.bytes;
        // Writing to a vector cannot fail.
        let _ = write!(
            bytes,
            "{{\"e\":{},\"r\":{round},\"n\":{number},\"t\":",
            self.episode
        );
        let mut writer = EventWriter { bytes };
        writer.value(&at_min);
        writer.add("side", side);
        writer.add("agent", agent);
        writer.add("kind", kind);
        Some(writer)
    }

    /// Round of the last event.
    pub fn last_round(&self) -> u32 {
        self.last_round
    }

    /// Number of events so far.
    pub fn len(&self) -> u32 {
        self.next
    }

    /// Whether there is no event yet.
    pub fn is_empty(&self) -> bool {
        self.next == 0
    }

    /// Takes the bytes written so far.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

/// One event being written.
#[derive(Debug)]
pub struct EventWriter<'a> {
    bytes: &'a mut Vec<u8>,
}

impl EventWriter<'_> {
    /// Adds a field.
    pub fn add<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> &mut Self {
        self.bytes.extend_from_slice(b",\"");
        self.bytes.extend_from_slice(key.as_bytes());
        self.bytes.extend_from_slice(b"\":");
        self.value(value);
        self
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) {
        let start = self.bytes.len();
        if serde_json::to_writer(&mut *self.bytes, value).is_err() {
            self.bytes.truncate(start);
            self.bytes.extend_from_slice(b"null");
        }
    }
}

impl Drop for EventWriter<'_> {
    fn drop(&mut self) {
        self.bytes.extend_from_slice(b"}\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_keys_keep_their_order() {
        let mut log = EventLog::new(12, true);
        if let Some(mut event) = log.event(3, 15.0, "doctor", "cardiology", "asked") {
            event.add("finding", "fever").add("text", "Is it \"hot\"?");
        }
        log.event(4, f64::NAN, "world", "", "ended");
        let text = String::from_utf8(log.take()).unwrap();
        assert_eq!(
            text,
            "{\"e\":12,\"r\":3,\"n\":0,\"t\":15.0,\"side\":\"doctor\",\"agent\":\"cardiology\",\"kind\":\"asked\",\
             \"finding\":\"fever\",\"text\":\"Is it \\\"hot\\\"?\"}\n\
             {\"e\":12,\"r\":4,\"n\":1,\"t\":null,\"side\":\"world\",\"agent\":\"\",\"kind\":\"ended\"}\n"
        );
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }

    #[test]
    fn a_log_that_is_off_keeps_nothing() {
        let mut log = EventLog::new(0, false);
        assert!(log.event(0, 0.0, "world", "", "x").is_none());
        assert!(log.is_empty() && log.take().is_empty());
    }
}
