//! Replies that could not be read, or not as they came: counted and put into the log.

use super::log::EventLog;

/// Most characters of a reason in the log.
const WHY_CHARS: usize = 300;

/// What was wrong with the replies to one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplyFaults {
    /// Replies that could not be read.
    pub malformed: u32,
    /// What was wrong with the last one of them; empty when there is none.
    pub why: String,
    /// No reply could be read: the decision is the neutral one, or there is none.
    pub neutral: bool,
    /// What was put right in the reply that was read; empty for nothing.
    pub mended: String,
}

impl ReplyFaults {
    /// Whether anything was wrong.
    pub fn any(&self) -> bool {
        self.malformed > 0 || !self.mended.is_empty()
    }

    /// Puts them into the log of an episode: `malformed_reply` for what could not be read, and
    /// `mended_reply` for what was put right.
    pub fn log(
        &self,
        log: &mut EventLog,
        (round, now_min): (u32, f64),
        (side, agent): (&'static str, &str),
    ) {
        let short = |text: &str| text.chars().take(WHY_CHARS).collect::<String>();
        if self.malformed > 0
            && let Some(mut event) = log.event(round, now_min, side, agent, "malformed_reply")
        {
            event
                .add("replies", &self.malformed)
                .add("neutral", &self.neutral)
                .add("why", &short(&self.why));
        }
        if !self.mended.is_empty()
            && let Some(mut event) = log.event(round, now_min, side, agent, "mended_reply")
        {
            event.add("why", &short(&self.mended));
        }
    }
}
