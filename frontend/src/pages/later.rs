//! Pages that are downloaded when somebody goes there. The connect page is none of them: whoever opens its bookmark
//! downloads that page and no other.

use std::{future::Future, pin::Pin};

use leptos::{
    prelude::*,
    task::spawn_local_scoped_with_cancellation,
    wasm_split::{SplitLoaderError, wasm_split},
};

use super::{access::Access, activity::ActivityLog, policy::Policy, request::RequestMany, vms::Vms};
use crate::{
    components::{notice::FailureNotice, skeleton::Skeleton},
    model::failure::Failure,
};

/// Makes a page once its code is there.
type Make = fn() -> AnyView;

type Coming = Pin<Box<dyn Future<Output = Result<Make, SplitLoaderError>>>>;

#[derive(Clone, Copy)]
enum Stage {
    Coming,
    Here(Make),
    Lost,
}

/// Their code becomes a file of its own.
macro_rules! pages {
    ($($name:ident: $page:ident,)*) => {$(
        pub(crate) fn $name() -> AnyView {
            #[wasm_split(pages, wasm_split_path = leptos::wasm_split, fallible)]
            fn code() -> Result<Make, SplitLoaderError> {
                Ok(|| view! { <$page/> }.into_any())
            }
            once_here(Box::pin(code()))
        }
    )*};
}

pages! {
    vms: Vms,
    request: RequestMany,
    policy: Policy,
    access: Access,
    activity: ActivityLog,
}

fn once_here(coming: Coming) -> AnyView {
    let stage = RwSignal::new(Stage::Coming);
    spawn_local_scoped_with_cancellation(async move {
        stage.set(coming.await.map_or(Stage::Lost, Stage::Here));
    });
    let shown = move || match stage.get() {
        Stage::Coming => view! { <Skeleton/> }.into_any(),
        Stage::Here(make) => make(),
        Stage::Lost => view! { <FailureNotice failure=Failure::Unreachable/> }.into_any(),
    };
    shown.into_any()
}
