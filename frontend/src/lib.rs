//! Postern's portal: a single-page application that shows what is true and asks for openings.
//!
//! Architecture invariant: it holds no token and no secret, decides nothing, and never calls a port open or closed
//! that the functions did not read back so.

mod api;
mod app;
mod browser;
mod clock;
mod components;
mod dom;
mod draft;
mod language;
mod live;
mod model;
mod pages;
mod prelude;
mod reach;
mod reactive;
mod route;
mod session;
mod tabs;
mod task;
mod theme;
mod wire;

use any_spawner::Executor;
use leptos_dom::helpers::document;
use reactive_graph::owner::Owner;
use wasm_bindgen::JsCast;

use self::dom::Component;

/// Mounts the portal in the place of the page's static shell.
pub fn start() {
    let place = document().get_element_by_id("portal").and_then(|shell| shell.dyn_into().ok());
    let Some(place) = place else { return };
    let place: web_sys::HtmlElement = place;
    place.set_text_content(None);
    // An executor that is there already is as good.
    let _ = Executor::init_wasm_bindgen();
    let owner = Owner::new();
    owner.with(|| dom::mount(&place, Component::view(app::App {})));
    // The portal stands as long as the page does.
    std::mem::forget(owner);
}
