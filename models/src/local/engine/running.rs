//! The engine itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::course::Course;
use super::request::{Generated, GenerationError, GenerationRequest};
use super::runner::{Runner, Scheduled};
use super::vocabulary::Vocabulary;
use crate::local::cpu::{CacheCounters, Inference, Scheduler, SchedulerCounters, SequenceId};
use crate::local::text::Sampler;

/// A request that is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(SequenceId);

/// What a step brought for one request.
#[derive(Debug)]
pub struct News {
    /// Further text of the reply.
    pub text: String,
    /// The whole reply, or why there is none, where the request has ended.
    pub ended: Option<Result<Generated, GenerationError>>,
}

/// Answers requests together, one token of each a step.
///
/// # Determinism
/// A reply depends on its request alone, bit by bit, where the model's logits do: those of
/// [`CpuModel`](crate::local::cpu::CpuModel).
#[derive(Debug)]
pub struct Engine {
    runner: Box<dyn Runner>,
    vocabulary: Vocabulary,
    context: usize,
    under_way: BTreeMap<SequenceId, Course>,
    sampler: Sampler,
}

impl Engine {
    /// An engine of `model`; `context` is the most tokens of a prompt with its reply.
    pub fn new<M: Inference + 'static>(
        model: M,
        scheduler: Scheduler<M::Blocks>,
        vocabulary: Vocabulary,
        context: usize,
    ) -> Self {
        Self {
            runner: Box::new(Scheduled { model, scheduler }),
            vocabulary,
            context,
            under_way: BTreeMap::new(),
            sampler: Sampler::default(),
        }
    }

    /// Takes a request.
    ///
    /// # Errors
    /// [`GenerationError`] when it cannot be served: nothing has been computed then.
    pub fn begin(&mut self, request: &GenerationRequest) -> Result<Ticket, GenerationError> {
        let vocabulary = &self.vocabulary;
        let course = Course::begin(
            request,
            &vocabulary.grammars,
            Arc::clone(&vocabulary.allowed),
            &vocabulary.eos,
            &vocabulary.table,
            self.context,
        )?;
        let most = course.most_tokens();
        let submitted = self.runner.submit(&request.prompt, most);
        let id = submitted.map_err(|error| GenerationError::Engine(error.to_string()))?;
        self.under_way.insert(id, course);
        Ok(Ticket(id))
    }

    /// Drops a request.
    pub fn cancel(&mut self, ticket: Ticket) {
        if self.under_way.remove(&ticket.0).is_some() {
            // It is known, since it was under way.
            let _ = self.runner.finish(ticket.0);
        }
    }

    /// Requests under way.
    pub fn len(&self) -> usize {
        self.under_way.len()
    }

    /// Whether no request is under way.
    pub fn is_empty(&self) -> bool {
        self.under_way.is_empty()
    }

    /// What was found in the cache and what was computed.
    pub fn counters(&self) -> (CacheCounters, SchedulerCounters) {
        self.runner.counters()
    }

    /// Computes the next tokens, and tells what they bring.
    pub fn step(&mut self) -> Vec<(Ticket, News)> {
        let rows = match self.runner.step() {
            Ok(rows) => rows,
            Err(error) => return self.fail(&error.to_string()),
        };
        let mut news = Vec::with_capacity(rows.len());
        for (id, logits) in rows {
            let Some(course) = self.under_way.get_mut(&id) else {
                continue;
            };
            let drawn = course.advance(&logits, &mut self.sampler);
            let text = course.news().to_owned();
            let ended = match drawn {
                Ok((token, None)) => match self.runner.push(id, token) {
                    Ok(()) => None,
                    Err(error) => Some(Err(GenerationError::Engine(error.to_string()))),
                },
                Ok((_, Some(reason))) => {
                    let course = self.under_way.remove(&id);
                    course.map(|course| Ok(course.end(reason)))
                }
                Err(error) => Some(Err(error)),
            };
            if ended.is_some() {
                self.under_way.remove(&id);
                // It is known, since it ran.
                let _ = self.runner.finish(id);
            }
            news.push((Ticket(id), News { text, ended }));
        }
        news
    }

    /// Ends every request: the engine itself failed.
    fn fail(&mut self, why: &str) -> Vec<(Ticket, News)> {
        let failed = std::mem::take(&mut self.under_way);
        failed
            .into_keys()
            .map(|id| {
                let _ = self.runner.finish(id);
                let ended = Some(Err(GenerationError::Engine(why.to_owned())));
                let text = String::new();
                (Ticket(id), News { text, ended })
            })
            .collect()
    }
}
