//! Azure in a box: the part of Entra ID, of the managed-identity endpoint and of Azure Resource Manager that a
//! just-in-time access service calls, with `/sim/...` for what a test needs to see and to break.
//!
//! It is a second, independent implementation of Azure's rules: it shares no code with the service that it tests.
//! All times, those at which a write takes effect too, come from [`Options::clock`].

mod app;
mod arm;
mod directory;
mod entra;
mod faults;
mod fleet;
mod front;
mod ids;
mod keys;
mod limits;
mod options;
mod pattern;
mod probe;
mod rbac;
mod reply;
mod server;
mod sim_api;
mod state_file;
mod tls;
mod world;

pub use options::{Clock, Fleet, Front, Options, SystemClock};
pub use server::{Sim, StartError, start};
