//! A model that answers from the recorded calls of an earlier run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rounds_environments::ids::{EpisodeIx, RoundIx};

use crate::call::{CallRecord, first_difference};
use crate::error::{ModelError, is_passing};
use crate::model::{Completion, LanguageModel};
use crate::request::{CallKey, ModelReply, ModelRequest, Usage};
use crate::spent::Spent;

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("cannot read the recording {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line other than the last is damaged.
    #[error("line {line} of the recording is damaged")]
    Damaged {
        /// Number of the line, from 1.
        line: usize,
        /// Where and why.
        #[source]
        source: serde_json::Error,
    },
    /// Two lines record different requests under one key.
    #[error("line {line} of the recording has another request under the key {key}")]
    Conflict {
        /// Number of the later record, from 1.
        line: usize,
        /// The key.
        key: CallKey,
    },
}

/// Where a new course leaves the recorded one: from this round of this episode on, calls are made
/// anew. All others are answered from the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Divergence {
    /// The episode.
    pub episode: EpisodeIx,
    /// Its first round that is not answered from the recording.
    pub round: RoundIx,
}

impl Divergence {
    fn covers(&self, key: &CallKey) -> bool {
        key.episode == self.episode && key.round >= self.round
    }
}

/// A model that answers from a recording, and asks another one for what was not recorded.
///
/// A recorded call is answered with its reply, or its failure, at no new cost and with
/// `cache_hit`. A request that differs from the recorded one is an error, never a new call.
pub struct ReplayModel {
    name: String,
    calls: BTreeMap<CallKey, Recorded>,
    inner: Option<Arc<dyn LanguageModel>>,
    from: Option<Divergence>,
}

/// A recorded request: what came of it, and what all of its attempts took.
struct Recorded {
    outcome: CallRecord,
    spent: Spent,
}

