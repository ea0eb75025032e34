//! A judge: a language model that answers the yes-or-no questions of checks about transcripts.
//!
//! Each question is asked as often as its check or suite says, and the majority counts. A reply
//! that is no yes and no no is asked for once more; without a majority the check is undetermined,
//! never "not met".
//!
//! # Source
//! DynamiCare card, section 10.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::text::json_fault;
use rounds_models::{CallKey, CallRecord, Finished, Message, ModelRequest, ModelServer};
use rounds_policies::clinic::reading::read_yes_no;
use rounds_policies::prompts::{JUDGE as JUDGE_ROLE, Prompts};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::said::said;
use crate::clinic::cases::{CaseScore, Judgements};
use crate::run::{Episode, EpisodeReader, RunDirectory, RunError, write_whole};
use crate::schema::Decides;

/// Name of the verdicts in the run directory of an arm.
const VERDICTS: &str = "judgements.jsonl";
/// Name of the calls of the judge.
pub const JUDGE_CALLS: &str = "judge-calls.jsonl";
/// Name of the calls of a judge who is not done.
const CALLS_SO_FAR: &str = "judge-calls.partial.jsonl";
/// The agent under which a judge's calls are recorded: no agent of an episode has this number.
const JUDGE: AgentId = AgentId(u32::MAX);
/// Tries of one vote: the first, and one more where its reply cannot be read.
const TRIES: u32 = 2;
/// Most characters of an unreadable reply that are shown to the judge again.
const UNREAD_CHARS: usize = 2000;
/// Most tokens of a verdict.
const VERDICT_TOKENS: u32 = 16;

/// One line of the verdicts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    episode: u32,
    check: String,
    met: Option<bool>,
    votes: Vec<Option<bool>>,
}

/// One vote that is asked for.
struct Vote {
    episode: u32,
    check: String,
    number: u32,
    question: String,
    transcript: String,
}

/// Asks `server` in the words of `prompts` every question of the visits in `run`, `votes` times unless a check says how
/// often, and writes the verdicts and the calls there. Verdicts that are there already are kept.
///
/// # Errors
/// [`RunError`] when the log cannot be read or a file not written.
pub fn judge_visits(
    run: &Path,
    score: &CaseScore,
    server: &ModelServer,
    prompts: &Prompts,
    votes: u32,
) -> Result<(), RunError> {
    if run.join(VERDICTS).exists() {
        return Ok(());
    }
    let asked = votes_of(run, score, votes)?;
    let (sender, receiver) = channel();
    let mut given: BTreeMap<(u32, String), Vec<Option<bool>>> = BTreeMap::new();
    let mut calls: Vec<CallRecord> = Vec::new();
    for (ticket, vote) in (0_u64..).zip(&asked) {
        given
            .entry((vote.episode, vote.check.clone()))
            .or_default()
            .push(None);
        server.submit_when_free(ticket, request(prompts, vote)?, &sender);
    }
    let mut so_far = SoFar::open(&run.join(CALLS_SO_FAR))?;
    let mut open = asked.len();
    while open > 0 {
        let finished: Finished = receiver
            .recv()
            .map_err(|error| RunError::Worker(error.to_string()))?;
        let records = CallRecord::all(server.name(), &finished);
        so_far.write(&records)?;
        calls.extend(records);
        let Some(vote) = asked.get(finished.ticket as usize) else {
            continue;
        };
        let attempt = finished.request.key.attempt;
        let read = finished
            .result
            .as_ref()
            .ok()
            .and_then(|reply| read_yes_no(&reply.text));
        if read.is_none() && attempt + 1 < TRIES {
            let mut again = request(prompts, vote)?;
            again.key.attempt = attempt + 1;
            if let Ok(reply) = &finished.result {
                if !reply.text.trim().is_empty() {
                    let unread: String = reply.text.chars().take(UNREAD_CHARS).collect();
                    again.messages.push(Message::new("assistant", unread));
                }
                let note = "Your reply could not be read. Expected one word: yes or no.";
                again.messages.push(Message::new("user", note));
            }
            server.submit_when_free(finished.ticket, again, &sender);
            continue;
        }
        open -= 1;
        let of_check = given.get_mut(&(vote.episode, vote.check.clone()));
        if let Some(slot) = of_check.and_then(|votes| votes.get_mut(vote.number as usize)) {
            *slot = read;
        }
    }
    write_calls(run, calls, &so_far)?;
    let mut text = String::new();
    for ((episode, check), votes) in given {
        let line = Line {
            episode,
            check,
            met: majority(&votes),
            votes,
        };
        let line = serde_json::to_string(&line).map_err(|e| RunError::Input(e.to_string()))?;
        let _ = writeln!(text, "{line}");
    }
    write_whole(&run.join(VERDICTS), text.as_bytes())
}

/// The calls that a judge made before it was interrupted, from which it goes on.
pub fn judge_calls_so_far(run: &Path) -> Option<PathBuf> {
    let path = run.join(CALLS_SO_FAR);
    path.exists().then_some(path)
}

/// Calls that are kept as they come, so that nothing is paid twice.
struct SoFar {
    path: PathBuf,
    file: File,
    /// What was there before.
    kept: Vec<CallRecord>,
    keys: BTreeSet<CallKey>,
}

