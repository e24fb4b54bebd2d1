//! One operation a file.

pub(crate) mod create_grant;
pub(crate) mod export_activity;
pub(crate) mod list_activity;
pub(crate) mod list_grants;
pub(crate) mod list_vms;
mod many;
pub(crate) mod move_grant;
mod page_vms;
mod policy_checks;
pub(crate) mod preview_grant;
pub(crate) mod put_policies;
pub(crate) mod put_policy;
pub(crate) mod read_grant;
pub(crate) mod read_health;
pub(crate) mod read_health_report;
pub(crate) mod read_metrics;
pub(crate) mod read_rdp;
pub(crate) mod read_session;
pub(crate) mod read_vm;
pub(crate) mod remove_policies;
pub(crate) mod remove_policy;
mod respond;
pub(crate) mod revoke_grant;
pub(crate) mod run_sweep;
mod scene;
mod view;
mod vm_path;