impl ReplayModel {
    /// Reads a `calls.jsonl` file.
    ///
    /// # Errors
    /// [`ReplayError::Read`], or as [`ReplayModel::from_lines`].
    pub fn open(path: &Path) -> Result<Self, ReplayError> {
        let bytes = std::fs::read(path).map_err(|source| ReplayError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_lines(&bytes)
    }

    /// Reads the text of a `calls.jsonl` file. A damaged last line is dropped: the run was
    /// killed while it wrote.
    ///
    /// # Errors
    /// [`ReplayError::Damaged`] for any other line, [`ReplayError::Conflict`] as
    /// [`ReplayModel::from_records`].
    pub fn from_lines(bytes: &[u8]) -> Result<Self, ReplayError> {
        let lines: Vec<(usize, &[u8])> = bytes
            .split(|byte| *byte == b'\n')
            .enumerate()
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .collect();
        let mut records = Vec::with_capacity(lines.len());
        for (index, (number, line)) in lines.iter().enumerate() {
            match serde_json::from_slice(line) {
                Ok(record) => records.push((number + 1, record)),
                Err(source) if index + 1 == lines.len() => {
                    tracing::warn!(line = number + 1, %source, "dropped the damaged last line");
                }
                Err(source) => {
                    let line = number + 1;
                    return Err(ReplayError::Damaged { line, source });
                }
            }
        }
        Self::gather(records)
    }

    /// A model with these records. Of two records of the same request the first that has a reply
    /// counts.
    ///
    /// # Errors
    /// [`ReplayError::Conflict`] when two different requests have the same key.
    pub fn from_records(
        records: impl IntoIterator<Item = CallRecord>,
    ) -> Result<Self, ReplayError> {
        Self::gather(records.into_iter().enumerate().map(|(i, r)| (i + 1, r)))
    }

    fn gather(records: impl IntoIterator<Item = (usize, CallRecord)>) -> Result<Self, ReplayError> {
        let mut name = None;
        let mut calls: BTreeMap<CallKey, Recorded> = BTreeMap::new();
        let mut earlier: BTreeMap<CallKey, Spent> = BTreeMap::new();
        for (line, record) in records {
            name.get_or_insert_with(|| record.model.clone());
            if record.asked_again {
                // What came of it stands in a later line; without one, the run was killed.
                let mut spent = Spent::of(&record);
                spent.millis = 0;
                *earlier.entry(record.key).or_default() += spent;
                continue;
            }
            match calls.get(&record.key).map(|known| &known.outcome) {
                Some(known) if known.request_hash != record.request_hash => {
                    let key = record.key;
                    return Err(ReplayError::Conflict { line, key });
                }
                Some(known) if known.reply.is_some() || record.reply.is_none() => {}
                _ => {
                    let mut spent = Spent::of(&record);
                    if let Some(attempts) = earlier.get(&record.key) {
                        spent += *attempts;
                    }
                    let key = record.key.clone();
                    calls.insert(
                        key,
                        Recorded {
                            outcome: record,
                            spent,
                        },
                    );
                }
            }
        }
        Ok(Self {
            name: name.unwrap_or_else(|| "replay".to_owned()),
            calls,
            inner: None,
            from: None,
        })
    }

    /// Sends what was not recorded to `inner` instead of failing; `None` changes nothing.
    ///
    /// The name becomes that of `inner`, and a call that another model answered then differs.
    #[must_use]
    pub fn with_inner(mut self, inner: Option<Arc<dyn LanguageModel>>) -> Self {
        if let Some(inner) = inner {
            self.name = inner.name().to_owned();
            self.inner = Some(inner);
        }
        self
    }

    /// Leaves the recording at `from` and asks `live` from there on, which may be another model than
    /// the recorded one. What is missing elsewhere is an error, and no new call.
    ///
    /// Recorded replies count as replies of this model, so that a record of the new course stands
    /// for itself.
    #[must_use]
    pub fn diverging(self, from: Divergence, live: Arc<dyn LanguageModel>) -> Self {
        Self {
            from: Some(from),
            ..self.with_inner(Some(live))
        }
    }

    /// Episodes with their rounds in which a call was recorded.
    pub fn rounds(&self) -> BTreeMap<EpisodeIx, BTreeSet<RoundIx>> {
        let mut rounds: BTreeMap<EpisodeIx, BTreeSet<RoundIx>> = BTreeMap::new();
        for key in self.calls.keys() {
            rounds.entry(key.episode).or_default().insert(key.round);
        }
        rounds
    }

    /// Keeps the calls of one model only, for a recording of a run with several.
    #[must_use]
    pub fn for_model(mut self, name: &str) -> Self {
        self.calls.retain(|_, record| record.outcome.model == name);
        name.clone_into(&mut self.name);
        self
    }

    /// Names of the models that were asked, in their order.
    pub fn models(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self
            .calls
            .values()
            .map(|call| call.outcome.model.as_str())
            .collect();
        names.into_iter().collect()
    }

    /// Number of recorded calls.
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Whether a call that is not recorded goes to the inner model.
    fn asks(&self, key: &CallKey) -> bool {
        self.from.is_none_or(|from| from.covers(key))
    }

    /// The recorded answer to `request`; `None` when there is no call with its key.
    pub fn recall(&self, request: &ModelRequest) -> Option<Result<ModelReply, ModelError>> {
        if self.from.is_some_and(|from| from.covers(&request.key)) {
            return None;
        }
        let record = &self.calls.get(&request.key)?.outcome;
        if record.unanswered && self.inner.is_some() {
            // Whoever left then may be here now.
            return None;
        }
        let passing = record.fault.as_deref().is_some_and(is_passing);
        if passing && !record.retryable && self.inner.is_some() {
            // Every attempt failed then; the server may be there now.
            return None;
        }
        // A new course may be another model's; what was asked before is the same all the same.
        let name = match self.from {
            Some(_) => &record.model,
            None => &self.name,
        };
        if request.hash(name) != record.request_hash {
            let difference = first_difference(record, name, request).unwrap_or_else(|| {
                format!(
                    "the recorded hash {} is not of its request",
                    record.request_hash
                )
            });
            let key = request.key.clone();
            return Some(Err(ModelError::Differs { key, difference }));
        }
        Some(match &record.reply {
            Some(text) => Ok(ModelReply {
                text: text.clone(),
                usage: Usage {
                    cost_usd: Some(0.0),
                    cache_hit: true,
                    ..record.usage
                },
                logprobs: record.logprobs.clone(),
                recalled: self.from.is_none(),
                ..ModelReply::default()
            }),
            None if record.unanswered => Err(ModelError::Unanswered {
                why: record.error.clone().unwrap_or_default(),
            }),
            None => Err(ModelError::Recorded {
                message: record.error.clone().unwrap_or_default(),
                retryable: record.retryable,
                kind: record.fault.clone().unwrap_or_else(|| "failed".to_owned()),
            }),
        })
    }
}

impl LanguageModel for ReplayModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        Box::pin(async move {
            let known: Vec<_> = requests
                .iter()
                .map(|request| self.recall(request))
                .collect();
            let open: Vec<ModelRequest> = requests
                .iter()
                .zip(&known)
                .filter(|(request, known)| known.is_none() && self.asks(&request.key))
                .map(|(request, _)| request.clone())
                .collect();
            let mut live = Vec::new();
            if let (Some(inner), false) = (&self.inner, open.is_empty()) {
                live = inner.complete(&open).await;
                if live.len() != open.len() {
                    let (expected, got) = (open.len(), live.len());
                    live = vec![Err(ModelError::WrongCount { expected, got }); expected];
                }
            }
            let mut live = live.into_iter();
            requests
                .iter()
                .zip(known)
                .map(|(request, known)| {
                    let asked = || self.asks(&request.key).then(|| live.next()).flatten();
                    known.or_else(asked).unwrap_or_else(|| {
                        Err(ModelError::NotRecorded {
                            key: request.key.clone(),
                        })
                    })
                })
                .collect()
        })
    }

    fn reverses_replies(&self) -> bool {
        self.inner
            .as_ref()
            .is_some_and(|inner| inner.reverses_replies())
    }

    fn recorded(&self, request: &ModelRequest) -> Option<Spent> {
        if self.from.is_some_and(|from| from.covers(&request.key)) {
            return self.inner.as_ref()?.recorded(request);
        }
        match self.calls.get(&request.key) {
            Some(known) if self.recall(request).is_some() => Some(known.spent),
            // It fails, and nothing is paid.
            _ if !self.asks(&request.key) => Some(Spent::default()),
            _ => self.inner.as_ref()?.recorded(request),
        }
    }

    fn is_priced(&self) -> bool {
        self.inner.as_ref().is_none_or(|inner| inner.is_priced())
    }
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
