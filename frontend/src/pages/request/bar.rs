use super::desk::Desk;
use crate::{
    browser,
    components::{
        asking::{Checked, keep_why},
        notice::FailureNotice,
    },
    language::{language, say},
    model::many::action,
    prelude::*,
};

/// The one button, what keeps it from being used, and what it would come to.
#[component]
pub(super) fn Bar(desk: Desk) -> impl IntoView {
    let language = language();
    let looked_at = RwSignal::new(false);
    let toggle = move |event: web_sys::Event| looked_at.set(browser::is_open(&event));
    view! {
        <details class="fold fold--action" on:toggle=toggle>
            <summary>{say!(language, request.changes)}</summary>
            <Checked bodies=desk.bodies looked_at/>
        </details>
        <Failures desk/>
        <div class="many__bar">
            <Hindrance desk/>
            <Send desk/>
        </div>
    }
}

#[component]
fn Send(desk: Desk) -> impl IntoView {
    let language = language();
    let what = Memo::new(move |_| {
        let chosen: Vec<_> = desk.chosen().map(|line| (line.vm(), line.port)).collect();
        action(&chosen, language)
    });
    let text = move || if desk.asking.get() { say!(language, common.asking).to_owned() } else { what.get() };
    let disabled = move || desk.bodies.with(Vec::is_empty) || desk.asking.get();
    let keep = move |_| desk.bodies.with_untracked(|bodies| bodies.iter().for_each(keep_why));
    view! {
        <button
            type="submit"
            class="button button--primary button--wide"
            id="primary"
            disabled=disabled
            on:click=keep
        >
            {text}
        </button>
    }
}

/// Why the button cannot be used, and the way out.
#[component]
fn Hindrance(desk: Desk) -> impl IntoView {
    let language = language();
    let none = Memo::new(move |_| desk.chosen().next().is_none());
    let leave_out = move |_| {
        let refused: Vec<_> =
            untrack(|| desk.chosen().filter(|line| line.verdict.with(Result::is_err)).collect());
        for line in refused {
            line.on.set(false);
        }
    };
    let text = move || {
        if none.get() {
            return Some(view! { <p>{say!(language, many.choose)}</p> });
        }
        let refused = desk.refused.get();
        (refused > 0).then(|| {
            view! {
                <p>{say!(language, many.refused, count = refused)}</p>
                <button type="button" class="button button--quiet" on:click=leave_out>
                    {say!(language, many.leave_out)}
                </button>
            }
        })
    };
    view! { <div class="many__hindrance" role="status">{text}</div> }
}

/// What was not admitted, with what is true of it now.
#[component]
fn Failures(desk: Desk) -> impl IntoView {
    let language = language();
    move || {
        let all = desk.failures.get().into_iter().map(|(vms, failure)| {
            let doubtful = failure.is_doubtful();
            let truth =
                if doubtful { say!(language, request.doubtful) } else { say!(language, many.nothing_opened) };
            let label = vms.clone();
            view! {
                <section class="many__failure" aria-label=label>
                    <h2>{vms}</h2>
                    <FailureNotice failure/>
                    <p class="muted">{truth}</p>
                </section>
            }
        });
        all.collect_view()
    }
}
