//! The policies of one VM or many as they stand in a form: text until it is parsed, and only what the VMs have in
//! common. What differs between them is *mixed*, and stays as each has it until it is changed.

use shared::{
    api::{Support, VmPolicy},
    policy::{JustificationRule, LiveSessions, PortRule, Precedence, ProtectedVm},
    port::{Port, Protocol},
    source::AllowedSources,
    vm::Os,
    window::MaxDuration,
};

use super::vm_list::Defaults;

mod draft;
mod objection;
mod patch;
#[cfg(test)]
mod tests;

pub(crate) use self::objection::{Field, Objection};

pub(crate) const JUSTIFICATIONS: [JustificationRule; 3] =
    [JustificationRule::Off, JustificationRule::Optional, JustificationRule::Required];
pub(crate) const PRECEDENCES: [Precedence; 2] = [Precedence::CustomerFirst, Precedence::GuardFirst];
pub(crate) const SESSIONS: [LiveSessions; 3] =
    [LiveSessions::Never, LiveSessions::OnRevoke, LiveSessions::AtEnd];

/// Which of the VMs a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Those that have the port now.
    Having,
    Every,
    Linux,
    Windows,
}

/// One port in the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortRow {
    /// Tells rows apart; no other has it in this form.
    pub id: u32,
    /// How many of the VMs have the port now; 0: the row is new.
    pub having: usize,
    pub place: Place,
    pub number: String,
    /// `None`: mixed.
    pub protocol: Option<Protocol>,
    /// Whether only `sources` may ask; `None`: mixed.
    pub limited: Option<bool>,
    pub sources: String,
    /// Both empty where it is mixed.
    pub hours: String,
    pub minutes: String,
}

/// What can be said of all the VMs together. `None`: mixed, or no VM has a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PolicyForm {
    pub rows: Vec<PortRow>,
    pub justification: Option<JustificationRule>,
    pub precedence: Option<Precedence>,
    pub live_sessions: Option<LiveSessions>,
}

impl PolicyForm {
    /// What the VMs have now.
    pub(crate) fn of(vms: &[VmPolicy]) -> Self {
        let policies: Vec<&ProtectedVm> = vms.iter().filter_map(|vm| vm.policy.as_ref()).collect();
        let mut ports: Vec<Port> =
            policies.iter().flat_map(|policy| policy.ports.iter()).map(|rule| rule.port).collect();
        ports.sort_unstable();
        ports.dedup();
        let rows = (0..).zip(ports).map(|(id, port)| {
            let rules: Vec<&PortRule> =
                policies.iter().filter_map(|policy| policy.ports.for_port(port)).collect();
            PortRow::of(id, port, &rules)
        });
        Self {
            rows: rows.collect(),
            justification: common(policies.iter().map(|policy| policy.justification)),
            precedence: common(policies.iter().map(|policy| policy.precedence)),
            live_sessions: common(policies.iter().map(|policy| policy.live_sessions)),
        }
    }

    /// What the form starts with: what they have, or the defaults where none has a policy.
    pub(crate) fn starting(vms: &[VmPolicy]) -> Self {
        let now = Self::of(vms);
        if vms.iter().any(|vm| vm.policy.is_some()) { now } else { now.with_defaults(vms) }
    }

    /// Azure's defaults for the operating system of each VM, in the place of what is there.
    pub(crate) fn with_defaults(&self, vms: &[VmPolicy]) -> Self {
        let is_windows = |vm: &VmPolicy| vm.summary.os == Some(Os::Windows);
        let windows = vms.iter().filter(|vm| is_windows(vm)).count();
        let places = match (vms.len() - windows, windows) {
            (_, 0) => vec![(Os::Linux, Place::Every)],
            (0, _) => vec![(Os::Windows, Place::Every)],
            _ => vec![(Os::Linux, Place::Linux), (Os::Windows, Place::Windows)],
        };
        let mut form = Self {
            rows: Vec::new(),
            justification: Some(Defaults::SETTINGS.justification),
            precedence: Some(Defaults::SETTINGS.precedence),
            live_sessions: Some(Defaults::SETTINGS.live_sessions),
        };
        for (os, place) in places {
            let PortRule { port, .. } = PortRule::default_for(os);
            let known = self.rows.iter().find(|row| row.having > 0 && row.is_for(port));
            let having = known.map_or(0, |row| row.having);
            let id = known.map_or_else(|| self.free_id().max(form.free_id()), |row| row.id);
            form.rows.push(PortRow { having, place, ..PortRow::with_defaults(id, port) });
        }
        form
    }

