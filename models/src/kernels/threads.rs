//! Threads that share a kernel's work.

use std::sync::Arc;

use rayon::ThreadPool;
use rayon::iter::{
    IndexedParallelIterator, IntoParallelIterator, IntoParallelRefMutIterator, ParallelIterator,
};

/// A number of threads; one means the caller's own.
///
/// # Determinism
/// Threads split outputs, never sums: results do not depend on their number.
#[derive(Debug, Clone, Default)]
pub struct Threads {
    pool: Option<Arc<ThreadPool>>,
}

impl Threads {
    /// `count` threads; 0 means one for each processor, as does a count the system refuses to start mean one.
    pub fn new(count: usize) -> Self {
        if count == 1 {
            return Self::default();
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        Self {
            pool: pool.ok().map(Arc::new),
        }
    }

    /// How many threads there are.
    pub fn count(&self) -> usize {
        self.pool
            .as_ref()
            .map_or(1, |pool| pool.current_num_threads())
    }

    /// Runs both, at the same time where there are several threads.
    #[cfg(feature = "local")]
    pub(crate) fn join<A: Send, B: Send>(
        &self,
        a: impl FnOnce() -> A + Send,
        b: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        match &self.pool {
            Some(pool) => pool.join(a, b),
            None => (a(), b()),
        }
    }

    /// Runs `task` on each item.
    pub(crate) fn for_each_item<T: Send>(
        &self,
        items: &mut [T],
        task: impl Fn(&mut T) + Send + Sync,
    ) {
        match &self.pool {
            Some(pool) if items.len() > 1 => {
                pool.install(|| items.par_iter_mut().with_max_len(1).for_each(&task));
            }
            _ => items.iter_mut().for_each(task),
        }
    }

    /// Runs `task` for each index below `tasks`.
    pub(crate) fn for_each(&self, tasks: usize, task: impl Fn(usize) + Send + Sync) {
        match &self.pool {
            Some(pool) if tasks > 1 => pool.install(|| {
                (0..tasks).into_par_iter().with_max_len(1).for_each(&task);
            }),
            _ => (0..tasks).for_each(task),
        }
    }
}

/// A place in memory that several threads write, each its own elements.
#[derive(Clone, Copy)]
pub(crate) struct Shared(*mut f32);

// SAFETY: whoever writes through it promises that no two threads touch the same element.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    /// The elements of `slice`.
    pub(crate) fn new(slice: &mut [f32]) -> Self {
        Self(slice.as_mut_ptr())
    }

    /// A pointer to the first element.
    pub(crate) fn get(self) -> *mut f32 {
        self.0
    }
}
