//! The recorded calls of models, episode by episode, and what they used.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use rounds_environments::text::json_fault;
use rounds_models::{CallRecord, Usage};
use serde_json::{Map, Value, json};

use crate::run::{RunDirectory, RunError};

/// Reads `calls.jsonl`, which is in the order of episodes; never holds more than the calls of one.
pub(super) struct CallReader {
    path: PathBuf,
    lines: Option<BufReader<File>>,
    number: u64,
    pending: Option<CallRecord>,
}

impl CallReader {
    /// Opens the calls of a run; a run without models has none.
    ///
    /// # Errors
    /// [`RunError::File`] when the file is there and cannot be read.
    pub(super) fn open(run: &Path) -> Result<Self, RunError> {
        let path = run.join(RunDirectory::CALLS);
        let lines = match path.exists() {
            true => {
                let file = File::open(&path).map_err(RunError::file(&path, "cannot be read"))?;
                Some(BufReader::with_capacity(1 << 16, file))
            }
            false => None,
        };
        Ok(Self {
            path,
            lines,
            number: 0,
            pending: None,
        })
    }

    /// The calls of `episode`; those of episodes before it are passed over.
    ///
    /// # Errors
    /// [`RunError`] when a line cannot be read or is no call.
    pub(super) fn of(&mut self, episode: u32) -> Result<Vec<CallRecord>, RunError> {
        let mut calls = Vec::new();
        while let Some(call) = self.next_call()? {
            let of = call.key.episode.0;
            if of > episode {
                self.pending = Some(call);
                break;
            }
            if of == episode {
                calls.push(call);
            }
        }
        Ok(calls)
    }

    /// The next call.
    ///
    /// # Errors
    /// [`RunError`] as above.
    pub(super) fn next_call(&mut self) -> Result<Option<CallRecord>, RunError> {
        if let Some(call) = self.pending.take() {
            return Ok(Some(call));
        }
        let Some(lines) = &mut self.lines else {
            return Ok(None);
        };
        let mut line = String::new();
        let read = lines
            .read_line(&mut line)
            .map_err(RunError::file(&self.path, "cannot be read"))?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        let call = CallRecord::from_line(&line).map_err(|error| RunError::Damaged {
            path: self.path.clone(),
            line: Some(self.number),
            why: json_fault(&error),
        })?;
        Ok(Some(call))
    }
}

/// Tokens and cost of calls, by some name.
#[derive(Debug, Clone, Default)]
pub(super) struct UsageBy(BTreeMap<String, (Usage, u64)>);

impl UsageBy {
    /// Adds a call.
    pub(super) fn add(&mut self, name: &str, usage: &Usage) {
        let none = || {
            let none = Usage {
                cost_usd: None,
                ..Usage::default()
            };
            (none, 0)
        };
        let (sum, calls) = self.0.entry(name.to_owned()).or_insert_with(none);
        *calls += 1;
        sum.prompt_tokens += usage.prompt_tokens;
        sum.completion_tokens += usage.completion_tokens;
        // Calls whose price is not known are left out, as in the summary.
        sum.cost_usd = match (sum.cost_usd, usage.cost_usd) {
            (Some(sum), Some(cost)) => Some(sum + cost),
            (known, None) | (None, known) => known,
        };
    }

    /// The names with their usage.
    pub(super) fn json(&self) -> Map<String, Value> {
        let all = self.0.iter();
        all.map(|(name, (usage, _))| (name.clone(), model_usage(usage)))
            .collect()
    }

    /// The name with the most calls; the first of equals.
    pub(super) fn busiest(&self) -> Option<&str> {
        let mut best: Option<(&str, u64)> = None;
        for (name, (_, calls)) in &self.0 {
            if best.is_none_or(|(_, most)| *calls > most) {
                best = Some((name, *calls));
            }
        }
        best.map(|(name, _)| name)
    }
}

/// Usage as Inspect has it.
pub(super) fn model_usage(usage: &Usage) -> Value {
    let mut out = json!({
        "input_tokens": usage.prompt_tokens,
        "output_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    });
    if let Some(cost) = usage.cost_usd {
        out["total_cost"] = cost.into();
    }
    out
}
