//! The three lists of the VMs page, and how a row says what it knows.

use shared::{
    api::{ListCounts, ListName, VmSummary},
    audit::PolicySettings,
    policy::{PortRule, PortRules},
    port::Port,
    vm::{Os, PowerState},
};

use super::language::{Language, say};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tab {
    Configured,
    NotConfigured,
    Unsupported,
}

impl Tab {
    pub(crate) const ALL: [Self; 3] = [Self::Configured, Self::NotConfigured, Self::Unsupported];

    /// As `?list=` has it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::NotConfigured => "not-configured",
            Self::Unsupported => "unsupported",
        }
    }

    /// The list that `?list=` names; the first if it names none.
    pub(crate) fn from_query(text: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|tab| Some(tab.as_str()) == text).unwrap_or(Self::Configured)
    }

    pub(crate) fn word(self, language: Language) -> &'static str {
        match self {
            Self::Configured => say!(language, vms.configured),
            Self::NotConfigured => say!(language, vms.not_configured),
            Self::Unsupported => say!(language, vms.unsupported),
        }
    }

    /// As the functions call it.
    pub(crate) const fn list(self) -> ListName {
        match self {
            Self::Configured => ListName::Configured,
            Self::NotConfigured => ListName::NotConfigured,
            Self::Unsupported => ListName::Unsupported,
        }
    }

    pub(crate) const fn count(self, counts: &ListCounts) -> u64 {
        match self {
            Self::Configured => counts.configured,
            Self::NotConfigured => counts.not_configured,
            Self::Unsupported => counts.unsupported,
        }
    }
}

/// A number with commas between the thousands, as both languages write it.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn os_name(os: Option<Os>, language: Language) -> &'static str {
    match os {
        Some(Os::Linux) => "Linux",
        Some(Os::Windows) => "Windows",
        None => say!(language, vm.unknown_os),
    }
}

pub(crate) fn power_name(power: PowerState, language: Language) -> &'static str {
    match power {
        PowerState::Running => say!(language, vm.running),
        PowerState::Stopped => say!(language, vm.stopped),
        PowerState::Unknown => say!(language, vm.power_unknown),
    }
}

/// *22 SSH*, or the bare number.
pub(crate) fn port_name(port: Port) -> String {
    match port.service() {
        Some(service) => format!("{port} {service}"),
        None => port.to_string(),
    }
}

/// What *Enable JIT* asks for: Azure's defaults for the operating system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Defaults {
    pub rule: PortRule,
    pub ports: PortRules,
}

impl Defaults {
    pub(crate) const SETTINGS: PolicySettings = PolicySettings::DEFAULT;

    /// An unknown operating system gets the ports of Linux.
    pub(crate) fn of(os: Option<Os>) -> Option<Self> {
        let rule = PortRule::default_for(os.unwrap_or(Os::Linux));
        let ports = PortRules::try_from(vec![rule.clone()]).ok()?;
        Some(Self { rule, ports })
    }

    /// What is kept to these defaults, VMs with the same ones together.
    pub(crate) fn sorted(vms: &[VmSummary]) -> Vec<(Option<Os>, Vec<VmSummary>)> {
        let mut sorted: Vec<(Option<Os>, Vec<VmSummary>)> = Vec::new();
        for vm in vms {
            match sorted.iter_mut().find(|(os, _)| *os == vm.os) {
                Some((_, same)) => same.push(vm.clone()),
                None => sorted.push((vm.os, vec![vm.clone()])),
            }
        }
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::a_summary;

    #[test]
    fn the_query_names_a_list_and_nonsense_names_the_first() {
        for tab in Tab::ALL {
            assert_eq!(Tab::from_query(Some(tab.as_str())), tab);
            assert_eq!(tab.as_str().replace('-', "_"), tab.list().as_str());
        }
        assert_eq!(Tab::from_query(Some("all")), Tab::Configured);
        assert_eq!(Tab::from_query(None), Tab::Configured);
    }

    #[test]
    fn each_list_has_its_own_count() {
        let counts = ListCounts { configured: 1, not_configured: 2, unsupported: 3 };
        assert_eq!(Tab::ALL.map(|tab| tab.count(&counts)), [1, 2, 3]);
    }

    #[test]
    fn thousands_are_told_apart() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (123_456, "123,456"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn enabling_protects_the_port_that_the_system_is_managed_by() {
        assert_eq!(Defaults::of(Some(Os::Windows)).unwrap().rule.port, Port::RDP);
        assert_eq!(Defaults::of(Some(Os::Linux)).unwrap().rule.port, Port::SSH);
        assert_eq!(Defaults::of(None).unwrap().rule.port, Port::SSH);
    }

    #[test]
    fn vms_are_enabled_together_by_system() {
        let with = |os| VmSummary { os, ..a_summary() };
        let (linux, windows) = (with(Some(Os::Linux)), with(Some(Os::Windows)));
        let sorted = Defaults::sorted(&[linux.clone(), windows.clone(), linux.clone()]);
        let expected = [(Some(Os::Linux), vec![linux.clone(), linux]), (Some(Os::Windows), vec![windows])];
        assert_eq!(sorted, expected);
    }
}
