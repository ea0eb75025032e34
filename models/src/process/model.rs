//! Programs behind the trait of models: a queue, and one thread for each of them.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::fault::ProcessFault;
use super::keep::{note_restart, open_errors};
use super::running::{Heard, Running};
use super::wire::batch_line;
use crate::error::ModelError;
use crate::model::{Completion, LanguageModel};
use crate::request::{ModelReply, ModelRequest};
use crate::server::ServerOptions;

/// Bytes of an answer: so many, and so many more for each decision of a batch.
const ANSWER_BYTES: usize = 1 << 16;

/// Which program, and how it is treated.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessOptions {
    /// Name of the policy; part of the hash of every request.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// Its working directory.
    pub folder: PathBuf,
    /// The first line that it reads, a JSON object.
    pub hello: String,
    /// How long it may take to answer a batch, its start included.
    pub deadline: Duration,
    /// How often it is started again in all.
    pub restarts: u32,
    /// How many of it run side by side; counts as at least 1.
    pub processes: usize,
    /// Most observations of a batch; counts as at least 1.
    pub batch: usize,
    /// Folder for its standard error and its restarts; without one, neither is kept.
    pub keep: Option<PathBuf>,
}

impl ProcessOptions {
    /// Sizes of a server that keeps every process busy: while a batch is decided, the next one
    /// gathers.
    pub fn server(&self) -> ServerOptions {
        let all = self.batch.max(1).saturating_mul(self.processes.max(1));
        ServerOptions {
            queue: all.saturating_mul(4),
            in_flight: all.saturating_mul(2),
            max_batch: self.batch.max(1),
        }
    }
}

/// A program that decides, in one or several processes. They start with the first request.
///
/// A batch that fails is asked again as a whole once, then one by one, so that only observations
/// that fail by themselves are lost. Dropping the model closes their standard input and ends them.
pub struct ProcessModel {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

type Answer = Result<ModelReply, ModelError>;

struct Job {
    request: ModelRequest,
    answer: oneshot::Sender<Answer>,
}

struct Shared {
    options: ProcessOptions,
    queue: Mutex<VecDeque<Job>>,
    arrived: Condvar,
    stopped: AtomicBool,
    /// Where each thread that waits for an answer hears that the run is being ended.
    ears: Mutex<Vec<Option<SyncSender<Heard>>>>,
    restarts: AtomicU32,
    batches: AtomicU64,
}

impl ProcessModel {
    /// A model that is not running yet.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub fn new(options: ProcessOptions) -> std::io::Result<Self> {
        let count = options.processes.max(1);
        let shared = Arc::new(Shared {
            options,
            queue: Mutex::default(),
            arrived: Condvar::new(),
            stopped: AtomicBool::new(false),
            ears: Mutex::new((0..count).map(|_| None).collect()),
            restarts: AtomicU32::new(0),
            batches: AtomicU64::new(0),
        });
        let mut model = Self {
            shared,
            threads: Vec::with_capacity(count),
        };
        for slot in 0..count {
            let shared = Arc::clone(&model.shared);
            let thread = std::thread::Builder::new()
                .name(format!("process {} {slot}", shared.options.name))
                .spawn(move || Slot::new(&shared, slot).work())?;
            model.threads.push(thread);
        }
        Ok(model)
    }

    /// How often the program was started again so far.
    pub fn restarts(&self) -> u32 {
        self.shared.restarts.load(Ordering::Relaxed)
    }
}

impl LanguageModel for ProcessModel {
    fn name(&self) -> &str {
        &self.shared.options.name
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        let mut answers = Vec::with_capacity(requests.len());
        let mut queue = locked(&self.shared.queue);
        for request in requests {
            let (answer, receiver) = oneshot::channel();
            answers.push(receiver);
            queue.push_back(Job {
                request: request.clone(),
                answer,
            });
        }
        drop(queue);
        self.shared.arrived.notify_one();
        Box::pin(async move {
            let mut results = Vec::with_capacity(answers.len());
            for answer in answers {
                results.push(answer.await.unwrap_or_else(|_| {
                    Err(ModelError::Closed {
                        reason: "the thread of its process has ended".to_owned(),
                    })
                }));
            }
            results
        })
    }
}

impl Drop for ProcessModel {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // With the lock, so that no thread goes to sleep between its look and the call.
        drop(locked(&self.shared.queue));
        self.shared.arrived.notify_all();
        for ear in locked(&self.shared.ears).iter().flatten() {
            // Where it is full, the thread is awake and looks by itself.
            let _ = ear.try_send(Heard::Stop);
        }
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("the thread of a process panicked");
            }
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// What waits, up to the size of a batch; `None` when there is no more to come.
    fn next_batch(&self) -> Option<Vec<Job>> {
        let mut queue = locked(&self.queue);
        while queue.is_empty() && !self.is_stopped() {
            let woken = self.arrived.wait(queue);
            queue = woken.unwrap_or_else(PoisonError::into_inner);
        }
        if self.is_stopped() {
            queue.clear();
            return None;
        }
        let most = self.options.batch.max(1).min(queue.len());
        let batch = queue.drain(..most).collect();
        if !queue.is_empty() {
            self.arrived.notify_one();
        }
        Some(batch)
    }
}

