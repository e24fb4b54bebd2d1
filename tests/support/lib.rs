//! A whole Postern in one process against Azure in a box, with a clock that is moved by hand; and what turns NSGs into
//! rules of the Linux kernel.

mod arm_shape;
mod azure;
mod client;
mod contract;
mod credential;
mod front;
mod migrations;
mod netns;
pub mod nft;
mod random_nsg;
mod roles;
mod world;

pub use azure::Azure;
pub use client::{Answer, Client};
pub use contract::operation_at;
pub use migrations::{Addition, Migration, addition, migrations, take_back_to};
pub use netns::Namespace;
pub use random_nsg::Neighbourhood;
pub use world::{
    CLIENT_ADDRESS, DEVELOPMENT, Instance, METRICS_TOKEN, PRODUCTION, World, a_rule, nsg, operator_actions,
    vm,
};
