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
mod tests {
    use super::*;
    use crate::call::tests::record;
    use crate::function::FnModel;
    use crate::request::tests::request;

    fn ask(model: &ReplayModel, requests: &[ModelRequest]) -> Vec<Result<ModelReply, ModelError>> {
        tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap()
            .block_on(model.complete(requests))
    }

    fn lines(count: u32) -> String {
        (0..count)
            .map(|n| record(request(n, "q"), Ok("recorded")).to_line().unwrap() + "\n")
            .collect()
    }

    #[test]
    fn recorded_calls_come_back_at_no_cost() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("calls.jsonl");
        std::fs::write(&path, lines(3)).unwrap();
        let model = ReplayModel::open(&path).unwrap();
        assert_eq!((model.name(), model.len()), ("m", 3));
        let reply = ask(&model, &[request(1, "q")])[0].clone().unwrap();
        assert_eq!(reply.text, "recorded");
        assert_eq!(
            (reply.usage.cost_usd, reply.usage.prompt_tokens),
            (Some(0.0), 3)
        );
        assert!(reply.usage.cache_hit);
    }

    #[test]
    fn a_missing_or_different_request_is_an_error_that_says_which() {
        let model = ReplayModel::from_lines(lines(2).as_bytes()).unwrap();
        let got = ask(
            &model,
            &[request(5, "q"), request(1, "other"), request(0, "q")],
        );
        assert!(matches!(&got[0], Err(ModelError::NotRecorded { key }) if key.number == 5));
        let text = got[1].clone().unwrap_err().to_string();
        assert!(text.contains("number 1") && text.contains(r#"recorded "q", got "other""#));
        assert!(got[2].is_ok());
    }

    #[test]
    fn what_is_not_recorded_goes_to_the_inner_model() {
        let inner = FnModel::new("m", |r| Ok(format!("live {}", r.key.number)));
        let model = ReplayModel::from_lines(lines(2).as_bytes())
            .unwrap()
            .with_inner(Some(Arc::new(inner)));
        let asked = [
            request(7, "q"),
            request(0, "q"),
            request(8, "q"),
            request(1, "changed"),
        ];
        let got = ask(&model, &asked);
        let text = |i: usize| got[i].clone().unwrap().text;
        assert_eq!(
            (text(0), text(1), text(2)),
            ("live 7".into(), "recorded".into(), "live 8".into())
        );
        assert!(!got[0].clone().unwrap().usage.cache_hit);
        assert!(matches!(got[3], Err(ModelError::Differs { .. })));
    }

    #[test]
    fn another_model_than_the_recorded_one_is_a_difference() {
        let model = ReplayModel::from_lines(lines(1).as_bytes())
            .unwrap()
            .with_inner(Some(Arc::new(FnModel::new("n", |_| Ok(String::new())))));
        let error = ask(&model, &[request(0, "q")])[0].clone().unwrap_err();
        assert!(
            error.to_string().contains("model: recorded m, got n"),
            "{error}"
        );
    }

    #[test]
    fn a_recording_of_several_models_is_parted_by_name() {
        let mut other = record(request(1, "q"), Ok("theirs"));
        other.model = "n".to_owned();
        other.request_hash = request(1, "q").hash("n");
        let records = [record(request(0, "q"), Ok("ours")), other];
        let model = ReplayModel::from_records(records).unwrap().for_model("n");
        assert_eq!((model.name(), model.len()), ("n", 1));
        assert!(model.recall(&request(0, "q")).is_none());
        assert_eq!(
            model.recall(&request(1, "q")).unwrap().unwrap().text,
            "theirs"
        );
    }

    #[test]
    fn a_failed_call_fails_again_unless_a_later_line_has_its_reply() {
        let failed = record(request(0, "q"), Err(ModelError::Timeout { after_ms: 3 }));
        let model = ReplayModel::from_records([failed.clone()]).unwrap();
        let error = ask(&model, &[request(0, "q")])[0].clone().unwrap_err();
        assert!(error.is_retryable());
        assert_eq!(error.to_string(), "no reply within 3 ms");
        let fixed = record(request(0, "q"), Ok("then"));
        let model = ReplayModel::from_records([failed, fixed]).unwrap();
        assert_eq!(
            ask(&model, &[request(0, "q")])[0].clone().unwrap().text,
            "then"
        );
    }

    #[test]
    fn from_a_round_of_one_episode_on_calls_are_made_anew() {
        let at = |episode, round, number| {
            let mut asked = request(number, "q");
            (asked.key.episode, asked.key.round) = (EpisodeIx(episode), RoundIx(round));
            asked
        };
        let places = [at(0, 1, 0), at(0, 2, 1), at(1, 2, 0)];
        let records = places.clone().map(|asked| record(asked, Ok("recorded")));
        let from = Divergence {
            episode: EpisodeIx(0),
            round: RoundIx(2),
        };
        let live = FnModel::new("another", |_| Ok("live".to_owned()));
        let model = ReplayModel::from_records(records)
            .unwrap()
            .diverging(from, Arc::new(live));
        let rounds = &model.rounds()[&EpisodeIx(0)];
        assert!(rounds.iter().eq([&RoundIx(1), &RoundIx(2)]));
        let mut asked = places.to_vec();
        asked.push(at(0, 3, 2));
        asked.push(at(1, 3, 1));
        let got = ask(&model, &asked);
        let texts = got[..4].iter().map(|got| got.clone().unwrap().text);
        assert!(texts.eq(["recorded", "live", "recorded", "live"]));
        assert!(matches!(got[4], Err(ModelError::NotRecorded { .. })));
        assert!(model.recorded(&asked[0]).is_some() && model.recorded(&asked[1]).is_none());
        // The record of the new course is whole.
        let recalled = got[..4].iter().any(|got| got.clone().unwrap().recalled);
        assert!(!recalled && got[0].clone().unwrap().usage.cache_hit);
    }

    #[test]
    fn what_a_recorded_request_took_counts_its_attempts() {
        let answered = record(request(0, "q"), Ok("then"));
        let mut earlier = answered.clone();
        earlier.asked_again = true;
        earlier.reply = None;
        let model = ReplayModel::from_records([earlier, answered]).unwrap();
        let spent = model.recorded(&request(0, "q")).unwrap();
        assert_eq!((spent.calls, spent.nano_usd), (2, 1_000_000_000));
        assert_eq!(model.recorded(&request(1, "q")), None);
        assert!(model.is_priced());
    }

    #[test]
    fn only_the_last_line_may_be_damaged() {
        let text = lines(3);
        for cut in 1..text.len() / 3 - 1 {
            let model = ReplayModel::from_lines(&text.as_bytes()[..text.len() - 1 - cut]).unwrap();
            assert_eq!(model.len(), 2, "cut by {cut}");
        }
        let mut broken: Vec<&str> = text.lines().collect();
        broken[1] = "{\"episode\": 1";
        let error = ReplayModel::from_lines(broken.join("\n").as_bytes())
            .err()
            .unwrap();
        assert!(matches!(error, ReplayError::Damaged { line: 2, .. }));
        let twice = [
            record(request(0, "a"), Ok("x")),
            record(request(0, "b"), Ok("x")),
        ];
        let error = ReplayModel::from_records(twice).err().unwrap();
        assert!(matches!(error, ReplayError::Conflict { line: 2, .. }));
    }
}
