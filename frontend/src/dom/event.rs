use leptos::ev::EventDescriptor;
use wasm_bindgen::JsCast;
use web_sys::Event;

/// What is done when something happens to an element.
pub(crate) type Handler = Box<dyn FnMut(Event)>;

/// A handler of the events of this kind.
pub(crate) fn handler<E: EventDescriptor>(_: E, mut handle: impl FnMut(E::EventType) + 'static) -> Handler
where
    E::EventType: JsCast,
{
    Box::new(move |event| handle(event.unchecked_into()))
}
