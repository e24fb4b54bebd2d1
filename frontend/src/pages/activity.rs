//! The audit, newest first.

use leptos::prelude::*;
use shared::{api::ActivityQuery, vm::VmId};

mod log;
mod step_row;

use self::{log::Log, step_row::StepRow};
use crate::{
    api,
    components::{empty::Empty, notice::MaybeFailure, page_title::set_page_title, skeleton::SkeletonRows},
    language::{language, say},
    model::{link, step::Step},
    route::Route,
};

#[component]
pub(crate) fn ActivityLog() -> impl IntoView {
    let route = Route::here();
    let vm: Memo<Option<VmId>> = Memo::new(move |_| route.query("vm")?.parse().ok());
    let language = language();
    let title = move || match vm.get() {
        Some(vm) => say!(language, activity.title_of, vm = vm.name()),
        None => say!(language, activity.title).to_owned(),
    };
    set_page_title(title);
    let log = Log::new(vm);
    let of_one = move || {
        vm.get().map(|vm| {
            view! {
                <a class="button" href="/activity">{say!(language, activity.all)}</a>
                <a class="button" href=link::connect(&vm)>{say!(language, common.connect)}</a>
            }
        })
    };
    let csv = move || api::activity_csv(&ActivityQuery { vm: vm.get(), ..ActivityQuery::default() });
    view! {
        <div class="heading">
            <h1>{title}</h1>
            <div class="heading__actions">
                {of_one}
                <button type="button" class="button" on:click=move |_| log.restart()>{say!(language, activity.refresh)}</button>
                <a class="button" href=csv download="postern-activity.csv" rel="external">{say!(language, activity.download)}</a>
            </div>
        </div>
        <MaybeFailure failure=log.failure/>
        <Steps log/>
    }
}

#[component]
fn Steps(log: Log) -> impl IntoView {
    let language = language();
    let stage = Memo::new(move |_| log.steps.with(|steps| steps.as_ref().map(Vec::is_empty)));
    move || match stage.get() {
        None if log.failure.with(Option::is_some) => ().into_any(),
        None => view! { <SkeletonRows/> }.into_any(),
        Some(true) => {
            let (title, text) = (say!(language, activity.empty), say!(language, activity.empty_text));
            view! { <Empty title=title.to_owned() text=text.to_owned()/> }.into_any()
        }
        Some(false) => view! { <Table log/> }.into_any(),
    }
}

#[component]
fn Table(log: Log) -> impl IntoView {
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
    let older = move || {
        let more = log.next.with(Option::is_some);
        more.then(|| {
            view! {
                <button type="button" class="button" disabled=log.busy on:click=move |_| log.older()>
                    {say!(language, activity.older)}
                </button>
            }
        })
    };
    view! {
        <table class="table table--activity" aria-label=say!(language, activity.title)>
            <thead><tr>{heads.collect_view()}</tr></thead>
            <tbody><For each=steps key children=|step| view! { <StepRow step/> }/></tbody>
        </table>
        <p>{older}</p>
    }
}
