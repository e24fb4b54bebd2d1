use crate::{model::qr, prelude::*};

/// A text to be taken along by a camera: black on white in every theme, since cameras want it so.
#[component]
pub(crate) fn QrCode(text: String, label: &'static str) -> impl IntoView {
    qr::drawing(&text).map(|(side, path)| {
        let within = format!("0 0 {side} {side}");
        view! {
            <svg class="qr" role="img" aria-label=label viewBox=within shape-rendering="crispEdges">
                <path d=path></path>
            </svg>
        }
    })
}
