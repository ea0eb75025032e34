//! One model on a thread of its own, shared by many askers.

use std::any::Any;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::error::ModelError;
use crate::model::LanguageModel;
use crate::request::{ModelReply, ModelRequest};
use crate::spent::Spent;

/// Sizes of a [`ModelServer`]; each counts as at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerOptions {
    /// Requests that may wait; a further one is given back to the asker.
    pub queue: usize,
    /// Requests that the model works on at one time.
    pub in_flight: usize,
    /// Most requests of a batch.
    pub max_batch: usize,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            queue: 256,
            in_flight: 32,
            max_batch: 8,
        }
    }
}

/// A request with its outcome.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// The asker's number of the request.
    pub ticket: u64,
    /// The request.
    pub request: ModelRequest,
    /// [`ModelRequest::hash`] with the name of the model.
    pub request_hash: String,
    /// The reply.
    pub result: Result<ModelReply, ModelError>,
    /// Wall time from submission to outcome in milliseconds, waiting included.
    pub latency_ms: f64,
}

struct Job {
    request: ModelRequest,
    asker: Asker,
}

impl Job {
    fn new(ticket: u64, request: ModelRequest, reply_to: &std_mpsc::Sender<Finished>) -> Self {
        let asker = Asker {
            ticket,
            reply_to: reply_to.clone(),
            submitted: Instant::now(),
        };
        Self { request, asker }
    }
}

struct Asker {
    ticket: u64,
    reply_to: std_mpsc::Sender<Finished>,
    submitted: Instant,
}

/// A model on its own thread: takes requests from any thread and sends each outcome to the
/// channel of its asker, in whatever order they come.
///
/// Requests that wait are gathered into batches without waiting for more. Dropping the server
/// ends the thread; what was not answered by then ends as [`ModelError::Closed`].
pub struct ModelServer {
    name: String,
    model: Arc<dyn LanguageModel>,
    jobs: mpsc::Sender<Job>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    failure: Option<String>,
}

impl ModelServer {
    /// Starts the thread. If it cannot start, every request ends as [`ModelError::Closed`] with
    /// the reason.
    pub fn start(model: Arc<dyn LanguageModel>, options: ServerOptions) -> Self {
        let name = model.name().to_owned();
        let most = Semaphore::MAX_PERMITS;
        let (jobs, queue) = mpsc::channel(options.queue.clamp(1, most));
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let worker = Arc::clone(&model);
        let thread = runtime.and_then(|runtime| {
            std::thread::Builder::new()
                .name(format!("model {name}"))
                .spawn(move || {
                    let work = Work {
                        in_flight: Arc::new(Semaphore::new(options.in_flight.clamp(1, most))),
                        max_batch: options.max_batch.max(1),
                        model: worker,
                    };
                    runtime.block_on(work.serve(queue, stopped));
                })
        });
        let (thread, failure) = match thread {
            Ok(thread) => (Some(thread), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            name,
            model,
            jobs,
            stop: Some(stop),
            thread,
            failure,
        }
    }

    /// Name of the model.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// As [`LanguageModel::recorded`].
    pub fn recorded(&self, request: &ModelRequest) -> Option<Spent> {
        self.model.recorded(request)
    }

    /// As [`LanguageModel::is_priced`].
    pub fn is_priced(&self) -> bool {
        self.model.is_priced()
    }

    /// Hands in a request; the outcome comes as one [`Finished`] on `reply_to`. Never waits.
    ///
    /// # Errors
    /// Gives the request back when the queue is full: take in outcomes, then try again.
    pub fn submit(
        &self,
        ticket: u64,
        request: ModelRequest,
        reply_to: &std_mpsc::Sender<Finished>,
    ) -> Result<(), ModelRequest> {
        match self.jobs.try_send(Job::new(ticket, request, reply_to)) {
            Ok(()) => Ok(()),
            Err(mpsc::error::TrySendError::Full(job)) => Err(job.request),
            Err(mpsc::error::TrySendError::Closed(job)) => {
                self.refuse(job);
                Ok(())
            }
        }
    }

    /// As [`ModelServer::submit`], but waits until the queue has room.
    ///
    /// # Panics
    /// When called inside an asynchronous runtime.
    pub fn submit_when_free(
        &self,
        ticket: u64,
        request: ModelRequest,
        reply_to: &std_mpsc::Sender<Finished>,
    ) {
        let job = Job::new(ticket, request, reply_to);
        if let Err(mpsc::error::SendError(job)) = self.jobs.blocking_send(job) {
            self.refuse(job);
        }
    }

    fn refuse(&self, Job { request, asker }: Job) {
        let reason = self.failure.clone();
        let reason = reason.unwrap_or_else(|| "its thread has ended".to_owned());
        let hash = request.hash(&self.name);
        asker.send(request, hash, Err(ModelError::Closed { reason }));
    }
}

impl fmt::Debug for ModelServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelServer")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Drop for ModelServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!(model = self.name, "the thread of the model server panicked");
        }
    }
}

