//! What a page is written with: Leptos, with this portal's own views and signals in the place of Leptos's.

pub(crate) use leptos_dom::helpers::*;
pub(crate) use markup::{component, view};
pub(crate) use reactive_graph::{
    graph::untrack,
    owner::{Owner, on_cleanup},
    signal::Trigger,
    traits::*,
};

pub(crate) use crate::{
    dom::{CollectView, IntoView, Reference, View, keyed},
    reactive::{
        ArcRwSignal, Callback, Effect, Memo, RwSignal, Signal, StoredValue, expect_context, provide_context,
        spawn, use_context,
    },
};
