use std::time::Duration;

use tachys::html::event as ev;

use super::{
    log::Log,
    step_row::{self, StepRow},
};
use crate::{
    components::{empty::Empty, skeleton::SkeletonRows},
    language::{language, say},
    model::{activity_filter::ActivityFilter, step::Step},
    prelude::*,
};

/// How near to the end of the page, in pixels, older entries are fetched.
const NEAR: i32 = 600;
/// How often it is looked how near.
const LOOK: Duration = Duration::from_millis(200);

#[component]
pub(super) fn Steps(log: Log, filter: Memo<ActivityFilter>) -> impl IntoView {
    let language = language();
    let stage = Memo::new(move |_| log.steps.with(|steps| steps.as_ref().map(Vec::is_empty)));
    let filtered = Memo::new(move |_| filter.with(|filter| filter.count() > 0));
    move || match stage.get() {
        None if log.failure.with(Option::is_some) => ().into_view(),
        None => view! { <SkeletonRows/> },
        Some(true) => {
            let (title, text) = if filtered.get() {
                (say!(language, activity.no_match), say!(language, activity.no_match_text))
            } else {
                (say!(language, activity.empty), say!(language, activity.empty_text))
            };
            view! { <Empty title=title.to_owned() text=text.to_owned()/> }
        }
        Some(false) => view! { <Table log filter/> },
    }
}

#[component]
fn Table(log: Log, filter: Memo<ActivityFilter>) -> impl IntoView {
    let language = language();
    let heads = [
        say!(language, activity.time),
        say!(language, activity.who),
        step_row::VM,
        say!(language, activity.what),
    ];
    let heads = heads.map(|name| view! { <th scope="col">{name}</th> });
    let steps = move || log.steps.get().unwrap_or_default();
    let key = |step: &Step| step.hash().to_owned();
    fetch_at_the_end(log);
    view! {
        <table class="table table--activity" aria-label=say!(language, activity.title)>
            <thead><tr>{heads.collect_view()}</tr></thead>
            <tbody>{keyed(steps, key, move |step| view! { <StepRow step filter/> })}</tbody>
        </table>
        <Older log/>
    }
}

/// Older entries come by themselves towards the end of the page; the button is for the keyboard, and after a failure.
#[component]
fn Older(log: Log) -> impl IntoView {
    let language = language();
    let more = Memo::new(move |_| log.next.with(Option::is_some));
    let text = move || {
        if log.busy.get() { say!(language, activity.reading) } else { say!(language, activity.older) }
    };
    move || match more.get() {
        true => view! {
            <p class="activity__end">
                <button type="button" class="button" disabled=log.busy on:click=move |_| log.older()>{text}</button>
            </p>
        },
        false => view! { <p class="activity__end muted">{say!(language, activity.oldest)}</p> },
    }
}

fn fetch_at_the_end(log: Log) {
    let looking = StoredValue::new(false);
    let scrolled = window_event_listener(ev::scroll, move |_| {
        if looking.try_get_value() != Some(false) {
            return;
        }
        looking.set_value(true);
        set_timeout(
            move || {
                if looking.try_set_value(false).is_none() && is_near_the_end() {
                    log.older();
                }
            },
            LOOK,
        );
    });
    on_cleanup(move || scrolled.remove());
}

fn is_near_the_end() -> bool {
    let Some(root) = document().document_element() else { return false };
    root.scroll_height() - root.scroll_top() - root.client_height() < NEAR
}
