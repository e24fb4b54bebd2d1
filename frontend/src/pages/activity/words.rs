pub(super) const TITLE: &str = "Activity";
pub(super) const TIME: &str = "Time";
pub(super) const WHO: &str = "Who";
pub(super) const VM: &str = "VM";
pub(super) const WHAT: &str = "What";
pub(super) const POSTERN: &str = "Postern";
pub(super) const OLDER: &str = "Older";
pub(super) const REFRESH: &str = "Refresh";
pub(super) const DOWNLOAD: &str = "Download CSV";
pub(super) const ALL: &str = "Show all VMs";
pub(super) const CONNECT: &str = "Connect";
pub(super) const CORRELATION: &str = "Azure's correlation id";
pub(super) const EMPTY: (&str, &str) =
    ("Nothing has happened yet", "Every request, decision, write and reading back is listed here.");

pub(super) fn title_of(vm: &str) -> String {
    format!("Activity of {vm}")
}

pub(super) fn entry(seq: u64) -> String {
    format!("Entry {seq} of the subscription's chain, by its hash")
}
