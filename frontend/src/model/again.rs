//! Asking once more for what was open.

use shared::{
    api::{CreateGrant, GrantView, OpeningForm, VmDetail},
    grant::{CloseReason, Lease},
    request::Opening,
    vm::VmId,
    window::{AccessDuration, AccessWindow},
};

use super::{denial, form::capitalised, language::Language, verdict::judge};

/// How long a lease was asked for. One that was closed early no longer says it; then the whole grant's time counts.
pub(crate) fn lasted(lease: &Lease, window: AccessWindow) -> Option<AccessDuration> {
    let end = if lease.ends_as == CloseReason::Expired { lease.expires_at } else { window.end() };
    AccessDuration::from_seconds(end.duration_since(window.start()).as_secs()).ok()
}

/// The VMs of a grant, each once.
pub(crate) fn vms(grant: &GrantView) -> Vec<VmId> {
    let mut vms: Vec<VmId> = grant.leases.iter().map(|view| view.lease.vm.clone()).collect();
    vms.dedup();
    vms
}

/// The request that a grant came from, or everything that speaks against it now.
pub(crate) fn again(
    grant: &GrantView,
    details: &[VmDetail],
    language: Language,
) -> Result<CreateGrant, Vec<String>> {
    let openings: Vec<Opening> = grant
        .leases
        .iter()
        .filter_map(|view| {
            let Lease { vm, port, sources, .. } = &view.lease;
            let duration = lasted(&view.lease, grant.window)?;
            Some(Opening { vm: vm.clone(), port: *port, sources: sources.clone(), duration })
        })
        .collect();
    let details: Vec<&VmDetail> = details.iter().collect();
    let judged = judge(openings.clone(), grant.justification.clone(), &details);
    match judged.map_err(|error| vec![capitalised(&error)])? {
        Some(denials) => {
            Err(denials.as_slice().iter().map(|denial| denial::sentence(denial, language)).collect())
        }
        None => {
            let opening = |Opening { vm, port, sources, duration }| OpeningForm {
                vm,
                port,
                sources: Some(sources),
                duration,
            };
            let openings = openings.into_iter().map(opening).collect();
            Ok(CreateGrant { openings, justification: grant.justification.clone() })
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::{grant::LeaseState, policy::JustificationRule};

    use super::*;
    use crate::model::samples::{a_detail, a_grant, a_lease, later, now};

    fn over(reason: CloseReason, seconds: i64) -> GrantView {
        let mut lease = a_lease(LeaseState::Closed { at: later(seconds), reason });
        (lease.lease.ends_as, lease.lease.expires_at) = (reason, later(seconds));
        a_grant(lease, now())
    }

    #[test]
    fn what_was_open_is_asked_for_with_the_same_values() {
        for grant in [over(CloseReason::Expired, 3600), over(CloseReason::Revoked, 60)] {
            let body = again(&grant, &[a_detail()], Language::en).unwrap();
            let OpeningForm { sources, duration, .. } = &body.openings[0];
            assert_eq!(
                (sources.as_ref().unwrap().to_string(), duration.to_string()),
                ("203.0.113.7".to_owned(), "PT1H".to_owned())
            );
        }
    }

    #[test]
    fn what_the_policy_does_not_allow_any_more_is_refused_with_every_reason() {
        let mut detail = a_detail();
        detail.summary.rights.request = false;
        detail.policy.as_mut().unwrap().justification = JustificationRule::Required;
        let reasons = again(&over(CloseReason::Expired, 3600), &[detail], Language::en).unwrap_err();
        assert_eq!(reasons.len(), 2, "{reasons:?}");
        let unknown = again(&over(CloseReason::Expired, 3600), &[], Language::en).unwrap_err();
        assert_eq!(unknown.len(), 2, "{unknown:?}");
    }
}
