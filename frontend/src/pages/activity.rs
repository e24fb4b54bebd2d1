//! The audit, newest first.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use shared::{api::ActivityQuery, vm::VmId};

mod log;
mod step_row;
mod words;

use self::{log::Log, step_row::StepRow};
use crate::{
    api,
    components::{empty::Empty, notice::MaybeFailure, page_title::set_page_title, skeleton::SkeletonRows},
    model::{link, step::Step},
};

#[component]
pub(crate) fn ActivityLog() -> impl IntoView {
    let query = use_query_map();
    let vm: Memo<Option<VmId>> = Memo::new(move |_| query.with(|query| query.get("vm"))?.parse().ok());
    let title = move || vm.get().map_or_else(|| words::TITLE.to_owned(), |vm| words::title_of(vm.name()));
    set_page_title(title);
    let log = Log::new(vm);
    let of_one = move || {
        vm.get().map(|vm| {
            view! {
                <a class="button" href="/activity">{words::ALL}</a>
                <a class="button" href=link::connect(&vm)>{words::CONNECT}</a>
            }
        })
    };
    let csv = move || api::activity_csv(&ActivityQuery { vm: vm.get(), ..ActivityQuery::default() });
    view! {
        <div class="heading">
            <h1>{title}</h1>
            <div class="heading__actions">
                {of_one}
                <button type="button" class="button" on:click=move |_| log.restart()>{words::REFRESH}</button>
                <a class="button" href=csv download="postern-activity.csv" rel="external">{words::DOWNLOAD}</a>
            </div>
        </div>
        <MaybeFailure failure=log.failure/>
        <Steps log/>
    }
}

#[component]
fn Steps(log: Log) -> impl IntoView {
    let stage = Memo::new(move |_| log.steps.with(|steps| steps.as_ref().map(Vec::is_empty)));
    move || match stage.get() {
        None if log.failure.with(Option::is_some) => ().into_any(),
        None => view! { <SkeletonRows/> }.into_any(),
        Some(true) => {
            view! { <Empty title=words::EMPTY.0.to_owned() text=words::EMPTY.1.to_owned()/> }.into_any()
        }
        Some(false) => view! { <Table log/> }.into_any(),
    }
}

#[component]
fn Table(log: Log) -> impl IntoView {
    let heads =
        [words::TIME, words::WHO, words::VM, words::WHAT].map(|name| view! { <th scope="col">{name}</th> });
    let steps = move || log.steps.get().unwrap_or_default();
    let key = |step: &Step| step.hash().to_owned();
    let older = move || {
        let more = log.next.with(Option::is_some);
        more.then(|| {
            view! {
                <button type="button" class="button" disabled=log.busy on:click=move |_| log.older()>
                    {words::OLDER}
                </button>
            }
        })
    };
    view! {
        <table class="table table--activity" aria-label=words::TITLE>
            <thead><tr>{heads.collect_view()}</tr></thead>
            <tbody><For each=steps key children=|step| view! { <StepRow step/> }/></tbody>
        </table>
        <p>{older}</p>
    }
}
