use leptos::{
    prelude::*,
    task::spawn_local_scoped_with_cancellation,
    wasm_split::{SplitLoaderError, wasm_split},
};

use crate::{
    components::notice::FailureNotice,
    model::{failure::Failure, qr},
};

/// Drawing is rarely wanted, and so is downloaded only then.
#[wasm_split(qr, wasm_split_path = leptos::wasm_split, fallible)]
fn drawn(text: String) -> Result<Option<(i32, String)>, SplitLoaderError> {
    Ok(qr::drawing(&text))
}

/// A text to be taken along by a camera: black on white in every theme, since cameras want it so.
#[component]
pub(crate) fn QrCode(text: String, label: &'static str) -> impl IntoView {
    let drawing: RwSignal<Option<Result<Option<(i32, String)>, ()>>> = RwSignal::new(None);
    spawn_local_scoped_with_cancellation(async move {
        drawing.set(Some(drawn(text).await.map_err(drop)));
    });
    let shown = move || match drawing.get() {
        None | Some(Ok(None)) => ().into_any(),
        Some(Err(())) => view! { <FailureNotice failure=Failure::Unreachable/> }.into_any(),
        Some(Ok(Some((side, path)))) => {
            let within = format!("0 0 {side} {side}");
            view! {
                <svg class="qr" role="img" aria-label=label viewBox=within shape-rendering="crispEdges">
                    <path d=path></path>
                </svg>
            }
            .into_any()
        }
    };
    view! { <div class="qr-place">{shown}</div> }
}
