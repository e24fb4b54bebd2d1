use std::marker::PhantomData;

use tachys::html::event::EventDescriptor;
use wasm_bindgen::JsCast;
use web_sys::Event;

/// What is done when something happens to an element.
pub(crate) type Handler = Box<dyn Handle>;

/// Behind `FnMut` a handler would have a second function, for being called once.
pub(crate) trait Handle {
    fn handle(&mut self, event: Event);
}

struct Of<E, F> {
    act: F,
    event: PhantomData<E>,
}

impl<E: JsCast, F: FnMut(E)> Handle for Of<E, F> {
    fn handle(&mut self, event: Event) {
        (self.act)(event.unchecked_into());
    }
}

/// A handler of the events of this kind.
pub(crate) fn handler<E: EventDescriptor>(_: E, act: impl FnMut(E::EventType) + 'static) -> Handler
where
    E::EventType: JsCast + 'static,
{
    Box::new(Of { act, event: PhantomData })
}
