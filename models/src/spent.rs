//! What calls took, added up in whole numbers: the sum depends on no order.

use std::ops::AddAssign;

use crate::call::CallRecord;

/// Billionths of a US dollar in one dollar.
const NANO: f64 = 1e9;

/// What calls took together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Attempts: each is a call.
    pub calls: u64,
    /// Tokens of prompts and replies.
    pub tokens: u64,
    /// Billionths of a US dollar, of the calls whose price is known.
    pub nano_usd: u64,
    /// Calls whose price is not known.
    pub unpriced: u64,
    /// Milliseconds until the replies came, waiting included.
    pub millis: u64,
}

impl Spent {
    /// What one attempt took.
    pub fn of(record: &CallRecord) -> Self {
        let usage = &record.usage;
        Self {
            calls: 1,
            tokens: usage.prompt_tokens.saturating_add(usage.completion_tokens),
            nano_usd: (usage.cost_usd.unwrap_or(0.0) * NANO).round() as u64,
            unpriced: u64::from(usage.cost_usd.is_none()),
            millis: record.latency_ms.round() as u64,
        }
    }

    /// What all attempts of one request took. Earlier attempts lie within the time of the last.
    pub fn of_request(records: &[CallRecord]) -> Self {
        let mut all = Self::default();
        for record in records {
            all += Self {
                millis: if record.asked_again {
                    0
                } else {
                    record.latency_ms.round() as u64
                },
                ..Self::of(record)
            };
        }
        all
    }

    /// The money in US dollars.
    pub fn usd(&self) -> f64 {
        self.nano_usd as f64 / NANO
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.calls = self.calls.saturating_add(other.calls);
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.nano_usd = self.nano_usd.saturating_add(other.nano_usd);
        self.unpriced = self.unpriced.saturating_add(other.unpriced);
        self.millis = self.millis.saturating_add(other.millis);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::tests::record;
    use crate::error::ModelError;
    use crate::request::tests::request;

    #[test]
    fn attempts_add_up_in_any_order() {
        let mut tenth = record(request(0, "a b"), Ok("yes"));
        tenth.usage.cost_usd = Some(0.1);
        let mut unknown = tenth.clone();
        unknown.usage.cost_usd = None;
        let failed = record(request(0, "a b"), Err(ModelError::Timeout { after_ms: 1 }));
        let all = [tenth.clone(), unknown, failed, tenth.clone(), tenth];
        let sum = |records: &[CallRecord]| {
            let mut sum = Spent::default();
            for record in records {
                sum += Spent::of(record);
            }
            sum
        };
        let forwards = sum(&all);
        let mut reversed = all.to_vec();
        reversed.reverse();
        assert_eq!(forwards, sum(&reversed));
        assert_eq!((forwards.calls, forwards.unpriced), (5, 1));
        assert_eq!(forwards.nano_usd, 300_000_000);
        assert!((forwards.usd() - 0.3).abs() < 1e-15);
        assert_eq!(forwards.tokens, 4 * 5);
    }
}
