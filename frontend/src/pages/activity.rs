//! The audit, newest first: the part of it that the page's address says.

mod details;
mod filters;
mod log;
mod step_row;
mod table;
mod vm_field;

use self::{filters::Filters, log::Log, table::Steps};
use crate::{
    api, browser,
    components::{copy::CopyButton, notice::PageFailure, page_title::set_page_title},
    language::{language, say},
    model::{activity_filter::ActivityFilter, link},
    prelude::*,
    route::Route,
    session::SignedIn,
};

#[component]
pub(crate) fn ActivityLog() -> impl IntoView {
    let route = Route::here();
    let filter = Memo::new(move |_| ActivityFilter::from_query(&|name| route.query(name)));
    let vm = Memo::new(move |_| filter.with(|filter| filter.vm.clone()));
    let language = language();
    let title = move || match vm.get() {
        Some(vm) => say!(language, activity.title_of, vm = vm.name()),
        None => say!(language, activity.title).to_owned(),
    };
    set_page_title(title);
    let log = Log::new(filter);
    let of_one = move || {
        let href = link::connect(&vm.get()?);
        Some(view! { <a class="button" href=href>{say!(language, common.connect)}</a> })
    };
    view! {
        <div class="heading">
            <h1>{title}</h1>
            <div class="heading__actions">
                <Fresh log/>
                {of_one}
                <TakeAway filter/>
            </div>
        </div>
        <Filters filter/>
        <PageFailure failure=log.failure/>
        <Steps log filter/>
    }
}

/// What has happened since the list was read does not push it down: it is announced.
#[component]
fn Fresh(log: Log) -> impl IntoView {
    let language = language();
    let count = Memo::new(move |_| log.fresh.with(Vec::len));
    let text = move || match count.get() {
        0 => say!(language, activity.refresh).to_owned(),
        1 => say!(language, activity.show_one).to_owned(),
        count => say!(language, activity.show_new, count = count),
    };
    let class = move || if count.get() > 0 { "button button--fresh" } else { "button" };
    view! {
        <button type="button" class=class aria-live="polite" on:click=move |_| log.refresh()>{text}</button>
    }
}

/// The same entries elsewhere: as a link, and as a file.
#[component]
fn TakeAway(filter: Memo<ActivityFilter>) -> impl IntoView {
    let clock = SignedIn::of_page().clock;
    let language = language();
    let here = Signal::derive(move || {
        let origin = window().location().origin().unwrap_or_default();
        format!("{origin}{}", filter.with(|filter| filter.address(browser::encoded)))
    });
    let csv = move || filter.with(|filter| api::activity_csv(&filter.query(clock.coarse_now())));
    view! {
        <CopyButton text=here label=say!(language, activity.copy_link) what=None/>
        <a class="button" href=csv download="postern-activity.csv" rel="external">
            {say!(language, activity.download)}
        </a>
    }
}
