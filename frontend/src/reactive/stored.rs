use std::marker::PhantomData;

use reactive_graph::traits::GetValue;

use super::{Cell, Place, Source, placed, untracked, update, with};

/// A value that nobody follows, for as long as its owner stands.
pub(crate) struct StoredValue<T>(Place, PhantomData<fn() -> T>);

impl<T> Clone for StoredValue<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StoredValue<T> {}

impl<T: 'static> StoredValue<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(placed(Cell::new(Box::new(value), Source::Still)), PhantomData)
    }

    pub(crate) fn with_value<R>(self, read: impl FnOnce(&T) -> R) -> R {
        with(untracked(self.0), read)
    }

    pub(crate) fn update_value(self, change: impl FnOnce(&mut T)) {
        self.try_update_value(change);
    }

    /// Nothing where the owner is gone.
    pub(crate) fn try_update_value<R>(self, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        Some(update(&*self.0.try_get_value()?, change))
    }

    pub(crate) fn set_value(self, value: T) {
        self.try_set_value(value);
    }

    /// Gives the value back where the owner is gone.
    pub(crate) fn try_set_value(self, value: T) -> Option<T> {
        match self.0.try_get_value() {
            Some(cell) => {
                cell.put(Box::new(value));
                None
            }
            None => Some(value),
        }
    }
}

impl<T: Clone + 'static> StoredValue<T> {
    pub(crate) fn get_value(self) -> T {
        self.with_value(T::clone)
    }

    pub(crate) fn try_get_value(self) -> Option<T> {
        Some(with(self.0.try_get_value()?.read(), T::clone))
    }
}
