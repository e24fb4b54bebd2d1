//! What goes on beside the answers, and the orderly end of it all.

use tokio::task::JoinHandle;
use tokio_util::{sync::CancellationToken, task::TaskTracker, task::task_tracker::TaskTrackerWaitFuture};

/// The tasks of a process, and whether it is to end. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Work {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Work {
    /// Starts what [`Work::done`] waits for.
    pub fn spawn<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
        self.tasks.spawn(task)
    }

    /// From now on nothing new is begun; what is in hand may go on.
    pub fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
    }

    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Returns when the process is to end.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Returns when the process is to end and nothing is in hand any more.
    pub fn done(&self) -> TaskTrackerWaitFuture<'_> {
        self.tasks.wait()
    }

    /// How many tasks are in hand.
    pub fn in_hand(&self) -> usize {
        self.tasks.len()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_what_is_in_hand_even_if_it_was_begun_late() {
        let work = Work::default();
        assert!(!work.is_stopping() && work.stopping().now_or_never().is_none());
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        let late = work.clone();
        let (finish_late, finished_late) = tokio::sync::oneshot::channel::<()>();
        work.spawn(async move {
            _ = finished.await;
            late.spawn(finished_late);
        });
        work.stop();
        assert!(work.is_stopping());
        assert_eq!((work.done().now_or_never(), work.in_hand()), (None, 1));
        finish.send(()).unwrap();
        tokio::task::yield_now().await;
        assert_eq!((work.done().now_or_never(), work.in_hand()), (None, 1));
        finish_late.send(()).unwrap();
        work.done().await;
    }
}
