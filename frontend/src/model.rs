//! What the portal knows and says: plain structs and functions without a browser, tested on the host.

pub(crate) mod again;
pub(crate) mod contact;
mod denial;
pub(crate) mod durations;
pub(crate) mod failure;
pub(crate) mod form;
pub(crate) mod health;
pub(crate) mod language;
pub(crate) mod lease;
pub(crate) mod link;
pub(crate) mod many;
pub(crate) mod policy_form;
pub(crate) mod policy_preview;
pub(crate) mod port_state;
pub(crate) mod prefill;
pub(crate) mod preview;
pub(crate) mod problem;
pub(crate) mod proof;
pub(crate) mod qr;
pub(crate) mod saved;
pub(crate) mod selection;
pub(crate) mod step;
pub(crate) mod times;
pub(crate) mod unsupported;
pub(crate) mod verdict;
pub(crate) mod vm_blocks;
pub(crate) mod vm_list;
pub(crate) mod vm_query;
pub(crate) mod warning;

#[cfg(test)]
pub(crate) mod samples;