impl SoFar {
    fn open(path: &Path) -> Result<Self, RunError> {
        let text = match path.exists() {
            true => {
                std::fs::read_to_string(path).map_err(RunError::file(path, "cannot be read"))?
            }
            false => String::new(),
        };
        let kept: Vec<CallRecord> = text
            .lines()
            .filter_map(|line| CallRecord::from_line(line).ok())
            .collect();
        let file = OpenOptions::new().create(true).append(true).open(path);
        let mut file = file.map_err(RunError::file(path, "cannot be written"))?;
        if !text.is_empty() && !text.ends_with('\n') {
            // The line of a killed writer stands alone.
            file.write_all(b"\n")
                .map_err(RunError::file(path, "cannot be written"))?;
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            keys: kept.iter().map(|call| call.key.clone()).collect(),
            kept,
        })
    }

    /// Whether a call was answered from what was there before.
    fn has(&self, call: &CallRecord) -> bool {
        call.recalled && self.keys.contains(&call.key)
    }

    /// Appends calls that are not there yet.
    fn write(&mut self, calls: &[CallRecord]) -> Result<(), RunError> {
        for call in calls {
            if self.has(call) {
                continue;
            }
            let line = line_of(call)?;
            let written = self.file.write_all(line.as_bytes());
            written.map_err(RunError::file(&self.path, "cannot be written"))?;
        }
        Ok(())
    }
}

fn line_of(call: &CallRecord) -> Result<String, RunError> {
    let line = call
        .to_line()
        .map_err(|error| RunError::Input(error.to_string()))?;
    Ok(format!("{}\n", line.trim_end()))
}

/// The verdicts in the run directory of an arm; `None` where no judge was asked.
///
/// # Errors
/// [`RunError`] when they cannot be read.
pub fn read_judgements(run: &Path) -> Result<Option<Judgements>, RunError> {
    let path = run.join(VERDICTS);
    if !path.exists() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&path).map_err(RunError::file(&path, "cannot be read"))?;
    let mut judgements = Judgements::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line: Line = serde_json::from_str(line).map_err(|error| RunError::Damaged {
            path: path.clone(),
            line: Some(number),
            why: json_fault(&error),
        })?;
        judgements.0.insert((line.episode, line.check), line.met);
    }
    Ok(Some(judgements))
}

fn votes_of(run: &Path, score: &CaseScore, votes: u32) -> Result<Vec<Vote>, RunError> {
    let mut out = Vec::new();
    for episode in EpisodeReader::open(&run.join(RunDirectory::EVENTS))? {
        let episode = episode?;
        let Some((case, _)) = score.book.of_episode(episode.episode) else {
            continue;
        };
        let mut transcript = None;
        for check in &case.spec.checks {
            let Decides::Judge(judge) = &check.decides else {
                continue;
            };
            let transcript = transcript.get_or_insert_with(|| transcribe(&episode));
            out.extend((0..judge.votes.unwrap_or(votes)).map(|number| Vote {
                episode: episode.episode,
                check: check.id.clone(),
                number,
                question: judge.question.clone(),
                transcript: transcript.clone(),
            }));
        }
    }
    Ok(out)
}

/// What both sides said, without the truth.
fn transcribe(episode: &Episode) -> String {
    let mut out = String::new();
    for turn in said(episode) {
        let _ = writeln!(out, "{}: {}", turn.who, turn.text);
    }
    out
}

fn request(prompts: &Prompts, vote: &Vote) -> Result<ModelRequest, RunError> {
    let mut user = json!({"question": vote.question, "transcript": vote.transcript});
    user["data"] = user.to_string().into();
    let messages = prompts
        .messages(&JUDGE_ROLE, &json!({}), &user)
        .map_err(|error| RunError::Input(error.to_string()))?;
    Ok(ModelRequest {
        key: CallKey {
            episode: EpisodeIx(vote.episode),
            agent: JUDGE,
            round: RoundIx(0),
            purpose: Cow::Owned(format!("judge {}", vote.check)),
            number: vote.number,
            attempt: 0,
        },
        messages,
        schema: None,
        temperature: 0.0,
        max_tokens: VERDICT_TOKENS,
        seed: u64::from(vote.number),
    })
}

/// What more than half of the readable votes say.
fn majority(votes: &[Option<bool>]) -> Option<bool> {
    let count = |wanted| votes.iter().filter(|vote| **vote == Some(wanted)).count();
    let (yes, no) = (count(true), count(false));
    (yes != no).then_some(yes > no)
}

fn write_calls(run: &Path, mut calls: Vec<CallRecord>, so_far: &SoFar) -> Result<(), RunError> {
    calls.retain(|call| !so_far.has(call));
    calls.extend(so_far.kept.iter().cloned());
    calls.sort_by(|a, b| (&a.key, a.retry).cmp(&(&b.key, b.retry)));
    calls.dedup_by(|a, b| (&a.key, a.retry) == (&b.key, b.retry));
    let mut text = String::new();
    for call in &calls {
        text.push_str(&line_of(call)?);
    }
    write_whole(&run.join(JUDGE_CALLS), text.as_bytes())?;
    // Its calls are in the other file now.
    let _ = std::fs::remove_file(run.join(CALLS_SO_FAR));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_decide_nothing() {
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(majority(&[yes, no, yes]), Some(true));
        assert_eq!(majority(&[yes, no]), None);
        assert_eq!(majority(&[None, None, no]), Some(false));
        assert_eq!(majority(&[None]), None);
    }
}
