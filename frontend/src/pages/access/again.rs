use shared::{api::GrantView, source::Sources};

use crate::{
    browser,
    components::notice::MaybeFailure,
    language::{language, say},
    model::{again, failure::Failure, vm_list::port_name},
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

/// Asks once more for what a grant had, by one tap, after the law was asked about it; or says everything that speaks
/// against it.
#[component]
pub(super) fn Again(grant: GrantView, on_change: Callback<()>) -> impl IntoView {
    let SignedIn { session, client, .. } = SignedIn::of_page();
    let language = language();
    let (busy, failure) = (RwSignal::new(false), RwSignal::new(None));
    let against: RwSignal<Vec<String>> = RwSignal::new(Vec::new());
    let name = StoredValue::new(browser::random_name());
    let label = label(&grant, language);
    let elsewhere = elsewhere(&grant, &session.get_untracked().source.prefix.map(Sources::one));
    let grant = StoredValue::new(grant);
    let tasks = Tasks::here();
    let ask = move |_| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        failure.set(None);
        against.set(Vec::new());
        tasks.run(async move {
            let outcome = async {
                let grant = grant.get_value();
                let mut details = Vec::new();
                for vm in again::vms(&grant) {
                    details.push(client.read_vm(&vm).await?);
                }
                match again::again(&grant, &details, language) {
                    Ok(body) => client.create_grant(&body, &name.get_value()).await.map(|_| Vec::new()),
                    Err(reasons) => Ok(reasons),
                }
            };
            let outcome: Result<Vec<String>, Failure> = outcome.await;
            busy.set(false);
            match outcome {
                Ok(reasons) if reasons.is_empty() => {
                    name.set_value(browser::random_name());
                    on_change.run(());
                    browser::focus("open-now");
                }
                Ok(reasons) => against.set(reasons),
                Err(reason) => {
                    if !reason.is_doubtful() {
                        name.set_value(browser::random_name());
                    }
                    failure.set(Some(reason));
                }
            }
        });
    };
    let text = move || if busy.get() { say!(language, common.asking) } else { say!(language, access.again) };
    let reasons = move || {
        let reasons = against.get().into_iter().map(|text| view! { <p>{text}</p> }).collect_view();
        view! { <div class="objections" role="status">{reasons}</div> }
    };
    view! {
        <button type="button" class="button" aria-label=label disabled=busy on:click=ask>{text}</button>
        {elsewhere.map(|text| view! { <span class="hint">{text}</span> })}
        {reasons}
        <MaybeFailure failure=failure.into()/>
    }
}

fn label(grant: &GrantView, language: crate::language::Language) -> String {
    let places: Vec<String> = grant
        .leases
        .iter()
        .map(|view| {
            say!(language, access.lease_of, port = port_name(view.lease.port), vm = view.lease.vm.name())
        })
        .collect();
    say!(language, access.again_label, what = places.join(say!(language, common.comma)))
}

/// That the same values are for another address than the reader's, where they are for one address.
fn elsewhere(grant: &GrantView, own: &Option<Sources>) -> Option<&'static str> {
    let single = |sources: &Sources| sources.iter().all(|source| source.single_address().is_some());
    let other = |sources: &Sources| single(sources) && own.as_ref().is_some_and(|own| own != sources);
    grant.leases.iter().any(|view| other(&view.lease.sources)).then(|| say!(language(), access.other_address))
}
