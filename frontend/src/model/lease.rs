//! How far an opening is, from the newest word about it.

use std::net::IpAddr;

use jiff::Timestamp;
use shared::{
    api::{GrantView, LeaseView, PortStatus, SourceSeen, VmDetail},
    grant::{CloseReason, LeaseState},
    port::Port,
};

/// What one's own opening is doing now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// On its way: asked for, and perhaps written, but not read back.
    Opening {
        written: bool,
    },
    Open {
        until: Timestamp,
    },
    /// Its end has passed, and it was not read back as closed: possibly open.
    Closing {
        revoked: bool,
        since: Timestamp,
    },
    Closed {
        reason: CloseReason,
        at: Timestamp,
    },
}

pub(crate) fn phase(view: &LeaseView, now: Timestamp) -> Phase {
    let lease = &view.lease;
    match lease.state {
        LeaseState::Closed { at, reason } => Phase::Closed { reason, at },
        _ if lease.is_due(now) => {
            Phase::Closing { revoked: lease.ends_as == CloseReason::Revoked, since: lease.expires_at }
        }
        LeaseState::Pending { written_at } => Phase::Opening { written: written_at.is_some() },
        LeaseState::Open { .. } => Phase::Open { until: lease.expires_at },
    }
}

/// Whether nothing about the grant is going to change before its end.
pub(crate) fn is_settled(grant: &GrantView, now: Timestamp) -> bool {
    let moving = |view: &LeaseView| matches!(phase(view, now), Phase::Opening { .. } | Phase::Closing { .. });
    !grant.leases.iter().any(moving)
}

/// The newest word about one's own opening of `port`: the one that ends last.
///
/// `grant` is what was heard of a grant by itself; the newer of it and `detail` counts. A closed lease is shown
/// only by the grant that was asked for here.
pub(crate) fn own_lease(detail: &VmDetail, grant: Option<&GrantView>, port: Port) -> Option<LeaseView> {
    let status = detail.ports.iter().find(|status| status.rule.port == port);
    let listed = status.into_iter().flat_map(|status| &status.leases).filter(|view| view.mine);
    let heard = grant.and_then(|grant| {
        let of_port = |view: &&LeaseView| view.lease.port == port && view.lease.vm == detail.summary.vm;
        grant.leases.iter().find(of_port).map(|view| (view, grant.server_time))
    });
    let Some((heard, at)) = heard else {
        return listed.max_by_key(|view| view.lease.expires_at).cloned();
    };
    let others = listed.clone().filter(|view| view.lease.id != heard.lease.id);
    if let Some(longest) = others.max_by_key(|view| view.lease.expires_at)
        && (heard.lease.is_closed() || longest.lease.expires_at > heard.lease.expires_at)
    {
        return Some(longest.clone());
    }
    let mut in_detail = listed.filter(|view| view.lease.id == heard.lease.id);
    match in_detail.next() {
        Some(listed) if at < detail.server_time => Some(listed.clone()),
        None if at < detail.server_time && !heard.lease.is_closed() => None,
        _ => Some(heard.clone()),
    }
}

/// The port that something of one's own is open at, or may be.
pub(crate) fn own_port(detail: &VmDetail) -> Option<Port> {
    let has_own = |status: &&PortStatus| status.leases.iter().any(|view| view.mine);
    detail.ports.iter().find(has_own).map(|status| status.rule.port)
}

/// Where an own opening lets in one address alone and the reader comes from another now: that address, and the
/// reader's.
pub(crate) fn left_behind(own: &LeaseView, seen: &SourceSeen) -> Option<(IpAddr, IpAddr)> {
    let now = seen.prefix?.single_address()?;
    let mut sources = own.lease.sources.iter();
    let (Some(only), None) = (sources.next(), sources.next()) else { return None };
    let then = only.single_address()?;
    (own.mine && then != now).then_some((then, now))
}

/// The living and due openings of `port` but the given one, last end first.
pub(crate) fn other_leases(detail: &VmDetail, port: Port, but: Option<&LeaseView>) -> Vec<LeaseView> {
    let status = detail.ports.iter().find(|status| status.rule.port == port);
    let listed = status.into_iter().flat_map(|status| &status.leases);
    let mut others: Vec<LeaseView> =
        listed.filter(|view| but.is_none_or(|own| own.lease.id != view.lease.id)).cloned().collect();
    others.sort_by_key(|view| std::cmp::Reverse(view.lease.expires_at));
    others
}

#[cfg(test)]
mod tests {
    use shared::{api::PortState, source::Sources};

    use super::*;
    use crate::model::samples::{a_detail, a_grant, a_lease, a_status, later, now};

    fn open() -> LeaseView {
        a_lease(LeaseState::Open { opened_at: now() })
    }

    fn pending() -> LeaseView {
        a_lease(LeaseState::Pending { written_at: None })
    }

    fn closed() -> LeaseView {
        a_lease(LeaseState::Closed { at: later(60), reason: CloseReason::Revoked })
    }

