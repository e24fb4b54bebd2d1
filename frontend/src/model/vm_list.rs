//! The three lists of the VMs page: which VM stands where, and which match the search.

use shared::{
    api::{Support, VmSummary},
    policy::{JustificationRule, LiveSessions, PortRule, PortRules, Precedence},
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

    pub(crate) const fn holds(self, vm: &VmSummary) -> bool {
        matches!(
            (self, &vm.support),
            (Self::Configured, Support::Configured)
                | (Self::NotConfigured, Support::NotConfigured)
                | (Self::Unsupported, Support::Unsupported { .. })
        )
    }

    pub(crate) fn count(self, vms: &[VmSummary]) -> usize {
        vms.iter().filter(|vm| self.holds(vm)).count()
    }
}

/// The VMs of a list whose name, group or subscription contains every word of `needle`, by name.
pub(crate) fn matching(vms: &[VmSummary], tab: Tab, needle: &str) -> Vec<VmSummary> {
    let needle = needle.to_lowercase();
    let words: Vec<&str> = needle.split_whitespace().collect();
    let matches = |vm: &&VmSummary| {
        let text =
            format!("{} {} {}", vm.vm.name(), vm.vm.resource_group(), vm.subscription_name).to_lowercase();
        words.iter().all(|word| text.contains(word))
    };
    let mut found: Vec<VmSummary> = vms.iter().filter(|vm| tab.holds(vm)).filter(matches).cloned().collect();
    found.sort_by_cached_key(|vm| (vm.vm.name().to_lowercase(), vm.vm.key()));
    found
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
    pub(crate) const JUSTIFICATION: JustificationRule = JustificationRule::Optional;
    pub(crate) const PRECEDENCE: Precedence = Precedence::CustomerFirst;
    pub(crate) const LIVE_SESSIONS: LiveSessions = LiveSessions::Never;

    /// An unknown operating system gets the ports of Linux.
    pub(crate) fn of(os: Option<Os>) -> Option<Self> {
        let rule = PortRule::default_for(os.unwrap_or(Os::Linux));
        let ports = PortRules::try_from(vec![rule.clone()]).ok()?;
        Some(Self { rule, ports })
    }
}

#[cfg(test)]
mod tests {
    use shared::{api::Unsupported, vm::VmId};

    use super::*;
    use crate::model::samples::{a_summary, web_01};

    fn a_vm(name: &str, support: Support) -> VmSummary {
        let vm = VmId::new(web_01().subscription(), "prod-rg", name).unwrap();
        VmSummary { vm, support, ..a_summary() }
    }

    fn fleet() -> Vec<VmSummary> {
        let reasons = vec![Unsupported::NoNsg];
        vec![
            a_vm("web-02", Support::Configured),
            a_vm("Web-01", Support::Configured),
            a_vm("db-01", Support::NotConfigured),
            a_vm("old-01", Support::Unsupported { reasons }),
        ]
    }

    fn names(tab: Tab, needle: &str) -> Vec<String> {
        matching(&fleet(), tab, needle).iter().map(|vm| vm.vm.name().to_owned()).collect()
    }

    #[test]
    fn every_vm_stands_in_just_one_list() {
        for vm in fleet() {
            assert_eq!(Tab::ALL.into_iter().filter(|tab| tab.holds(&vm)).count(), 1);
        }
        assert_eq!(Tab::ALL.map(|tab| tab.count(&fleet())), [2, 1, 1]);
    }

    #[test]
    fn the_search_looks_at_name_group_and_subscription_without_case() {
        assert_eq!(names(Tab::Configured, ""), ["Web-01", "web-02"]);
        assert_eq!(names(Tab::Configured, "WEB-02"), ["web-02"]);
        assert_eq!(names(Tab::Configured, "contoso 01 prod-rg"), ["Web-01"]);
        assert!(names(Tab::Configured, "db-01").is_empty());
    }

    #[test]
    fn the_query_names_a_list_and_nonsense_names_the_first() {
        for tab in Tab::ALL {
            assert_eq!(Tab::from_query(Some(tab.as_str())), tab);
        }
        assert_eq!(Tab::from_query(Some("all")), Tab::Configured);
        assert_eq!(Tab::from_query(None), Tab::Configured);
    }

    #[test]
    fn enabling_protects_the_port_that_the_system_is_managed_by() {
        assert_eq!(Defaults::of(Some(Os::Windows)).unwrap().rule.port, Port::RDP);
        assert_eq!(Defaults::of(Some(Os::Linux)).unwrap().rule.port, Port::SSH);
        assert_eq!(Defaults::of(None).unwrap().rule.port, Port::SSH);
    }
}
