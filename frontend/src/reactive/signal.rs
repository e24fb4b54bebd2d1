use std::{marker::PhantomData, rc::Rc};

use reactive_graph::{signal::ArcTrigger, traits::GetValue};

use super::{Cell, Place, Source, cell_at, placed, tracked, untracked, update, with};

fn cell<T: 'static>(value: T) -> Rc<Cell> {
    Cell::new(Box::new(value), Source::Set(ArcTrigger::new()))
}

/// A value that may be set, for as long as its owner stands.
pub(crate) struct RwSignal<T>(pub(super) Place, PhantomData<fn() -> T>);

impl<T> Clone for RwSignal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for RwSignal<T> {}

impl<T: 'static> RwSignal<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(placed(cell(value)), PhantomData)
    }

    /// Tracked.
    pub(crate) fn with<R>(self, read: impl FnOnce(&T) -> R) -> R {
        with(tracked(self.0), read)
    }

    pub(crate) fn with_untracked<R>(self, read: impl FnOnce(&T) -> R) -> R {
        with(untracked(self.0), read)
    }

    /// Follows the value without reading it.
    pub(crate) fn track(self) {
        cell_at(self.0).track();
    }

    /// Changes the value, and tells whoever follows it.
    pub(crate) fn update(self, change: impl FnOnce(&mut T)) {
        self.try_update(change);
    }

    /// The same; nothing where the owner is gone.
    pub(crate) fn try_update<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let cell = self.0.try_get_value()?;
        let told = update(&cell, change);
        cell.notify();
        Some(told)
    }

    /// Changes the value and tells nobody.
    pub(crate) fn try_update_untracked<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        Some(update(&*self.0.try_get_value()?, change))
    }

    /// Changes the value, and tells whoever follows it where `change` says that it did.
    pub(crate) fn maybe_update(self, change: impl FnOnce(&mut T) -> bool) {
        if let Some(cell) = self.0.try_get_value()
            && update(&cell, change)
        {
            cell.notify();
        }
    }

    /// Does nothing where the owner is gone.
    pub(crate) fn set(self, value: T) {
        set(self.0, Box::new(value));
    }
}

fn set(place: Place, value: Box<dyn std::any::Any>) {
    if let Some(cell) = place.try_get_value() {
        cell.put(value);
        cell.notify();
    }
}

impl<T: Clone + 'static> RwSignal<T> {
    /// Tracked.
    pub(crate) fn get(self) -> T {
        self.with(T::clone)
    }

    pub(crate) fn get_untracked(self) -> T {
        self.with_untracked(T::clone)
    }

    pub(crate) fn try_get_untracked(self) -> Option<T> {
        Some(with(self.0.try_get_value()?.read(), T::clone))
    }
}

/// The same for as long as somebody has it.
pub(crate) struct ArcRwSignal<T>(Rc<Cell>, PhantomData<T>);

impl<T> Clone for ArcRwSignal<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0), PhantomData)
    }
}

impl<T: 'static> ArcRwSignal<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(cell(value), PhantomData)
    }

    /// Tracked.
    pub(crate) fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        self.0.track();
        with(self.0.read(), read)
    }

    pub(crate) fn with_untracked<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        with(self.0.read(), read)
    }

    pub(crate) fn set(&self, value: T) {
        self.0.put(Box::new(value));
        self.0.notify();
    }
}

impl<T: Clone + 'static> ArcRwSignal<T> {
    /// Tracked.
    pub(crate) fn get(&self) -> T {
        self.with(T::clone)
    }

    pub(crate) fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}
