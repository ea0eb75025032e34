//! The engine itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::course::Course;
use super::request::{Generated, GenerationError, GenerationRequest};
use super::runner::{Runner, Scheduled};
use super::vocabulary::Vocabulary;
use crate::local::cpu::{
    CacheCounters, Inference, Scheduler, SchedulerCounters, SequenceId, Threads,
};
use crate::local::text::{Sampler, StopReason};

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

/// Answers requests together, one token of each a step, and with it the tokens that must follow by
/// the form of the reply.
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
    /// Replies that their form alone has ended.
    ended: Vec<(SequenceId, StopReason)>,
    skips_forced: bool,
    threads: Threads,
    /// One for each thread.
    samplers: Vec<Sampler>,
}

/// A token that is drawn.
struct Draw<'a> {
    id: SequenceId,
    course: &'a mut Course,
    logits: Vec<f32>,
    drawn: Result<Option<StopReason>, GenerationError>,
}

impl Engine {
    /// An engine of `model`; `context` is the most tokens of a prompt with its reply.
    pub fn new<M: Inference + 'static>(
        model: M,
        scheduler: Scheduler<M::Blocks>,
        vocabulary: Vocabulary,
        context: usize,
    ) -> Self {
        let threads = model.threads();
        Self {
            runner: Box::new(Scheduled { model, scheduler }),
            vocabulary,
            context,
            under_way: BTreeMap::new(),
            ended: Vec::new(),
            skips_forced: true,
            samplers: (0..threads.count()).map(|_| Sampler::default()).collect(),
            threads,
        }
    }

    /// Whether tokens that must come next are taken without asking the model, as they are by
    /// default where no log-probabilities are wanted. Replies are the same; only a logit that is no number
    /// goes unnoticed where it was not needed.
    #[must_use]
    pub fn skip_forced_tokens(mut self, skip: bool) -> Self {
        self.skips_forced = skip;
        self
    }

    /// Takes a request.
    ///
    /// # Errors
    /// [`GenerationError`] when it cannot be served: nothing has been computed then.
    pub fn begin(&mut self, request: &GenerationRequest) -> Result<Ticket, GenerationError> {
        let vocabulary = &self.vocabulary;
        let mut course = Course::begin(
            request,
            &vocabulary.grammars,
            Arc::clone(&vocabulary.allowed),
            &vocabulary.eos,
            &vocabulary.table,
            self.context,
        )?;
        if !self.skips_forced {
            course.ask_for_all();
        }
        let mut most = course.most_tokens();
        let ended = course.take_forced()?;
        let mut prompt = request.prompt.clone();
        if ended.is_none() {
            let forced = course.new_tokens();
            most -= forced.len();
            prompt.extend_from_slice(forced);
        }
        let submitted = self.runner.submit(&prompt, most);
        let id = submitted.map_err(|error| GenerationError::Engine(error.to_string()))?;
        self.under_way.insert(id, course);
        self.ended.extend(ended.map(|reason| (id, reason)));
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
        let mut news = Vec::new();
        for (id, reason) in std::mem::take(&mut self.ended) {
            news.extend(self.close(id, Ok(reason)));
        }
        let Self {
            runner,
            under_way,
            threads,
            samplers,
            ..
        } = self;
        let mut courses: Vec<&mut Course> = under_way.values_mut().collect();
        let (rows, ()) = threads.join(
            || runner.step(),
            || threads.for_each_item(&mut courses, |course| course.prepare()),
        );
        let mut rows: BTreeMap<_, _> = match rows {
            Ok(rows) => rows.into_iter().collect(),
            Err(error) => {
                news.extend(self.fail(&error.to_string()));
                return news;
            }
        };
        let asked = under_way.iter_mut().filter_map(|(id, course)| {
            Some(Draw {
                id: *id,
                course,
                logits: rows.remove(id)?,
                drawn: Ok(None),
            })
        });
        let mut draws: Vec<Draw<'_>> = asked.collect();
        let share = draws.len().div_ceil(samplers.len()).max(1);
        let mut shares: Vec<_> = draws.chunks_mut(share).zip(samplers).collect();
        threads.for_each_item(&mut shares, |(draws, sampler)| {
            for Draw {
                course,
                logits,
                drawn,
                ..
            } in draws.iter_mut()
            {
                *drawn = course.advance(logits, sampler);
            }
        });
        let mut ended = Vec::new();
        for Draw {
            id, course, drawn, ..
        } in draws
        {
            let drawn = drawn.and_then(|drawn| match drawn {
                Some(reason) => Ok(Some(reason)),
                None => {
                    let pushed = runner.push(id, course.new_tokens());
                    pushed.map_err(|error| GenerationError::Engine(error.to_string()))?;
                    Ok(None)
                }
            });
            match drawn.transpose() {
                Some(end) => ended.push((id, end)),
                None => {
                    let text = course.news().to_owned();
                    news.push((Ticket(id), News { text, ended: None }));
                }
            }
        }
        for (id, end) in ended {
            news.extend(self.close(id, end));
        }
        news
    }

    /// Takes a reply out that has ended.
    fn close(
        &mut self,
        id: SequenceId,
        end: Result<StopReason, GenerationError>,
    ) -> Option<(Ticket, News)> {
        let mut course = self.under_way.remove(&id)?;
        // It is known, since it was under way.
        let _ = self.runner.finish(id);
        let text = course.news().to_owned();
        let ended = Some(end.map(|reason| course.end(reason)));
        Some((Ticket(id), News { text, ended }))
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
