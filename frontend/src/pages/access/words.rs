use shared::grant::CloseReason;

pub(super) const TITLE: &str = "My access";
pub(super) const OPEN: &str = "Open now";
pub(super) const RECENT: &str = "Recent";
pub(super) const NOTHING: (&str, &str) =
    ("Nothing is open for you", "Open the page of a VM and ask for the port that you need.");
pub(super) const NO_RECENT: (&str, &str) = ("Nothing yet", "What you had open is listed here.");
pub(super) const OPENING: &str = "Opening…";
pub(super) const CLOSING: &str = "Possibly open, closing…";

pub(super) fn place(port: &str, sources: &str) -> String {
    format!("{port} from {sources}")
}

pub(super) fn close(port: &str, vm: &str) -> String {
    format!("Close now: {port} of {vm}")
}

pub(super) const fn ended(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Expired => "Closed at its end",
        CloseReason::Revoked => "Closed early",
        CloseReason::Superseded => "Replaced by a newer opening",
        CloseReason::Failed => "Could not be opened",
    }
}
