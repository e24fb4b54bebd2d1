//! From the form to what is sent: only what is not as the VMs have it now.

use shared::{
    api::{AddedPort, InvalidPatch, PolicyPatch, PortPatch, VmPolicy},
    policy::{InvalidPortRules, PortRule, PortRules},
    port::{Port, Protocol},
    source::AllowedSources,
    vm::Os,
    window::MaxDuration,
};

use super::{Field, Objection, Place, PolicyForm, PortRow};
use crate::model::{
    form::parse_sources,
    language::{Language, say},
};

/// A row's parts once each is well-formed; `None`: mixed.
struct Parsed {
    port: Port,
    protocol: Option<Protocol>,
    allowed_sources: Option<AllowedSources>,
    max_duration: Option<MaxDuration>,
}

impl PolicyForm {
    /// What to change of what the `vms` have `now`, which is empty if nothing is changed; or everything that is wrong.
    pub(crate) fn changes(
        &self,
        now: &Self,
        vms: &[VmPolicy],
        language: Language,
    ) -> Result<PolicyPatch, Vec<Objection>> {
        let mut wrong = Vec::new();
        let mut patch = PolicyPatch::default();
        for gone in now.rows.iter().filter(|row| self.row(row.id).is_none()) {
            patch.remove_ports.extend(gone.number.parse::<Port>());
        }
        for row in &self.rows {
            let twice =
                self.rows.iter().any(|other| other.id < row.id && other.number.trim() == row.number.trim());
            match row.parse(twice, language) {
                Ok(parsed) => put(&mut patch, &mut wrong, (row, parsed), now.row(row.id), language),
                Err(objections) => wrong.extend(objections),
            }
        }
        self.put_settings(&mut patch, &mut wrong, now, vms, language);
        if wrong.is_empty() && !patch.is_empty() {
            wrong.extend(impossible(&patch, vms, language));
        }
        if wrong.is_empty() { Ok(patch) } else { Err(wrong) }
    }

    fn put_settings(
        &self,
        patch: &mut PolicyPatch,
        wrong: &mut Vec<Objection>,
        now: &Self,
        vms: &[VmPolicy],
        language: Language,
    ) {
        // Who has no policy yet needs every field, whatever the others have.
        let some_new = vms.iter().any(|vm| vm.policy.is_none());
        patch.justification = self.justification.filter(|it| some_new || now.justification != Some(*it));
        patch.precedence = self.precedence.filter(|it| some_new || now.precedence != Some(*it));
        patch.live_sessions = self.live_sessions.filter(|it| some_new || now.live_sessions != Some(*it));
        let open = [
            (Field::Justification, self.justification.is_none()),
            (Field::Precedence, self.precedence.is_none()),
            (Field::Sessions, self.live_sessions.is_none()),
        ];
        for (field, _) in open.into_iter().filter(|(_, is_open)| some_new && *is_open) {
            wrong.push(Objection::new(None, field, say!(language, protect.choose_for_new)));
        }
    }
}

impl PortRow {
    fn parse(&self, twice: bool, language: Language) -> Result<Parsed, Vec<Objection>> {
        let about = |field, text: &str| Objection::new(Some(self.id), field, text);
        let mut wrong = Vec::new();
        let port = self.number.trim().parse::<Port>();
        match &port {
            Err(_) if self.number.trim().is_empty() => {
                wrong.push(about(Field::Number, say!(language, protect.number_missing)));
            }
            Err(_) => wrong.push(about(Field::Number, say!(language, protect.number_expected))),
            Ok(_) if twice => wrong.push(about(Field::Number, say!(language, protect.number_twice))),
            Ok(_) => {}
        }
        let allowed_sources = match self.limited {
            None => None,
            Some(false) => Some(AllowedSources::Any),
            Some(true) => match parse_sources(&self.sources, language) {
                Ok(sources) => Some(AllowedSources::Only(sources)),
                Err(text) => {
                    wrong.push(about(Field::Sources, &text));
                    None
                }
            },
        };
        let untouched = self.hours.trim().is_empty() && self.minutes.trim().is_empty();
        let max_duration = self.typed_minutes().and_then(|it| MaxDuration::from_minutes(it).ok());
        if max_duration.is_none() && !untouched {
            wrong.push(about(Field::Longest, say!(language, protect.longest_expected)));
        }
        match port {
            Ok(port) if wrong.is_empty() => {
                Ok(Parsed { port, protocol: self.protocol, allowed_sources, max_duration })
            }
            _ => Err(wrong),
        }
    }
}

/// Takes a row into the patch: as a change where the VMs have the port, as a whole rule where they do not.
fn put(
    patch: &mut PolicyPatch,
    wrong: &mut Vec<Objection>,
    (row, parsed): (&PortRow, Parsed),
    now: Option<&PortRow>,
    language: Language,
) {
    let Parsed { port, protocol, allowed_sources, max_duration } = parsed;
    let missing = |field, text: &'static str| Objection::new(Some(row.id), field, text);
    let before = now.and_then(|now| now.parse(false, language).ok());
    if let Some(before) = &before {
        if max_duration.is_none() && before.max_duration.is_some() {
            wrong.push(missing(Field::Longest, say!(language, protect.longest_expected)));
        }
        let change = PortPatch {
            port,
            protocol: protocol.filter(|it| before.protocol != Some(*it)),
            allowed_sources: allowed_sources.clone().filter(|it| before.allowed_sources.as_ref() != Some(it)),
            max_duration: max_duration.filter(|it| before.max_duration != Some(*it)),
        };
        if change.protocol.is_some() || change.allowed_sources.is_some() || change.max_duration.is_some() {
            patch.change_ports.push(change);
        }
    }
    let only_on = match row.place {
        Place::Having if before.is_some() => return,
        Place::Having | Place::Every => None,
        Place::Linux => Some(Os::Linux),
        Place::Windows => Some(Os::Windows),
    };
    match (protocol, allowed_sources, max_duration) {
        (Some(protocol), Some(allowed_sources), Some(max_duration)) => {
            let rule = PortRule { port, protocol, allowed_sources, max_duration };
            patch.add_ports.push(AddedPort { rule, only_on });
        }
        (protocol, sources, longest) => {
            let text = say!(language, protect.needed_where_new);
            let open = [
                (Field::Protocol, protocol.is_none()),
                (Field::Sources, sources.is_none()),
                (Field::Longest, longest.is_none()),
            ];
            let open = open.into_iter().filter(|(_, is_open)| *is_open);
            wrong.extend(open.map(|(field, _)| missing(field, text)));
        }
    }
}

/// What the patch cannot do to the VMs, worked out as the server does.
fn impossible(patch: &PolicyPatch, vms: &[VmPolicy], language: Language) -> Option<Objection> {
    let of = |vm: &VmPolicy| patch.applied_to(&vm.summary.vm, vm.summary.os, vm.policy.as_ref()).err();
    let (vm, reason) = vms.iter().find_map(|vm| Some((vm, of(vm)?)))?;
    let name = vm.summary.vm.name();
    let text = match reason {
        InvalidPatch::Ports(InvalidPortRules::TooMany) => {
            say!(language, protect.too_many_ports, vm = name, count = PortRules::MAX)
        }
        InvalidPatch::Ports(_) | InvalidPatch::Missing(_) => say!(language, protect.no_port_left, vm = name),
    };
    Some(Objection::new(None, Field::Ports, text))
}
