use crate::{
    language::{language, say},
    prelude::*,
    session::SignedIn,
};

/// Of this portal, which is built together with the functions.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Offers to reload where the functions, or the kept shell, are of another version than this page.
#[component]
pub(crate) fn Updated() -> impl IntoView {
    let session = SignedIn::of_page().session;
    let language = language();
    let kept = RwSignal::new(false);
    let heard = window_event_listener_untyped("postern-updated", move |_| kept.set(true));
    on_cleanup(move || heard.remove());
    let stale = Memo::new(move |_| kept.get() || session.with(|session| session.version != VERSION));
    let reload = move |_| drop(window().location().reload());
    let line = move || {
        stale.get().then(|| {
            view! {
                <p class="banner banner--news">
                    {say!(language, offline.updated)}
                    <button type="button" class="button" on:click=reload>{say!(language, offline.reload)}</button>
                </p>
            }
        })
    };
    view! { <div class="banners" role="status">{line}</div> }
}
