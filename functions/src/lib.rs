//! Postern's functions: one router, and the loop that enforces what was decided.
#![forbid(unsafe_code)]

pub mod app;
mod arm;
pub mod auth;
pub mod azure_functions;
pub mod caller;
pub mod clock;
pub mod config;
pub mod enforce;
pub mod error;
pub mod fabric;
mod handlers;
pub mod healthy;
pub mod inventory;
pub mod lambda;
pub mod metrics;
pub mod one_shot;
pub mod openapi;
mod operations;
pub mod rights;
pub mod router;
pub mod serve;
pub mod start;
pub mod store;
pub mod sweep;
pub mod telemetry;
pub mod tls;
pub mod work;
