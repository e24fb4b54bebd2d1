//! Postern's API against Azure in a box, in process, on a clock that is moved by hand.

mod audit;
mod auth;
mod bad_input;
mod expiry;
mod faults;
mod opening;
mod policies;
mod vms;
