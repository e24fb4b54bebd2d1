//! What an owner gives to all that is made below it.

use std::{any::TypeId, rc::Rc};

use reactive_graph::traits::GetValue;

use super::{Cell, Place, Source, placed, with};

/// What is given here and above, the nearest last.
#[derive(Clone, Default)]
struct Given(Vec<(TypeId, Place)>);

pub(crate) fn provide_context<T: 'static>(value: T) {
    provide(TypeId::of::<T>(), Cell::new(Box::new(value), Source::Still));
}

/// The nearest value of the type; `None` where nobody gave one.
pub(crate) fn use_context<T: Clone + 'static>() -> Option<T> {
    Some(with(found(TypeId::of::<T>())?.read(), T::clone))
}

/// The same where a page is only made below the place that gives it.
pub(crate) fn expect_context<T: Clone + 'static>() -> T {
    use_context().expect("a page stands below what it is given")
}

fn provide(kind: TypeId, cell: Rc<Cell>) {
    let Given(mut all) = reactive_graph::owner::use_context().unwrap_or_default();
    all.push((kind, placed(cell)));
    reactive_graph::owner::provide_context(Given(all));
}

fn found(kind: TypeId) -> Option<Rc<Cell>> {
    let Given(all) = reactive_graph::owner::use_context()?;
    let (_, place) = all.into_iter().rev().find(|(own, _)| *own == kind)?;
    place.try_get_value()
}
