//! Pages that are downloaded when somebody goes there. The connect page is none of them: whoever opens its bookmark
//! downloads that page and no other.

use std::{future::Future, pin::Pin, time::Duration};

use wasm_split_helpers::{SplitLoaderError, wasm_split};

use super::{
    access::Access, activity::ActivityLog, connect, health::Health, policy::Policy, request::RequestMany,
    vms::Vms,
};
use crate::{
    browser,
    components::{qr_code::QrCode, skeleton::Skeleton},
    language::{language, say},
    prelude::*,
};

/// How soon to ask again for a file that did not come.
const RETRY: Duration = Duration::from_secs(3);

/// Makes a page once its code is there.
type Make = fn() -> View;

type Coming = Pin<Box<dyn Future<Output = Result<Make, SplitLoaderError>>>>;

#[derive(Clone, Copy)]
enum Stage {
    Coming,
    Here(Make),
    Lost,
}

/// Their code becomes a file of its own.
macro_rules! pages {
    ($($name:ident: $page:ident,)*) => {
        parts! { $($name: || view! { <$page/> },)* }
    };
}

macro_rules! parts {
    ($($name:ident: $make:expr,)*) => {$(
        pub(crate) fn $name() -> View {
            #[wasm_split(pages, wasm_split_path = wasm_split_helpers, fallible)]
            fn $name() -> Result<Make, SplitLoaderError> {
                Ok($make)
            }
            once_here(|| Box::pin($name()))
        }
    )*};
}

pages! {
    vms: Vms,
    request: RequestMany,
    policy: Policy,
    access: Access,
    activity: ActivityLog,
    health: Health,
}

// Parts of the connect page that few people see; what they show they take from the context.
parts! {
    not_configured: connect::not_configured,
    not_supported: connect::not_supported,
    qr_code: drawn,
}

/// What a QR code says and is called.
#[derive(Clone)]
pub(crate) struct Drawn {
    pub text: String,
    pub label: &'static str,
}

fn drawn() -> View {
    let Drawn { text, label } = expect_context();
    view! { <QrCode text label/> }
}

fn once_here(code: fn() -> Coming) -> View {
    let stage = RwSignal::new(Stage::Coming);
    spawn(async move {
        loop {
            match code().await {
                Ok(make) => return stage.set(Stage::Here(make)),
                Err(_) => stage.set(Stage::Lost),
            }
            browser::sleep(RETRY).await;
        }
    });
    let shown = move || match stage.get() {
        Stage::Coming => view! { <Skeleton/> },
        Stage::Here(make) => make(),
        Stage::Lost => view! { <NotDownloaded/> },
    };
    shown.into_view()
}

/// Without a network, or after an update that took the file away.
#[component]
fn NotDownloaded() -> impl IntoView {
    let language = language();
    let reload = move |_| drop(window().location().reload());
    view! {
        <div class="notice notice--danger" role="alert">
            <p>{say!(language, offline.not_downloaded)}</p>
            <button type="button" class="button" on:click=reload>{say!(language, offline.reload)}</button>
        </div>
    }
}
