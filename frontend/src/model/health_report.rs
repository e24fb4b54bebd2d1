//! How Postern is, for those who configure it: each thing with what it means and what to do when it is bad.

use jiff::{Timestamp, tz::Offset};
use shared::{
    api::{ArmBudget, HealthReport},
    vm::VmId,
};

use super::{
    durations,
    language::{Language, say},
    times,
};

/// By how many milliseconds two clocks may differ before it is worth a look.
const CLOCKS_APART: i64 = 2000;

/// One thing that is well or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub title: &'static str,
    pub is_well: bool,
    /// How it is.
    pub value: String,
    pub meaning: &'static str,
    /// What to do; only of what is not well.
    pub remedy: Option<&'static str>,
    /// The VM that it is about.
    pub vm: Option<VmId>,
}

/// How many requests ARM would still take at once, of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meter {
    pub kind: &'static str,
    pub left: u32,
    pub most: u32,
}

impl Meter {
    /// Whether requests will soon be held back.
    pub(crate) const fn is_low(self) -> bool {
        self.left * 5 < self.most
    }
}

pub(crate) fn findings(
    report: &HealthReport,
    now: Timestamp,
    zone: &dyn Fn(Timestamp) -> Offset,
    language: Language,
) -> Vec<Finding> {
    let told = |at: Timestamp| {
        let (ago, absolute) = (times::ago(at, now.max(at), language), times::absolute(at, zone(at)));
        say!(language, report.at, ago = ago, absolute = absolute)
    };
    vec![
        sweep(report, &told, language),
        leases(report, &told, language),
        drift(report, &told, language),
        clock(report, language),
    ]
}

fn sweep(report: &HealthReport, told: &dyn Fn(Timestamp) -> String, language: Language) -> Finding {
    let is_well = report.timer_silent_since.is_none();
    let value = match (report.timer_silent_since, report.last_sweep_at) {
        (Some(since), _) => say!(language, report.silent, since = told(since)),
        (None, Some(last)) => say!(language, report.last_sweep, last = told(last)),
        (None, None) => say!(language, report.no_sweep_yet).to_owned(),
    };
    Finding {
        title: say!(language, report.sweep),
        is_well,
        value,
        meaning: say!(language, report.sweep_means),
        remedy: (!is_well).then(|| say!(language, report.sweep_remedy)),
        vm: None,
    }
}

fn leases(report: &HealthReport, told: &dyn Fn(Timestamp) -> String, language: Language) -> Finding {
    let numbers = report.leases;
    let is_well = numbers.overdue == 0;
    let mut value = say!(
        language,
        report.leases_now,
        open = numbers.open,
        pending = numbers.pending,
        overdue = numbers.overdue
    );
    let oldest = report.oldest_overdue.as_ref();
    if let Some(oldest) = oldest {
        value.push_str(&say!(language, report.oldest, since = told(oldest.since)));
        if let Some(reason) = &oldest.reason {
            value.push_str(&say!(language, report.because, reason = reason.as_str()));
        }
    }
    Finding {
        title: say!(language, report.leases),
        is_well,
        value,
        meaning: say!(language, report.leases_mean),
        remedy: (!is_well).then(|| say!(language, report.leases_remedy)),
        vm: oldest.and_then(|oldest| oldest.vm.clone()),
    }
}

fn drift(report: &HealthReport, told: &dyn Fn(Timestamp) -> String, language: Language) -> Finding {
    let is_well = report.drift.last_7_days == 0;
    let value = match report.drift.newest_at {
        Some(at) if !is_well => {
            say!(language, report.drifted, count = report.drift.last_7_days, newest = told(at))
        }
        _ => say!(language, report.no_drift).to_owned(),
    };
    Finding {
        title: say!(language, report.drift),
        is_well,
        value,
        meaning: say!(language, report.drift_means),
        remedy: (!is_well).then(|| say!(language, report.drift_remedy)),
        vm: None,
    }
}

fn clock(report: &HealthReport, language: Language) -> Finding {
    let ahead = report.clock_ahead_millis;
    let is_well = ahead.is_none_or(|ahead| ahead.abs() < CLOCKS_APART);
    let value = match ahead {
        None => say!(language, report.clock_unknown).to_owned(),
        Some(ahead) if ahead.abs() < 1000 => say!(language, report.clock_same).to_owned(),
        Some(ahead) => {
            let length = durations::in_words(ahead.abs() / 1000, language);
            if ahead > 0 {
                say!(language, report.clock_ahead, length = length)
            } else {
                say!(language, report.clock_behind, length = length)
            }
        }
    };
    Finding {
        title: say!(language, report.clock),
        is_well,
        value,
        meaning: say!(language, report.clock_means),
        remedy: (!is_well).then(|| say!(language, report.clock_remedy)),
        vm: None,
    }
}

pub(crate) fn meters(budget: &ArmBudget, language: Language) -> [Meter; 3] {
    let meter = |kind, left, most| Meter { kind, left, most };
    [
        meter(say!(language, report.reads), budget.reads, ArmBudget::READS),
        meter(say!(language, report.writes), budget.writes, ArmBudget::WRITES),
        meter(say!(language, report.deletes), budget.deletes, ArmBudget::DELETES),
    ]
}

#[cfg(test)]
mod tests {
    use shared::api::{DriftNumbers, LeaseNumbers, OldestOverdue};

    use super::*;
    use crate::model::samples::{later, now, web_01};

    fn a_report() -> HealthReport {
        HealthReport {
            last_sweep_at: Some(later(-12)),
            timer_silent_since: None,
            leases: LeaseNumbers { pending: 0, open: 2, overdue: 0 },
            oldest_overdue: None,
            drift: DriftNumbers { last_7_days: 0, newest_at: None },
            arm_budgets: Vec::new(),
            clock_ahead_millis: Some(-300),
            version: String::new(),
            server_time: now(),
        }
    }

    fn told(report: &HealthReport) -> Vec<Finding> {
        findings(report, now(), &|_| Offset::UTC, Language::en)
    }

    #[test]
    fn what_is_well_has_no_remedy() {
        let all = told(&a_report());
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|one| one.is_well && one.remedy.is_none()), "{all:?}");
        assert_eq!(all[0].value, "Last sweep 12 s ago (2026-11-24 11:59:48 UTC)");
    }

    #[test]
    fn what_is_not_well_says_what_to_do() {
        let oldest =
            OldestOverdue { since: later(-90), vm: Some(web_01()), reason: Some("locked".to_owned()) };
        let report = HealthReport {
            timer_silent_since: Some(later(-600)),
            leases: LeaseNumbers { pending: 0, open: 0, overdue: 1 },
            oldest_overdue: Some(oldest),
            drift: DriftNumbers { last_7_days: 3, newest_at: Some(later(-5)) },
            clock_ahead_millis: Some(65_000),
            ..a_report()
        };
        let all = told(&report);
        assert!(all.iter().all(|one| !one.is_well && one.remedy.is_some()), "{all:?}");
        assert!(all[1].value.contains("locked") && all[1].vm == Some(web_01()), "{:?}", all[1]);
        assert!(all[3].value.contains("1 minute 5 seconds ahead"), "{:?}", all[3]);
    }

    #[test]
    fn a_budget_is_low_below_a_fifth() {
        let subscription = web_01().subscription();
        let meters = meters(&ArmBudget { subscription, reads: 49, writes: 40, deletes: 200 }, Language::en);
        assert_eq!(meters.map(Meter::is_low), [true, false, false]);
    }
}
