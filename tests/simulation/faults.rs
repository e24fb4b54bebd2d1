//! Which faults a call may meet.

use functions::fabric::FabricError;
use jiff::SignedDuration;
use rand::{Rng, rngs::StdRng, seq::SliceRandom};

use crate::gate::{Kind, Verdict, throttled, unreachable};

/// Every kind of fault and of trouble that a run may bring; each must come up in every series of runs.
pub(crate) const ALL: [&str; 29] = [
    "fabric throttled",
    "fabric locked",
    "fabric conflict",
    "fabric unreachable",
    "fabric refused",
    "reply lost",
    "late failure",
    "late effect",
    "slow write",
    "stale read",
    "ledger unreachable",
    "commit without reply",
    "crash before a call",
    "crash after its effect",
    "crash of all",
    "restart",
    "clock step",
    "request repeated",
    "sweeps overlap",
    "foreign rule put",
    "foreign rule removed",
    "foreign rule edited",
    "our rule removed",
    "our rule edited",
    "our old rule put back",
    "VM deleted",
    "VM re-addressed",
    "NSG swapped",
    "NSG deleted",
];

pub(crate) fn a_fault(dice: &mut StdRng, kind: Kind) -> (&'static str, Verdict) {
    let refused = || FabricError::Refused {
        status: 403,
        code: "AuthorizationFailed".to_owned(),
        message: "not now".to_owned(),
    };
    let locked = || FabricError::Locked { message: "AnotherOperationInProgress".to_owned() };
    let conflict = || FabricError::Conflict { message: "SecurityRuleConflict".to_owned() };
    let fails = |name, error| (name, Verdict::Fail(error));
    let quota = *[1, 5, 60].choose(dice).unwrap();
    let soon = SignedDuration::from_millis(dice.gen_range(500..20_000));
    let general = match dice.gen_range(0..6) {
        0 | 1 => fails("fabric throttled", throttled(quota)),
        2 | 3 => fails("fabric unreachable", unreachable("503")),
        4 => fails("fabric refused", refused()),
        _ => ("reply lost", Verdict::LoseReply),
    };
    match kind {
        Kind::Ledger => fails("ledger unreachable", unreachable("store")),
        Kind::LedgerWrite if dice.gen_bool(0.5) => ("commit without reply", Verdict::LoseReply),
        Kind::LedgerWrite => fails("ledger unreachable", unreachable("store")),
        Kind::Read | Kind::Write => general,
        Kind::Observe if dice.gen_bool(0.5) => {
            ("stale read", Verdict::Stale(SignedDuration::from_millis(dice.gen_range(100..5_000))))
        }
        Kind::Observe => general,
        Kind::Apply => match dice.gen_range(0..8) {
            0 => fails("fabric locked", locked()),
            1 => fails("fabric conflict", conflict()),
            2 => ("late failure", Verdict::FailLate(soon)),
            3 => ("late effect", Verdict::LandLate(soon)),
            4 | 5 => ("slow write", Verdict::Slow(soon)),
            6 => ("reply lost", Verdict::LoseReply),
            _ => general,
        },
    }
}
