//! Tasks without their types.
//!
//! An executor's task is code of its own for each type of future: how it is run, woken, cancelled and
//! dropped. The daemon has two hundred of these. Behind a box they are one type, which is a tenth of a
//! megabyte less in the binary and one allocation more a task.

use async_executor::Executor;
use parking_lot::Mutex;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

pub use async_executor::Task;

/// Blocking work on a thread that is there for it. Dropping it cancels what has not begun.
#[must_use = "dropping it cancels what has not begun"]
#[derive(Debug)]
pub struct Unblocked<T> {
    task: smol::Task<()>,
    made: Arc<Mutex<Option<T>>>,
}

/// Has `work` done on a thread where it may block; it begins at once.
///
/// # Panics
/// Whoever awaits it panics if the work does.
pub fn unblock<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Unblocked<T> {
    let made = Arc::new(Mutex::new(None));
    let place = made.clone();
    let work: Box<dyn FnOnce() + Send> = Box::new(move || {
        let result = work();
        *place.lock() = Some(result);
    });
    Unblocked {
        task: smol::unblock(work),
        made,
    }
}

impl<T> Unblocked<T> {
    /// Lets it go on by itself; nobody learns what it makes.
    pub fn detach(self) {
        self.task.detach();
    }
}

impl<T> Future for Unblocked<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        ready!(Pin::new(&mut self.task).poll(cx));
        let made = self.made.lock().take();
        Poll::Ready(made.expect("work that came to its end has made something"))
    }
}

/// Tasks of which nothing is awaited but their end.
pub trait Begin<'a> {
    /// Spawns it; dropping the task cancels it.
    fn begin(&self, future: impl Future<Output = ()> + Send + 'a) -> Task<()>;
}

impl<'a> Begin<'a> for Executor<'a> {
    fn begin(&self, future: impl Future<Output = ()> + Send + 'a) -> Task<()> {
        let future: Pin<Box<dyn Future<Output = ()> + Send + 'a>> = Box::pin(future);
        self.spawn(future)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn what_was_made_is_told() {
        assert_eq!(smol::block_on(unblock(|| 2 + 2)), 4);
    }

    #[test]
    fn a_panic_is_passed_on() {
        let asked = || smol::block_on(unblock(|| -> u8 { panic!("the work panics") }));
        assert!(catch_unwind(AssertUnwindSafe(asked)).is_err());
        assert_eq!(smol::block_on(unblock(|| 1)), 1);
    }

    #[test]
    fn what_is_detached_goes_on() {
        let (sender, receiver) = std::sync::mpsc::channel();
        unblock(move || sender.send(3)).detach();
        assert_eq!(receiver.recv(), Ok(3));
    }

    #[test]
    fn a_task_that_has_begun_runs_and_ends() {
        let ended = Mutex::new(false);
        let executor = Executor::new();
        smol::block_on(executor.run(executor.begin(async { *ended.lock() = true })));
        assert!(*ended.lock());
    }

    #[test]
    fn a_task_that_is_dropped_is_cancelled() {
        let held = Arc::new(());
        let executor = Executor::new();
        let inside = held.clone();
        let task = executor.begin(async move {
            let _inside = inside;
            std::future::pending().await
        });
        executor.try_tick();
        drop(task);
        executor.try_tick();
        assert_eq!(Arc::strong_count(&held), 1);
    }
}
