//! One thread that knows when nothing is left to do but what the driver decides.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

/// Tells when every task waits.
#[derive(Clone, Debug, Default)]
pub(crate) struct Idle(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_idle: bool,
    driver: Option<Waker>,
}

impl Idle {
    /// Returns when no task can go on by itself.
    pub(crate) async fn comes(&self) {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap();
            if std::mem::take(&mut state.is_idle) {
                return Poll::Ready(());
            }
            state.driver = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn parked(&self) {
        let mut state = self.0.lock().unwrap();
        if let Some(driver) = state.driver.take() {
            state.is_idle = true;
            driver.wake();
        }
    }
}

/// Runs the work and all that it spawns on this thread, without time and without I/O.
pub(crate) fn alone<T, F: Future<Output = T>>(work: impl FnOnce(Idle) -> F) -> T {
    let idle = Idle::default();
    let hook = idle.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .on_thread_park(move || hook.parked())
        .build()
        .expect("a runtime without drivers asks the machine for nothing");
    runtime.block_on(work(idle))
}
