//! Work that an event starts and that ends with the component it belongs to.

use std::{future::Future, pin::Pin};

use crate::prelude::*;

/// The component that work belongs to: event handlers run outside any.
#[derive(Clone, Debug)]
pub(crate) struct Tasks(Owner);

impl Tasks {
    /// Of the component that is being made now.
    pub(crate) fn here() -> Self {
        Self(Owner::current().unwrap_or_default())
    }

    pub(crate) fn run(&self, work: impl Future<Output = ()> + 'static) {
        self.run_boxed(Box::pin(work));
    }

    fn run_boxed(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        self.0.with(|| spawn(work));
    }
}
