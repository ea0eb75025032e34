//! Slow decisions and what they cost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use rounds_models::CallRecord;
use serde::{Deserialize, Serialize};

/// Slow decisions and what they cost. Each attempt counts as a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calls {
    /// Calls made.
    pub count: u64,
    /// Tokens sent.
    pub prompt_tokens: u64,
    /// Tokens received.
    pub completion_tokens: u64,
    /// Cost in US dollars; `None` where the price of a call is not known.
    pub cost_usd: Option<f64>,
    /// Answers taken from a recording or a cache.
    pub cache_hits: u64,
    /// How often the programs of policies were started again.
    #[serde(default)]
    pub restarts: u64,
    /// Calls whose price is not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unpriced: u64,
    /// Models whose price is not known.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unpriced_models: BTreeSet<String>,
    /// Requests that got no reply in any attempt.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub failed: u64,
    /// Calls without a reply, by the kind of failure.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, u64>,
}

/// None, at no cost.
impl Default for Calls {
    fn default() -> Self {
        Self {
            count: 0,
            prompt_tokens: 0,
            completion_tokens: 0,
            cost_usd: Some(0.0),
            cache_hits: 0,
            restarts: 0,
            unpriced: 0,
            unpriced_models: BTreeSet::new(),
            failed: 0,
            faults: BTreeMap::new(),
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Calls {
    /// Counts a recorded call.
    pub fn add(&mut self, call: &CallRecord) {
        self.count += 1;
        self.prompt_tokens += call.usage.prompt_tokens;
        self.completion_tokens += call.usage.completion_tokens;
        self.cost_usd = self
            .cost_usd
            .zip(call.usage.cost_usd)
            .map(|(sum, cost)| sum + cost);
        if call.usage.cost_usd.is_none() {
            self.unpriced += 1;
            self.unpriced_models.insert(call.model.clone());
        }
        self.cache_hits += u64::from(call.usage.cache_hit);
        if call.error.is_some() {
            self.failed += u64::from(!call.asked_again);
            let kind = call.fault.clone().unwrap_or_else(|| "failed".to_owned());
            *self.faults.entry(kind).or_default() += 1;
        }
    }

    /// All of it in lines of words; empty where no call was made and nothing went wrong.
    pub fn words(&self) -> String {
        if self.count == 0 {
            return self.notes();
        }
        let cost = match self.cost_usd {
            Some(cost) if cost > 0.0 => format!(", {cost:.4} USD"),
            _ => String::new(),
        };
        let recalled = match self.cache_hits {
            0 => String::new(),
            hits => format!(", {hits} of them answered from a recording or a cache"),
        };
        format!(
            "{} calls of models{recalled}: {} tokens sent, {} received{cost}\n{}",
            self.count,
            self.prompt_tokens,
            self.completion_tokens,
            self.notes()
        )
    }

    /// What went wrong and what is not known, in lines of words; empty where nothing did.
    pub fn notes(&self) -> String {
        let mut out = String::new();
        if self.restarts > 0 {
            let _ = writeln!(
                out,
                "programs were started again {} time(s); processes/restarts.jsonl says why",
                self.restarts
            );
        }
        if !self.faults.is_empty() {
            let kinds: Vec<String> = self
                .faults
                .iter()
                .map(|(kind, count)| format!("{kind} {count}"))
                .collect();
            let failed: u64 = self.faults.values().sum();
            let _ = writeln!(
                out,
                "{failed} of {} calls got no reply ({}); {} request(s) got none in any attempt",
                self.count,
                kinds.join(", "),
                self.failed
            );
        }
        if !self.unpriced_models.is_empty() {
            let models: Vec<&str> = self.unpriced_models.iter().map(String::as_str).collect();
            let _ = writeln!(
                out,
                "the cost is not known: no price of {}",
                models.join(", ")
            );
        }
        out
    }
}

impl std::ops::AddAssign for Calls {
    fn add_assign(&mut self, other: Self) {
        self.count += other.count;
        self.prompt_tokens += other.prompt_tokens;
        self.completion_tokens += other.completion_tokens;
        self.cost_usd = self
            .cost_usd
            .zip(other.cost_usd)
            .map(|(sum, cost)| sum + cost);
        self.unpriced += other.unpriced;
        self.unpriced_models.extend(other.unpriced_models);
        self.cache_hits += other.cache_hits;
        self.restarts += other.restarts;
        self.failed += other.failed;
        for (kind, count) in other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }
}
