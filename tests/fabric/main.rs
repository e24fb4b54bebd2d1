//! The contract of the fabric, as Azure in a box holds Postern to it.

mod azure;
mod identity;
mod inventory;
mod observe;
mod rights;
mod write;
