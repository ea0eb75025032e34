//! The scheduler itself.

use std::collections::{BTreeMap, BTreeSet};

use super::entry::Entry;
use super::error::{StepError, SubmitError};
use super::options::{SchedulerCounters, SchedulerOptions};
use crate::local::cpu::cache::{
    BlockHash, BlockStorage, CacheCounters, CacheError, HostBlocks, KvCache, SequenceId,
};
use crate::local::cpu::model::{Chunk, Inference, Wanted};

/// Runs many sequences over one cache.
///
/// [`submit`](Self::submit) a prompt; [`step`](Self::step) runs one pass and returns logits of the sequences
/// whose tokens have all run; [`push`](Self::push) their next tokens, or
/// [`finish`](Self::finish) them.
///
/// Waiting sequences are admitted in the order of their arrival while the cache has room for
/// their prompts. One whose prefix is being computed for another waits for those blocks, and
/// later ones may overtake it then. When blocks run out, the youngest gives up its own and
/// starts again later with all its tokens, its place in the order kept.
///
/// # Determinism
/// Which sequences run in a step depends on the order of calls alone. On the CPU's own model the rows of a
/// sequence depend on its tokens alone, bit by bit.
#[derive(Debug)]
pub struct Scheduler<S = HostBlocks> {
    options: SchedulerOptions,
    cache: KvCache<S>,
    /// All sequences by arrival.
    entries: BTreeMap<SequenceId, Entry>,
    next: u64,
    counters: SchedulerCounters,
}

impl<S: BlockStorage> Scheduler<S> {
    /// A scheduler over an empty cache.
    pub fn new(cache: KvCache<S>, options: SchedulerOptions) -> Self {
        Self {
            options,
            cache,
            entries: BTreeMap::new(),
            next: 0,
            counters: SchedulerCounters::default(),
        }
    }

    /// The cache.
    pub fn cache(&self) -> &KvCache<S> {
        &self.cache
    }

    /// What prefix sharing has saved; a sequence that starts again counts again.
    pub fn cache_counters(&self) -> CacheCounters {
        self.cache.counters()
    }

    /// What has been done.
    pub fn counters(&self) -> SchedulerCounters {
        self.counters
    }

    /// Sequences that have not finished.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all sequences have finished.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Adds a sequence that will get at most `max_new` tokens besides its prompt.
    ///
    /// # Errors
    /// [`SubmitError`] when the prompt is empty, has a token outside the vocabulary, or could never fit.
    pub fn submit(
        &mut self,
        model: &impl Inference<Blocks = S>,
        prompt: &[u32],
        max_new: usize,
    ) -> Result<SequenceId, SubmitError> {
        check_tokens(model, prompt)?;
        let capacity = self.cache.shape().capacity().min(model.config().context);
        let limit = prompt.len().saturating_add(max_new);
        // The last token chosen need not run.
        if limit - max_new.min(1) > capacity {
            return Err(SubmitError::TooLong {
                tokens: limit,
                capacity,
            });
        }
        let id = SequenceId(self.next);
        self.next += 1;
        self.entries.insert(id, Entry::new(prompt, limit));
        Ok(id)
    }

    /// Continues a sequence whose logits were returned: with the token chosen, or several where those after it
    /// are known.
    ///
    /// # Errors
    /// [`SubmitError`] when the sequence is unknown or not asked for tokens, or the tokens do not fit.
    pub fn push(
        &mut self,
        model: &impl Inference<Blocks = S>,
        id: SequenceId,
        tokens: &[u32],
    ) -> Result<(), SubmitError> {
        check_tokens(model, tokens)?;
        let entry = self.entries.get_mut(&id).ok_or(SubmitError::Unknown(id))?;
        if !entry.asked {
            return Err(SubmitError::NotAsked(id));
        }
        let length = entry.tokens.len() + tokens.len();
        if length > entry.limit {
            return Err(SubmitError::TooLong {
                tokens: length,
                capacity: entry.limit,
            });
        }
        entry.tokens.extend_from_slice(tokens);
        entry.asked = false;
        Ok(())
    }

    /// Removes a sequence at any time, and returns its tokens.
    ///
    /// # Errors
    /// [`SubmitError::Unknown`].
    pub fn finish(&mut self, id: SequenceId) -> Result<Vec<u32>, SubmitError> {
        let entry = self.entries.remove(&id).ok_or(SubmitError::Unknown(id))?;
        if entry.running {
            self.cache.close(id).map_err(|_| SubmitError::Unknown(id))?;
        }
        Ok(entry.tokens)
    }

