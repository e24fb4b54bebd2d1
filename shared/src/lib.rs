//! Postern's domain: who may open which port of which VM, for whom and until when, and the NSG rules
//! that follow from it. The same code decides in the browser (a preview) and in the functions (the law).
//!
//! Architecture invariant: nothing here reads a clock, a random source, the network or a file; `now` and
//! ids are parameters. It compiles for wasm and for the host.
#![forbid(unsafe_code)]

pub mod address_set;
pub mod api;
pub mod audit;
pub mod decision;
pub mod exposure;
pub mod firewall;
pub mod grant;
pub mod inventory;
mod letters;
pub mod nsg;
pub mod policy;
pub mod policy_id;
pub mod port;
pub mod rbac;
pub mod request;
pub mod rule;
#[cfg(feature = "schema")]
mod schema;
pub mod source;
pub mod vm;
pub mod window;

/// Gives a type with `FromStr` and `Display` the matching serde text form: one way in, one way out.
macro_rules! text_serde {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_serde;
