//! A whole Postern in one process against Azure in a box, with a clock that is moved by hand.

mod client;
mod credential;
mod world;

pub use client::{Answer, Client};
pub use world::{CLIENT_ADDRESS, DEVELOPMENT, PRODUCTION, World, vm};
