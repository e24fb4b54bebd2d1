//! How Postern is, for those who configure it.

use std::time::Duration;

use shared::api::{ArmBudget, HealthReport};

use crate::{
    clock,
    components::{
        notice::PageFailure, page_title::set_page_title, skeleton::SkeletonRows, state_mark::Shape,
    },
    language::{Language, language, say},
    live::Live,
    model::{
        health_report::{Finding, Meter, findings, meters},
        link,
        port_state::Tone,
    },
    prelude::*,
    session::SignedIn,
};

const PACE: Duration = Duration::from_secs(15);

#[component]
pub(crate) fn Health() -> impl IntoView {
    let language = language();
    set_page_title(move || say!(language, report.title).to_owned());
    let client = SignedIn::of_page().client;
    let live = Live::new(|_: &HealthReport| PACE, move || client.read_health());
    let unreachable = move || client.reach().lost().is_some();
    let failure = Signal::derive(move || live.failure());
    let body = move || match live.get() {
        _ if failure.with(Option::is_some) || unreachable() => ().into_view(),
        None => view! { <SkeletonRows/> },
        Some(report) => view! { <Report report/> },
    };
    view! {
        <h1>{say!(language, report.title)}</h1>
        <PageFailure failure/>
        {body}
    }
}

#[component]
fn Report(report: HealthReport) -> impl IntoView {
    let now = SignedIn::of_page().clock;
    let language = language();
    let version = report.version.clone();
    let budgets: Vec<View> = report.arm_budgets.iter().map(|one| budget(one, language)).collect();
    let list = move || {
        let all = findings(&report, now.coarse_now(), &clock::zone, language);
        all.into_iter().map(|one| finding(one, language)).collect_view()
    };
    let none = report_is_empty(&budgets, language);
    view! {
        <ul class="findings">{list}</ul>
        <section aria-labelledby="budgets">
            <h2 id="budgets">{say!(language, report.budgets)}</h2>
            <p class="muted">{say!(language, report.budgets_mean)}</p>
            {none}
            {budgets}
        </section>
        <p class="footnote muted">{say!(language, report.version, version = version)}</p>
    }
}

fn report_is_empty(budgets: &[View], language: Language) -> Option<View> {
    let text = say!(language, report.no_budgets);
    budgets.is_empty().then(|| view! { <p>{text}</p> })
}

fn finding(Finding { title, is_well, value, meaning, remedy, vm }: Finding, language: Language) -> View {
    let (tone, word) = if is_well {
        (Tone::Open, say!(language, report.well))
    } else {
        (Tone::Possibly, say!(language, report.not_well))
    };
    let about = vm.map(|vm| {
        let name = vm.name().to_owned();
        view! { <p><a href=link::connect(&vm)>{name}</a></p> }
    });
    let remedy = remedy.map(|text| view! { <p class="finding__remedy">{text}</p> });
    let class = format!("finding finding--{}", if is_well { "well" } else { "bad" });
    view! {
        <li class=class>
            <div class="finding__head">
                <h2>{title}</h2>
                <span class=format!("state state--{}", tone.as_str())><Shape tone/>{word}</span>
            </div>
            <p class="finding__value">{value}</p>
            {about}
            <p class="muted">{meaning}</p>
            {remedy}
        </li>
    }
}

fn budget(budget: &ArmBudget, language: Language) -> View {
    let subscription = budget.subscription.to_string();
    let meters = meters(budget, language).map(|meter| shown(meter, language)).collect_view();
    view! {
        <h3 class="budget__name">{subscription}</h3>
        <ul class="budget">{meters}</ul>
    }
}

fn shown(meter: Meter, language: Language) -> View {
    let Meter { kind, left, most } = meter;
    let words = say!(language, report.left, left = left, most = most);
    let low = meter.is_low().then(|| {
        let text = say!(language, report.low);
        view! { <span class="budget__low">{text}</span> }
    });
    view! {
        <li class="budget__line">
            <span class="budget__kind">{kind}</span>
            <meter class="budget__meter" min=0 max=most low=most / 5 optimum=most value=left aria-label=kind></meter>
            <span class="figures">{words}{low}</span>
        </li>
    }
}
