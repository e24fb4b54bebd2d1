//! One module for each page; what a page says stands in its `words`.

pub(crate) mod access;
pub(crate) mod activity;
pub(crate) mod connect;
pub(crate) mod later;
pub(crate) mod not_found;
pub(crate) mod policy;
pub(crate) mod request;
pub(crate) mod sign_in;
pub(crate) mod vms;
