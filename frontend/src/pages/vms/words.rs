use crate::model::vm_list::Tab;

pub(super) const TITLE: &str = "Virtual machines";
pub(super) const SEARCH: &str = "Search by name, group or subscription";
pub(super) const LISTS: &str = "Lists";
pub(super) const CONNECT: &str = "Connect";
pub(super) const ENABLE: &str = "Enable JIT";
pub(super) const REMOVE: &str = "Remove JIT";
pub(super) const MORE: &str = "Show more";
pub(super) const NEVER: &str = "–";

pub(super) const NAME: &str = "Name";
pub(super) const SYSTEM: &str = "System";
pub(super) const STATE: &str = "State";
pub(super) const PORTS: &str = "Ports";
pub(super) const APPROVED: &str = "Approved, 7 days";
pub(super) const LAST_ACCESS: &str = "Last access";
pub(super) const LAST_USER: &str = "Last user";
pub(super) const REGION: &str = "Region";
pub(super) const REASON: &str = "Why it is unsupported";
pub(super) const REMEDY: &str = "What would change that";
pub(super) const ACTIONS: &str = "Actions";

pub(super) const fn tab(tab: Tab) -> &'static str {
    match tab {
        Tab::Configured => "Configured",
        Tab::NotConfigured => "Not configured",
        Tab::Unsupported => "Unsupported",
    }
}

/// What it means that a list is empty.
pub(super) const fn empty(tab: Tab) -> (&'static str, &'static str) {
    match tab {
        Tab::Configured => (
            "No VM is configured yet",
            "Enable JIT on a VM under Not configured: its management port is then shut, and opened on request.",
        ),
        Tab::NotConfigured => {
            ("Every VM is configured", "All VMs that Postern supports and you may see are guarded.")
        }
        Tab::Unsupported => ("No VM is unsupported", "Postern can guard every VM that you may see."),
    }
}

pub(super) fn no_match(needle: &str) -> (String, String) {
    let text = "Try a part of the name, or look in the other lists.";
    (format!("No VM here matches \"{needle}\""), text.to_owned())
}

pub(super) fn until(time: &str) -> String {
    format!("until {time}")
}

pub(super) fn about(action: &str, vm: &str) -> String {
    format!("{action}: {vm}")
}

pub(super) fn inventory(ago: &str) -> String {
    format!("Inventory read {ago}")
}

pub(super) const NO_INVENTORY: &str = "Azure's inventory has not been read yet";

pub(super) fn unreadable(reason: &str) -> String {
    format!("Not all VMs are shown: {reason}")
}
