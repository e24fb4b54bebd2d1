use shared::{
    api::LeaseView,
    grant::{CloseReason, Sessions},
    policy::{PortRule, Precedence},
    port::Protocol,
    source::{AllowedSources, Sources},
    vm::VmId,
};

use crate::model::{durations, vm_list::port_name};

pub(super) const ALL_VMS: &str = "All VMs";
pub(super) const NO_VM: &str = "This VM cannot be shown";

// -- state -- //
pub(super) const STATE: &str = "State";
pub(super) const UNKNOWN: &str = "State unknown";
pub(super) const NOT_CHECKED: &str = "not read from Azure yet";
pub(super) const OPENING: &str = "Opening";
pub(super) const ASKED: &str = "Asked";
pub(super) const WRITTEN: &str = "Rule written";
pub(super) const READ_BACK: &str = "Read back";
pub(super) const OPEN_FOR_YOU: &str = "Open for you";
pub(super) const OPEN_FOR_OTHERS: &str = "Open for others";
pub(super) const CLOSING: &str = "Closing…";
pub(super) const TIME_IS_OVER: &str = "Possibly open, closing…";
pub(super) const CLOSING_TEXT: &str =
    "The rule is being removed. It counts as closed once that was read back.";
pub(super) const RDP_FILE: &str = "Download RDP file";
pub(super) const NOT_MAPPED: &str = "The firewall's port for it was not read back yet.";
pub(super) const NO_ADDRESS: &str = "The VM has no address that Postern knows.";

// -- request -- //
pub(super) const REQUEST: &str = "Request access";
pub(super) const OPEN_LONGER: &str = "Open longer, or from elsewhere";
pub(super) const PORT: &str = "Port";
pub(super) const FROM: &str = "From";
pub(super) const FOR: &str = "For";
pub(super) const WHY: &str = "Why";
pub(super) const MY_ADDRESS: &str = "My address";
pub(super) const ANOTHER: &str = "Another";
pub(super) const ANOTHER_FIELD: &str = "Address or range";
pub(super) const ANOTHER_EXAMPLE: &str = "203.0.113.0/24";
pub(super) const MINUTES: &str = "Minutes";
pub(super) const MIN: &str = "min";
pub(super) const WHY_OPTIONAL: &str = "optional";
pub(super) const WHY_REQUIRED: &str = "required by the policy";
pub(super) const CHANGES: &str = "What this changes";
pub(super) const CHECKING: &str = "Checking with Azure…";
pub(super) const CHECKED_NOW: &str = "Worked out from Azure's rules as they are now:";
pub(super) const ASKING: &str = "Asking…";
pub(super) const ASK_SOMEBODY: &str = "Your Azure roles let you see this VM and not ask for access. The role it takes has the action \
     Microsoft.Security/locations/jitNetworkAccessPolicies/initiate/action.";
pub(super) const PRIVATE: &str = "This is an address of a private network. Azure sees another one, unless your way to the VM is private too.";
pub(super) const UNUSABLE: &str = "No packet comes from this address. Name the one that Azure sees.";
pub(super) const DOUBTFUL: &str =
    "It may have been opened all the same. Asking again is safe: it is the same request.";

// -- other openings -- //
pub(super) const OTHER_OPENINGS: &str = "Open for others";
pub(super) const MORE_OF_YOURS: &str = "More of yours";

// -- without a policy -- //
pub(super) const NOT_GUARDED: &str = "Not guarded";
pub(super) const NOT_GUARDED_TEXT: &str =
    "JIT is not enabled on this VM: its own rules alone decide who gets in.";
pub(super) const ENABLE: &str = "Enable JIT";
pub(super) const UNSUPPORTED: &str = "Unsupported";

pub(super) fn whom_to_ask(vm: &VmId) -> String {
    format!(
        "Ask a person who may configure it: an Owner, Contributor or Security Admin of resource group {}.",
        vm.resource_group()
    )
}

// -- facts -- //
pub(super) const FACTS: &str = "Details";
pub(super) const PUBLIC: &str = "Public address";
pub(super) const PRIVATE_ADDRESS: &str = "Private address";
pub(super) const NONE: &str = "none";
pub(super) const NSGS: &str = "NSG";
pub(super) const FIREWALL: &str = "Azure Firewall";
pub(super) const POLICY: &str = "Policy";
pub(super) const REGION: &str = "Region";
pub(super) const SUBSCRIPTION: &str = "Subscription";
pub(super) const ACTIVITY: &str = "Activity of this VM";
pub(super) const COPY_LINK: &str = "Copy link to this page";
pub(super) const DRIFT: &str = "Changed by somebody else";
pub(super) const GUARD_FIRST: &str = "The guard comes before the VM's own rules.";

/// *Somebody removed rule … from web-01-nsg, 5 min ago. Postern wrote it again.*
pub(super) fn drift(what: &str, ago: &str) -> String {
    format!("{what}, found {ago}. Postern writes such a rule again.")
}

pub(super) fn checked(ago: &str) -> String {
    format!("checked {ago}")
}

pub(super) fn until(time: &str) -> String {
    format!("Closes at {time}")
}

pub(super) fn lease_line(view: &LeaseView) -> String {
    format!("{} · {}", view.requester.name, view.lease.sources)
}

pub(super) fn close_label(view: &LeaseView) -> String {
    format!("Close now: {} for {}", port_name(view.lease.port), view.requester.name)
}

/// What became of one's own opening.
pub(super) fn ended(reason: CloseReason, time: &str, trouble: Option<&str>) -> String {
    match reason {
        CloseReason::Expired => format!("Your opening ended; read back as closed at {time}."),
        CloseReason::Revoked => format!("Closed early; read back as closed at {time}."),
        CloseReason::Superseded => format!("A newer opening took the place of yours at {time}."),
        CloseReason::Failed => match trouble {
            Some(trouble) => format!("It could not be opened: {trouble}"),
            None => "It could not be opened; the activity of this VM says why.".to_owned(),
        },
    }
}

/// What became of the connections that were up.
pub(super) fn with_sessions(ended: String, sessions: &Sessions) -> String {
    match sessions {
        Sessions::Untouched => ended,
        Sessions::Cut => format!("{ended} Connections that were up were cut."),
        Sessions::Left { reason } => {
            format!("{ended} Connections that were up could not be cut and may go on: {reason}.")
        }
    }
}

/// *any protocol, from any source, up to 3 hours*.
pub(super) fn port_rule(rule: &PortRule) -> String {
    let protocol = match rule.protocol {
        Protocol::Any => "any protocol",
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    let sources = match &rule.allowed_sources {
        AllowedSources::Any => "any source on request".to_owned(),
        AllowedSources::Only(sources) => format!("from {sources}"),
    };
    format!("{protocol}, {sources}, up to {}", durations::in_words(rule.max_duration.seconds()))
}

pub(super) const fn precedence(precedence: Precedence) -> Option<&'static str> {
    match precedence {
        Precedence::CustomerFirst => None,
        Precedence::GuardFirst => Some(GUARD_FIRST),
    }
}

/// What assistive technology is told of an opening's progress.
pub(super) const fn progress(written: bool) -> &'static str {
    if written {
        "Rule written. Waiting until it is read back."
    } else {
        "Asked. Waiting for Azure to take the rule."
    }
}

/// Keeps the countdown's end for those who do not see it run.
pub(super) fn open_until(time: &str) -> String {
    format!("{OPEN_FOR_YOU} until {time}")
}

pub(super) fn allowed(sources: &Sources) -> String {
    format!("The policy allows {sources}.")
}
