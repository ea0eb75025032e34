//! The thread of an engine.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::error::LocalError;
use crate::local::engine::{Engine, Generated, GenerationError, GenerationRequest, Ticket};

/// Hears the text of a reply as it comes.
pub(super) type Listener = Box<dyn FnMut(&str) + Send>;

/// A request with where its reply goes to.
pub(super) struct Job {
    pub(super) request: GenerationRequest,
    pub(super) listener: Option<Listener>,
    pub(super) reply: oneshot::Sender<Result<Generated, GenerationError>>,
}

/// An engine on a thread of its own.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(engine: Engine) -> Result<Self, LocalError> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new()
            .name("local model".to_owned())
            .spawn(move || work(engine, &waiting))
            .map_err(|error| LocalError::Engine(error.to_string()))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
        })
    }

    /// Hands a request in; its reply comes at the receiver, which is closed without one where the engine
    /// has ended.
    pub(super) fn ask(
        &self,
        request: GenerationRequest,
        listener: Option<Listener>,
    ) -> oneshot::Receiver<Result<Generated, GenerationError>> {
        let (reply, pending) = oneshot::channel();
        if let Some(jobs) = &self.jobs {
            // An engine that has ended drops the other end, which the receiver tells.
            let _ = jobs.send(Job {
                request,
                listener,
                reply,
            });
        }
        pending
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the engine was told to all who waited.
            let _ = thread.join();
        }
    }
}

/// Answers until nobody can ask any more, and sleeps while nobody does.
fn work(mut engine: Engine, waiting: &Receiver<Job>) {
    let mut under_way: BTreeMap<Ticket, Job> = BTreeMap::new();
    loop {
        if under_way.is_empty() {
            match waiting.recv() {
                Ok(job) => begin(&mut engine, &mut under_way, job),
                Err(_) => return,
            }
        }
        while let Ok(job) = waiting.try_recv() {
            begin(&mut engine, &mut under_way, job);
        }
        // Nobody waits any more for these.
        let left: Vec<Ticket> = under_way
            .iter()
            .filter(|(_, job)| job.reply.is_closed())
            .map(|(&ticket, _)| ticket)
            .collect();
        for ticket in left {
            engine.cancel(ticket);
            under_way.remove(&ticket);
        }
        for (ticket, news) in engine.step() {
            let Some(job) = under_way.get_mut(&ticket) else {
                continue;
            };
            if let (Some(listener), false) = (&mut job.listener, news.text.is_empty()) {
                listener(&news.text);
            }
            if let Some(ended) = news.ended
                && let Some(job) = under_way.remove(&ticket)
            {
                // Whoever asked may have left.
                let _ = job.reply.send(ended);
            }
        }
    }
}

fn begin(engine: &mut Engine, under_way: &mut BTreeMap<Ticket, Job>, job: Job) {
    match engine.begin(&job.request) {
        Ok(ticket) => {
            under_way.insert(ticket, job);
        }
        Err(error) => {
            let _ = job.reply.send(Err(error));
        }
    }
}