    fn listing(leases: Vec<LeaseView>, server_time: Timestamp) -> VmDetail {
        let mut detail = a_detail();
        detail.server_time = server_time;
        detail.ports[0].leases = leases;
        detail
    }

    #[test]
    fn an_opening_for_another_address_than_ones_own_is_left_behind() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let from =
            |text: &str| SourceSeen { address: address(text), prefix: text.parse().ok(), concern: None };
        let moved = left_behind(&open(), &from("198.51.100.9"));
        assert_eq!(moved, Some((address("203.0.113.7"), address("198.51.100.9"))));
        assert_eq!(left_behind(&open(), &from("203.0.113.7")), None);
        assert_eq!(left_behind(&open(), &from("127.0.0.1")), None);
        let mut range = open();
        range.lease.sources = Sources::one("203.0.113.0/24".parse().unwrap());
        assert_eq!(left_behind(&range, &from("198.51.100.9")), None);
        let others = LeaseView { mine: false, ..open() };
        assert_eq!(left_behind(&others, &from("198.51.100.9")), None);
    }

    #[test]
    fn an_opening_goes_through_its_phases() {
        let written = a_lease(LeaseState::Pending { written_at: Some(now()) });
        assert_eq!(phase(&pending(), now()), Phase::Opening { written: false });
        assert_eq!(phase(&written, now()), Phase::Opening { written: true });
        assert_eq!(phase(&open(), now()), Phase::Open { until: later(3600) });
        assert_eq!(phase(&closed(), now()), Phase::Closed { reason: CloseReason::Revoked, at: later(60) });
    }

    #[test]
    fn an_opening_past_its_end_is_never_called_open() {
        let since = later(3600);
        assert_eq!(phase(&open(), later(3599)), Phase::Open { until: since });
        assert_eq!(phase(&open(), since), Phase::Closing { revoked: false, since });
        assert_eq!(phase(&pending(), since), Phase::Closing { revoked: false, since });
    }

    #[test]
    fn a_grant_is_settled_while_it_is_open_and_once_it_is_closed() {
        assert!(!is_settled(&a_grant(pending(), now()), now()));
        assert!(is_settled(&a_grant(open(), now()), now()));
        assert!(!is_settled(&a_grant(open(), now()), later(3600)));
        assert!(is_settled(&a_grant(closed(), now()), later(3600)));
    }

    #[test]
    fn the_newer_word_counts() {
        let own =
            |detail: &VmDetail, grant: &GrantView| own_lease(detail, Some(grant), detail.ports[0].rule.port);
        let detail = listing(vec![pending()], now());
        assert_eq!(own(&detail, &a_grant(open(), later(1))), Some(open()));
        let detail = listing(vec![open()], later(2));
        assert_eq!(own(&detail, &a_grant(pending(), later(1))), Some(open()));
        assert_eq!(own(&listing(vec![open()], now()), &a_grant(closed(), later(60))), Some(closed()));
    }

    #[test]
    fn of_several_own_openings_the_one_that_ends_last_is_shown() {
        let mut longer = open();
        longer.lease.id = "01936b1e-7a3c-7000-8000-3f1de2c4b903".parse().unwrap();
        longer.lease.expires_at = later(7200);
        let detail = listing(vec![open(), longer.clone()], now());
        let port = detail.ports[0].rule.port;
        assert_eq!(own_lease(&detail, None, port), Some(longer.clone()));
        assert_eq!(own_lease(&detail, Some(&a_grant(closed(), later(60))), port), Some(longer.clone()));
        assert_eq!(other_leases(&detail, port, Some(&longer)), [open()]);
    }

    #[test]
    fn the_port_of_ones_own_opening_is_found_among_the_others() {
        let mut detail = listing(vec![], now());
        detail.ports.push(a_status(PortState::Open { until: later(3600) }));
        detail.ports[1].rule.port = Port::RDP;
        assert_eq!(own_port(&detail), None);
        detail.ports[1].leases = vec![open()];
        assert_eq!(own_port(&detail), Some(Port::RDP));
        detail.ports[1].leases[0].mine = false;
        assert_eq!(own_port(&detail), None);
    }

    #[test]
    fn another_persons_opening_is_not_ones_own() {
        let mut theirs = open();
        theirs.mine = false;
        let detail = listing(vec![theirs.clone()], now());
        let port = detail.ports[0].rule.port;
        assert_eq!(own_lease(&detail, None, port), None);
        assert_eq!(other_leases(&detail, port, None), [theirs]);
    }

    #[test]
    fn an_opening_that_newer_detail_no_longer_lists_is_not_shown_as_open() {
        let port = a_detail().ports[0].rule.port;
        let heard = a_grant(open(), now());
        assert_eq!(own_lease(&listing(vec![], later(5)), Some(&heard), port), None);
        assert_eq!(own_lease(&listing(vec![], now()), Some(&a_grant(open(), later(5))), port), Some(open()));
        assert_eq!(
            own_lease(&listing(vec![], later(90)), Some(&a_grant(closed(), later(60))), port),
            Some(closed())
        );
    }
}
