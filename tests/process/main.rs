//! The real binary as a process, with the machine's clock: how it ends and how it dies.

mod azure_functions;
mod deployment;
mod host;
mod kills;
mod postern;
mod proxy;
mod stopping;
