use shared::{
    api::LeaseView,
    grant::{CloseReason, Sessions},
    policy::PortRule,
    port::Protocol,
    source::AllowedSources,
};

use crate::{
    language::{Language, say},
    model::{durations, vm_list::port_name},
};

pub(super) fn lease_line(view: &LeaseView) -> String {
    format!("{} · {}", view.requester.name, view.lease.sources)
}

pub(super) fn close_label(view: &LeaseView, language: Language) -> String {
    let (port, person) = (port_name(view.lease.port), view.requester.name.as_str());
    say!(language, common.close_label, what = say!(language, connect.lease_for, port, person))
}

/// What became of one's own opening.
pub(super) fn ended(reason: CloseReason, time: String, trouble: Option<&str>, language: Language) -> String {
    match reason {
        CloseReason::Expired => say!(language, connect.ended_expired, time),
        CloseReason::Revoked => say!(language, connect.ended_revoked, time),
        CloseReason::Superseded => say!(language, connect.ended_superseded, time),
        CloseReason::Failed => match trouble {
            Some(trouble) => say!(language, connect.ended_failed_because, trouble),
            None => say!(language, connect.ended_failed).to_owned(),
        },
    }
}

/// What became of the connections that were up, to stand behind another sentence.
pub(super) fn sessions(sessions: &Sessions, language: Language) -> String {
    match sessions {
        Sessions::Untouched => String::new(),
        Sessions::Cut => say!(language, connect.sessions_cut).to_owned(),
        Sessions::Left { reason } => say!(language, connect.sessions_left, reason = reason.as_str()),
    }
}

/// *any protocol, from any source, up to 3 hours*.
pub(super) fn port_rule(rule: &PortRule, language: Language) -> String {
    let protocol = match rule.protocol {
        Protocol::Any => say!(language, policy.any_protocol),
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    let sources = match &rule.allowed_sources {
        AllowedSources::Any => say!(language, policy.any_source).to_owned(),
        AllowedSources::Only(sources) => say!(language, policy.only_sources, sources = sources.clone()),
    };
    let longest = durations::in_words(rule.max_duration.seconds(), language);
    say!(language, policy.port_rule, protocol, sources, longest)
}