/// One of the processes.
struct Slot<'a> {
    shared: &'a Shared,
    slot: usize,
    running: Option<Running>,
    /// Why it is not running any more.
    fault: Option<ProcessFault>,
}

impl<'a> Slot<'a> {
    fn new(shared: &'a Shared, slot: usize) -> Self {
        Self {
            shared,
            slot,
            running: None,
            fault: None,
        }
    }

    fn work(mut self) {
        while let Some(jobs) = self.shared.next_batch() {
            self.settle(jobs);
        }
        if let Some(running) = self.running.take() {
            running.farewell();
        }
    }

    fn settle(&mut self, jobs: Vec<Job>) {
        for _ in 0..2 {
            match self.exchange(&jobs) {
                Ok(replies) => {
                    for (job, reply) in jobs.into_iter().zip(replies) {
                        hand_over(job.answer, Ok(reply));
                    }
                    return;
                }
                Err(_) if self.is_spent() || self.shared.is_stopped() => break,
                Err(_) => {}
            }
        }
        if jobs.len() == 1 || self.is_spent() {
            let error = self.failure();
            for job in jobs {
                hand_over(job.answer, Err(error.clone()));
            }
            return;
        }
        for job in jobs {
            let answered = self.exchange(std::slice::from_ref(&job));
            let answer = answered.map(|mut replies| replies.pop().unwrap_or_default());
            hand_over(job.answer, answer);
        }
    }

    /// Whether the program is gone and may not be started again.
    fn is_spent(&self) -> bool {
        let used = self.shared.restarts.load(Ordering::Relaxed);
        self.fault.is_some() && used >= self.shared.options.restarts
    }

    fn failure(&self) -> ModelError {
        ModelError::Process {
            fault: self.fault.clone().unwrap_or(ProcessFault::Stopped),
            restarts: self.shared.restarts.load(Ordering::Relaxed),
        }
    }

    /// Asks the program, which is started where it does not run.
    fn exchange(&mut self, jobs: &[Job]) -> Result<Vec<ModelReply>, ModelError> {
        let answered = self.try_exchange(jobs);
        answered.map_err(|fault| {
            if let Some(fault) = fault {
                self.fault = Some(fault);
            }
            locked(&self.shared.ears)[self.slot] = None;
            // Ends it.
            self.running = None;
            self.failure()
        })
    }

    /// `Err(None)` when it may not be started again.
    fn try_exchange(&mut self, jobs: &[Job]) -> Result<Vec<ModelReply>, Option<ProcessFault>> {
        let options = &self.shared.options;
        let batch = self.shared.batches.fetch_add(1, Ordering::Relaxed);
        let running = match &mut self.running {
            Some(running) => running,
            None => {
                let running = self.start(batch)?;
                locked(&self.shared.ears)[self.slot] = Some(running.ear());
                self.running.insert(running)
            }
        };
        if self.shared.is_stopped() {
            return Err(Some(ProcessFault::Stopped));
        }
        let line = batch_line(batch, jobs.iter().map(|job| &job.request));
        let decisions = running.exchange(line, batch, jobs.len(), options.deadline);
        let decisions = decisions.map_err(Some)?;
        Ok(decisions
            .into_iter()
            .map(|text| ModelReply {
                text,
                // A program has no tokens, and costs nothing that is known here.
                ..ModelReply::default()
            })
            .collect())
    }

    fn start(&self, batch: u64) -> Result<Running, Option<ProcessFault>> {
        let options = &self.shared.options;
        let keep = options.keep.as_deref();
        if let Some(fault) = &self.fault {
            let allowed = |used: u32| (used < options.restarts).then_some(used + 1);
            let counted =
                self.shared
                    .restarts
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, allowed);
            if counted.is_err() || self.shared.is_stopped() {
                return Err(None);
            }
            note_restart(keep, &options.name, self.slot, &fault.to_string());
        }
        let (program, arguments) = match options.command.split_first() {
            Some((program, arguments)) => (program.as_str(), arguments),
            None => ("", &[][..]),
        };
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&options.folder);
        let errors = open_errors(keep, &options.name, self.slot);
        let most = ANSWER_BYTES.saturating_mul(options.batch.saturating_add(1));
        Running::start(&mut command, &options.hello, errors, batch, most).map_err(Some)
    }
}

/// An asker that no longer listens is no failure.
fn hand_over(to: oneshot::Sender<Answer>, answer: Answer) {
    if to.send(answer).is_err() {
        tracing::debug!("the asker of a process is gone");
    }
}
