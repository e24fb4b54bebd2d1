//! The few things of the browser that are not the page itself. Each answers quietly where a browser refuses.

use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Function, Promise, Reflect};
use leptos_dom::helpers::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlElement;

/// What the boot script says of the texts: the first table, and how to get another.
fn told(name: &str) -> Option<JsValue> {
    let texts = Reflect::get(&window(), &"posternTexts".into()).ok()?;
    Reflect::get(&texts, &name.into()).ok()
}

/// The table of the texts that the page starts with.
pub(crate) fn first_texts() -> Option<String> {
    told("first")?.as_string()
}

/// Downloads the table of another language.
pub(crate) async fn texts_of(tag: &str) -> Option<String> {
    let of: Function = told("of")?.dyn_into().ok()?;
    let promise: Promise = of.call1(&JsValue::NULL, &tag.into()).ok()?.dyn_into().ok()?;
    JsFuture::from(promise).await.ok()?.as_string()
}

pub(crate) fn stored(key: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(key).ok()?
}

/// Keeps a value for the next visit; a browser that keeps nothing is no failure.
pub(crate) fn store(key: &str, value: Option<&str>) {
    let Ok(Some(storage)) = window().local_storage() else { return };
    let _ = match value {
        Some(value) => storage.set_item(key, value),
        None => storage.remove_item(key),
    };
}

/// Whether the text is in the clipboard now; browsers refuse it outside secure contexts.
pub(crate) async fn copy(text: &str) -> bool {
    if !window().is_secure_context() {
        return false;
    }
    JsFuture::from(window().navigator().clipboard().write_text(text)).await.is_ok()
}

/// 128 random bits in hex: a name that nobody else gives.
pub(crate) fn random_name() -> String {
    let mut bytes = [0; 16];
    let filled = window().crypto().and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    if filled.is_err() {
        bytes.fill_with(|| (js_sys::Math::random() * 256.0) as u8);
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn focus(id: &str) {
    let found = document().get_element_by_id(id).and_then(|element| element.dyn_into::<HtmlElement>().ok());
    if let Some(element) = found {
        let _ = element.focus();
    }
}

/// How far below the top of the view an element begins, and how high the view is; in CSS pixels.
pub(crate) fn place_of(id: &str) -> Option<(i32, i32)> {
    let top = document().get_element_by_id(id)?.get_bounding_client_rect().top();
    let view = window().inner_height().ok()?.as_f64()?;
    Some((top.round() as i32, view as i32))
}

/// How high an element is, in CSS pixels.
pub(crate) fn height_of(id: &str) -> Option<u32> {
    Some(document().get_element_by_id(id)?.get_bounding_client_rect().height().round() as u32)
}

/// How wide the view is, in CSS pixels.
pub(crate) fn width() -> i32 {
    window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default() as i32
}

/// How far the page is scrolled down, in CSS pixels.
pub(crate) fn scrolled() -> i32 {
    window().scroll_y().unwrap_or_default() as i32
}

pub(crate) fn scroll_to(y: i32) {
    window().scroll_to_with_x_and_y(0.0, f64::from(y));
}

/// Whether the `<details>` that was turned is open now.
pub(crate) fn is_open(event: &web_sys::Event) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|details| details.has_attribute("open"))
}

pub(crate) fn path_and_query() -> String {
    let location = window().location();
    let part = |part: Result<String, _>| part.unwrap_or_default();
    format!("{}{}", part(location.pathname()), part(location.search()))
}

/// Leaves the portal for another page of the same site.
pub(crate) fn leave_for(path: &str) {
    let path = if path.starts_with('/') { path } else { "/" };
    let _ = window().location().set_href(path);
}

pub(crate) fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// As it was before it was encoded; as it is, where it never was.
pub(crate) fn decoded(text: &str) -> String {
    js_sys::decode_uri_component(text).map_or_else(|_| text.to_owned(), String::from)
}

pub(crate) async fn sleep(duration: Duration) {
    TimeoutFuture::new(u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)).await;
}

/// Sleeps, and on while nobody looks at the page.
pub(crate) async fn sleep_until_seen(duration: Duration) {
    sleep(duration).await;
    while document().hidden() {
        sleep(Duration::from_secs(1)).await;
    }
}
