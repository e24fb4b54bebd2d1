//! The worlds that a first start can begin with.

mod body;
mod builder;
mod demo;
mod generated;
mod roles;

use crate::ids::Ids;
use crate::options::Fleet;
use crate::world::World;
pub(crate) use body::instance_view;
use builder::Builder;
pub(crate) use roles::restrict_operator;

pub(crate) const PRODUCTION: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
pub(crate) const DEVELOPMENT: &str = "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311";

/// Fills an empty world.
pub(crate) fn build(fleet: Fleet, seed: u64) -> World {
    let mut builder = Builder::new(Ids::from_seed(seed));
    builder.subscription(PRODUCTION, "Contoso Production");
    builder.subscription(DEVELOPMENT, "Contoso Development");
    roles::add(&mut builder);
    match fleet {
        Fleet::Demo => demo::add(&mut builder),
        Fleet::Generated(count) => generated::add(&mut builder, count),
    }
    builder.world
}
