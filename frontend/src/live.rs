//! What the server says now, asked again and again while somebody looks.

use std::{future::Future, pin::Pin, rc::Rc, time::Duration};

use crate::{api::Asked, browser, model::failure::Failure, prelude::*, reach::Wake, tabs::Tabs};

/// How soon to ask again after a failure.
const RETRY: Duration = Duration::from_secs(3);

/// The last answer, and why there is no newer one if there is none.
pub(crate) struct Live<T: Send + Sync + 'static> {
    value: RwSignal<Option<T>>,
    failure: RwSignal<Option<Failure>>,
    asked: Trigger,
}

impl<T: Send + Sync + 'static> Clone for Live<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Live<T> {}

impl<T: Clone + Send + Sync + 'static> Live<T> {
    /// Asks until the owner is gone: at once, after each answer when `pace` says, on [`Wake`], when another tab has
    /// changed something, and whenever a signal that `fetch` reads changes. A question that is overtaken is aborted.
    pub(crate) fn new(
        pace: impl Fn(&T) -> Duration + 'static,
        fetch: impl Fn() -> Asked<T> + 'static,
    ) -> Self {
        let live = Self { value: RwSignal::new(None), failure: RwSignal::new(None), asked: Trigger::new() };
        let pace = Rc::new(pace);
        ask_again_and_again(
            live.asked,
            Box::new(move || -> Question {
                let (answer, pace) = (fetch(), Rc::clone(&pace));
                Box::pin(async move { live.hear(answer.await, &*pace) })
            }),
        );
        live
    }

    pub(crate) fn reload(self) {
        self.asked.notify();
    }

    /// Takes an answer that came by another way.
    pub(crate) fn put(self, value: T) {
        self.value.set(Some(value));
        self.failure.set(None);
    }

    /// Tracked: the last answer, however old.
    pub(crate) fn get(self) -> Option<T> {
        self.value.get()
    }

    pub(crate) fn get_untracked(self) -> Option<T> {
        self.value.get_untracked()
    }

    /// Tracked: why the last question has no answer.
    pub(crate) fn failure(self) -> Option<Failure> {
        self.failure.get()
    }

    fn hear(self, answer: Result<T, Failure>, pace: &dyn Fn(&T) -> Duration) -> Duration {
        match answer {
            Ok(value) => {
                let rest = pace(&value);
                self.put(value);
                rest
            }
            Err(failure) => {
                self.failure.set(Some(failure));
                RETRY
            }
        }
    }
}

/// A question; it says how long to rest once it is answered.
type Question = Pin<Box<dyn Future<Output = Duration>>>;

/// Behind `Fn` a closure would have a second function, for being called once.
trait Ask {
    fn ask(&self) -> Question;
}

impl<F: Fn() -> Question> Ask for F {
    fn ask(&self) -> Question {
        self()
    }
}

fn ask_again_and_again(asked: Trigger, ask: Box<dyn Ask>) {
    let (wake, tabs) = (use_context::<Wake>(), use_context::<Tabs>());
    Effect::new(move |_| {
        asked.track();
        if let Some(wake) = wake {
            wake.track();
        }
        if let Some(tabs) = tabs {
            tabs.track();
        }
        let answer = ask.ask();
        spawn(async move {
            browser::sleep_until_seen(answer.await).await;
            asked.notify();
        });
    });
}