impl Asker {
    /// An asker that no longer listens is no failure.
    fn send(
        self,
        request: ModelRequest,
        request_hash: String,
        result: Result<ModelReply, ModelError>,
    ) {
        let finished = Finished {
            ticket: self.ticket,
            request,
            request_hash,
            result,
            latency_ms: self.submitted.elapsed().as_secs_f64() * 1e3,
        };
        if self.reply_to.send(finished).is_err() {
            tracing::debug!(ticket = self.ticket, "the asker is gone");
        }
    }
}

struct Work {
    model: Arc<dyn LanguageModel>,
    in_flight: Arc<Semaphore>,
    max_batch: usize,
}

impl Work {
    async fn serve(self, mut queue: mpsc::Receiver<Job>, mut stopped: oneshot::Receiver<()>) {
        loop {
            let batch = tokio::select! {
                biased;
                _ = &mut stopped => break,
                batch = self.next_batch(&mut queue) => batch,
            };
            let Some((batch, permit)) = batch else { break };
            let model = Arc::clone(&self.model);
            tokio::spawn(async move {
                answer(model, batch).await;
                drop(permit);
            });
        }
        queue.close();
        while let Ok(job) = queue.try_recv() {
            let mut batch = Batch::new(&*self.model);
            batch.push(job);
        }
    }

    /// What waits, up to the size of a batch and the free places in flight.
    async fn next_batch(
        &self,
        queue: &mut mpsc::Receiver<Job>,
    ) -> Option<(Batch, OwnedSemaphorePermit)> {
        let place = || Arc::clone(&self.in_flight);
        let mut permit = place().acquire_owned().await.ok()?;
        let mut batch = Batch::new(&*self.model);
        batch.push(queue.recv().await?);
        while batch.requests.len() < self.max_batch {
            let Ok(next) = place().try_acquire_owned() else {
                break;
            };
            let Ok(job) = queue.try_recv() else { break };
            batch.push(job);
            permit.merge(next);
        }
        Some((batch, permit))
    }
}

/// Requests side by side with their askers. What is left when it drops ends as closed.
struct Batch {
    model: String,
    requests: Vec<ModelRequest>,
    askers: Vec<Asker>,
}

impl Batch {
    fn new(model: &dyn LanguageModel) -> Self {
        Self {
            model: model.name().to_owned(),
            requests: Vec::new(),
            askers: Vec::new(),
        }
    }

    fn push(&mut self, job: Job) {
        self.requests.push(job.request);
        self.askers.push(job.asker);
    }

    fn send(&mut self, results: Vec<Result<ModelReply, ModelError>>, reverse: bool) {
        let requests = std::mem::take(&mut self.requests);
        let askers = std::mem::take(&mut self.askers);
        let mut outcomes: Vec<_> = requests.into_iter().zip(askers).zip(results).collect();
        if reverse {
            outcomes.reverse();
        }
        for ((request, asker), result) in outcomes {
            let hash = request.hash(&self.model);
            asker.send(request, hash, result);
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if !self.requests.is_empty() {
            let reason = "the server was dropped".to_owned();
            let closed = Err(ModelError::Closed { reason });
            self.send(vec![closed; self.requests.len()], false);
        }
    }
}

async fn answer(model: Arc<dyn LanguageModel>, mut batch: Batch) {
    let expected = batch.requests.len();
    let outcome = {
        let mut work = pin!(async { model.complete(&batch.requests).await });
        poll_fn(
            |cx| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
                Ok(poll) => poll.map(Ok),
                Err(panic) => Poll::Ready(Err(panic_message(&*panic))),
            },
        )
        .await
    };
    let results = match outcome {
        Ok(results) if results.len() == expected => results,
        Ok(results) => {
            let got = results.len();
            vec![Err(ModelError::WrongCount { expected, got }); expected]
        }
        Err(message) => vec![Err(ModelError::Panicked { message }); expected],
    };
    batch.send(results, model.reverses_replies());
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