    /// A number that no row has. Rows that went keep theirs, so that they can come back.
    fn free_id(&self) -> u32 {
        self.rows.iter().map(|row| row.id + 1).max().unwrap_or(0)
    }

    pub(crate) fn row(&self, id: u32) -> Option<&PortRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    pub(crate) fn row_mut(&mut self, id: u32) -> Option<&mut PortRow> {
        self.rows.iter_mut().find(|row| row.id == id)
    }

    pub(crate) fn has(&self, port: Port) -> bool {
        self.rows.iter().any(|row| row.is_for(port))
    }

    /// Adds a row, and gives its id: for `port` with the defaults, or as it is in `now`; or for no port yet.
    pub(crate) fn add(&mut self, port: Option<Port>, now: &Self) -> u32 {
        let gone = port.and_then(|port| now.rows.iter().find(|row| row.is_for(port)));
        let row = match (gone, port) {
            (Some(row), _) => row.clone(),
            (None, port) => {
                let id = self.free_id().max(now.free_id());
                let row = PortRow::with_defaults(id, port.unwrap_or(Port::SSH));
                if port.is_some() { row } else { PortRow { number: String::new(), ..row } }
            }
        };
        let id = row.id;
        self.rows.push(row);
        id
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.rows.retain(|row| row.id != id);
    }
}

impl PortRow {
    fn with_defaults(id: u32, port: Port) -> Self {
        let rule = PortRule::with_defaults(port);
        Self { having: 0, place: Place::Every, ..Self::of(id, port, &[&rule]) }
    }

    fn of(id: u32, port: Port, rules: &[&PortRule]) -> Self {
        let longest = common(rules.iter().map(|rule| rule.max_duration));
        let sources = common(rules.iter().map(|rule| &rule.allowed_sources));
        let (hours, minutes) = longest.map(in_fields).unwrap_or_default();
        let (limited, sources) = match sources {
            None => (None, String::new()),
            Some(AllowedSources::Any) => (Some(false), String::new()),
            Some(AllowedSources::Only(sources)) => (Some(true), sources.to_string()),
        };
        let protocol = common(rules.iter().map(|rule| rule.protocol));
        let (having, place, number) = (rules.len(), Place::Having, port.to_string());
        Self { id, having, place, number, protocol, limited, sources, hours, minutes }
    }

    pub(crate) fn is_for(&self, port: Port) -> bool {
        self.number.trim().parse() == Ok(port)
    }

    pub(crate) fn set_minutes(&mut self, minutes: i64) {
        if let Ok(longest) = MaxDuration::from_minutes(minutes) {
            (self.hours, self.minutes) = in_fields(longest);
        }
    }

    /// Whole minutes as they stand in the two fields; an empty field counts as none.
    pub(crate) fn typed_minutes(&self) -> Option<i64> {
        let (hours, minutes) = (self.hours.trim(), self.minutes.trim());
        if hours.is_empty() && minutes.is_empty() {
            return None;
        }
        let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u16>().ok() };
        Some(i64::from(number(hours)?) * 60 + i64::from(number(minutes)?))
    }
}

/// Hours and minutes, as they are typed.
fn in_fields(longest: MaxDuration) -> (String, String) {
    let minutes = longest.seconds() / 60;
    ((minutes / 60).to_string(), (minutes % 60).to_string())
}

/// The one value that all have.
fn common<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|one| one == first).then_some(first)
}

/// Why a VM cannot be in the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hindrance {
    /// The caller may not configure it.
    NotPermitted,
    Unsupported(shared::api::Unsupported),
}

pub(crate) fn hindrance(vm: &VmPolicy) -> Option<Hindrance> {
    match &vm.summary.support {
        Support::Unsupported { reasons } => {
            Some(reasons.first().map_or(Hindrance::NotPermitted, |reason| Hindrance::Unsupported(*reason)))
        }
        _ if !vm.summary.rights.configure => Some(Hindrance::NotPermitted),
        _ => None,
    }
}