    /// Runs one pass, and returns the next token's logits of each sequence all of whose tokens have run, in order of
    /// arrival. Without anything to run it returns nothing.
    ///
    /// # Errors
    /// [`StepError`] when the cache is not the model's, or the device fails.
    pub fn step(
        &mut self,
        model: &impl Inference<Blocks = S>,
    ) -> Result<Vec<(SequenceId, Vec<f32>)>, StepError> {
        self.admit()?;
        let work = self.plan()?;
        if work.is_empty() {
            return Ok(Vec::new());
        }
        let mut chunks = Vec::with_capacity(work.len());
        for (id, start, count) in &work {
            let tokens = &self.entries[id].tokens;
            let ends = start + count == tokens.len();
            chunks.push(Chunk {
                sequence: *id,
                tokens: &tokens[*start..start + count],
                wanted: if ends { Wanted::Last } else { Wanted::None },
            });
        }
        let logits = model.pass(&mut self.cache, &chunks)?;
        self.counters.steps += 1;
        self.counters.tokens += work.iter().map(|(_, _, count)| *count as u64).sum::<u64>();
        let mut rows = logits.rows();
        let mut asked = Vec::new();
        for (id, start, count) in work {
            let Some(entry) = self.entries.get_mut(&id) else {
                continue;
            };
            if start + count == entry.tokens.len()
                && let Some(row) = rows.next()
            {
                entry.decoding = true;
                entry.asked = true;
                asked.push((id, row.to_vec()));
            }
        }
        asked.sort_unstable_by_key(|(id, _)| *id);
        Ok(asked)
    }

    /// Gives blocks to waiting sequences.
    fn admit(&mut self) -> Result<(), StepError> {
        let size = self.cache.shape().block_size;
        let mut running = self.entries.values().filter(|e| e.running).count();
        // Blocks that a running sequence is about to fill.
        let mut coming: BTreeSet<BlockHash> = BTreeSet::new();
        for (id, entry) in self.entries.iter().filter(|(_, e)| e.running) {
            let done = self.cache.len(*id).unwrap_or(0) / size;
            coming.extend(entry.hashes.iter().skip(done));
        }
        for (id, entry) in &mut self.entries {
            if entry.running || entry.asked {
                continue;
            }
            if running >= self.options.max_running {
                break;
            }
            let prefix = if self.options.share_prefixes {
                self.cache.prefix_hashes(&entry.tokens)
            } else {
                Vec::new()
            };
            let known = self.cache.known(&prefix);
            if prefix.get(known).is_some_and(|hash| coming.contains(hash)) {
                continue;
            }
            let idle = self.cache.known_idle(&prefix, known);
            let blocks = self.cache.shape().blocks_for(entry.tokens.len());
            if blocks - known + idle > self.cache.free_blocks() {
                break;
            }
            let share = self.options.share_prefixes;
            let found = self.cache.open_sharing(*id, &entry.tokens, share)?;
            self.cache.reserve(*id, entry.tokens.len() - found)?;
            entry.running = true;
            running += 1;
            if share {
                entry.hashes = self.cache.block_hashes(&entry.tokens);
                coming.extend(entry.hashes.iter().skip(found / size));
            }
        }
        Ok(())
    }

    /// Chooses what runs, and makes room for it: sequences with their first token and number of tokens.
    fn plan(&mut self) -> Result<Vec<(SequenceId, usize, usize)>, StepError> {
        let ready = |decoding: bool| {
            let entries = self.entries.iter();
            entries
                .filter(move |(_, e)| e.running && !e.asked && e.decoding == decoding)
                .map(|(id, _)| *id)
                .collect::<Vec<_>>()
        };
        let (decodes, prompts) = (ready(true), ready(false));
        let mut work = Vec::new();
        let mut spent = 0;
        for id in decodes {
            // It may have given its blocks to one before it.
            let Some((start, pending)) = self.pending(id) else {
                continue;
            };
            if self.make_room(id, pending, &mut work)? {
                work.push((id, start, pending));
                spent += pending;
            }
        }
        let mut left = self.options.token_budget.saturating_sub(spent).max(1);
        for id in prompts {
            let Some((start, pending)) = self.pending(id) else {
                continue;
            };
            let count = pending.min(left);
            if count > 0 && self.make_room(id, count, &mut work)? {
                work.push((id, start, count));
                left -= count;
            }
        }
        Ok(work)
    }

    /// First token that has not run, and the number of those, of a running sequence.
    fn pending(&self, id: SequenceId) -> Option<(usize, usize)> {
        let entry = self.entries.get(&id).filter(|e| e.running)?;
        let start = self.cache.len(id)?;
        Some((start, entry.tokens.len() - start))
    }

    /// Reserves room; younger sequences give up their blocks for it. False when `id` itself had
    /// to, as the youngest.
    fn make_room(
        &mut self,
        id: SequenceId,
        count: usize,
        work: &mut Vec<(SequenceId, usize, usize)>,
    ) -> Result<bool, StepError> {
        loop {
            match self.cache.reserve(id, count) {
                Ok(()) => return Ok(true),
                Err(CacheError::OutOfBlocks { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let running = self.entries.iter_mut().rev().find(|(_, e)| e.running);
            let Some((youngest, entry)) = running else {
                return Ok(false);
            };
            let youngest = *youngest;
            entry.running = false;
            entry.decoding = false;
            self.cache.close(youngest)?;
            self.counters.preemptions += 1;
            work.retain(|(other, _, _)| *other != youngest);
            if youngest == id {
                return Ok(false);
            }
        }
    }
}

fn check_tokens(model: &impl Inference, tokens: &[u32]) -> Result<(), SubmitError> {
    if tokens.is_empty() {
        return Err(SubmitError::Empty);
    }
    let vocab = model.config().vocab_size;
    match tokens.iter().find(|token| **token as usize >= vocab) {
        Some(token) => Err(SubmitError::Token {
            token: *token,
            vocab,
        }),
        None => Ok(()),
    }
}
