use shared::{
    api::{PolicyPatch, Unsupported, VmSummary},
    policy::PortRules,
    source::Sources,
    vm::VmId,
};

use super::*;
use crate::model::{
    language::Language,
    samples::{a_policy, a_summary, web_01},
};

fn a_vm(name: &str, os: Os, rules: &[PortRule]) -> VmPolicy {
    let vm = VmId::new(web_01().subscription(), "prod-rg", name).unwrap();
    let policy = PortRules::try_from(rules.to_vec()).ok();
    let policy = policy.map(|ports| ProtectedVm { vm: vm.clone(), ports, ..a_policy() });
    let support = if policy.is_some() { Support::Configured } else { Support::NotConfigured };
    let mut summary = VmSummary { vm, os: Some(os), support, ..a_summary() };
    summary.rights.configure = true;
    VmPolicy { summary, policy, version: format!("v-{name}") }
}

fn ssh() -> PortRule {
    PortRule::with_defaults(Port::SSH)
}

fn limited(text: &str) -> AllowedSources {
    AllowedSources::Only(Sources::one(text.parse().unwrap()))
}

fn two() -> Vec<VmPolicy> {
    let long = PortRule { max_duration: "PT8H".parse().unwrap(), ..ssh() };
    vec![
        a_vm("web-01", Os::Linux, &[ssh(), PortRule::with_defaults(Port::RDP)]),
        a_vm("web-02", Os::Linux, &[PortRule { protocol: Protocol::Tcp, ..long }]),
    ]
}

fn changes(form: &PolicyForm, vms: &[VmPolicy]) -> Result<PolicyPatch, Vec<Objection>> {
    form.changes(&PolicyForm::of(vms), vms, Language::en)
}

fn row_of(form: &mut PolicyForm, port: Port) -> &mut PortRow {
    form.rows.iter_mut().find(|row| row.is_for(port)).unwrap()
}

fn fields(objections: &[Objection]) -> Vec<Field> {
    objections.iter().map(|objection| objection.field).collect()
}

#[test]
fn what_differs_is_mixed_and_what_is_common_is_shown() {
    let form = PolicyForm::of(&two());
    let [ssh, rdp] = form.rows.as_slice() else { panic!("{form:?}") };
    assert_eq!((ssh.number.as_str(), ssh.having, ssh.protocol), ("22", 2, None));
    assert_eq!((ssh.limited, ssh.hours.as_str(), ssh.minutes.as_str()), (Some(false), "", ""));
    assert_eq!((rdp.number.as_str(), rdp.having, rdp.protocol), ("3389", 1, Some(Protocol::Any)));
    assert_eq!((rdp.hours.as_str(), rdp.minutes.as_str()), ("3", "0"));
    assert_eq!(form.justification, Some(JustificationRule::Optional));
}

#[test]
fn a_form_that_nobody_touched_changes_nothing() {
    let vms = two();
    assert!(changes(&PolicyForm::of(&vms), &vms).unwrap().is_empty());
}

#[test]
fn only_the_changed_field_of_the_changed_port_is_sent() {
    let vms = two();
    let mut form = PolicyForm::of(&vms);
    row_of(&mut form, Port::SSH).minutes = "45".to_owned();
    let patch = changes(&form, &vms).unwrap();
    let [change] = patch.change_ports.as_slice() else { panic!("{patch:?}") };
    assert_eq!((change.port, change.protocol, change.allowed_sources.clone()), (Port::SSH, None, None));
    assert_eq!(change.max_duration.unwrap().seconds(), 2700);
    let change_ports = patch.change_ports.clone();
    assert_eq!(patch, PolicyPatch { change_ports, ..PolicyPatch::default() });
}

#[test]
fn a_setting_that_is_changed_back_is_not_sent() {
    let vms = two();
    let mut form = PolicyForm::of(&vms);
    form.justification = Some(JustificationRule::Required);
    let patch = changes(&form, &vms).unwrap();
    assert_eq!(patch.justification, Some(JustificationRule::Required));
    assert_eq!(patch.precedence, None);
    form.justification = Some(JustificationRule::Optional);
    assert!(changes(&form, &vms).unwrap().is_empty());
}

#[test]
fn a_row_that_is_gone_is_removed_and_comes_back_as_it_was() {
    let vms = two();
    let now = PolicyForm::of(&vms);
    let mut form = now.clone();
    let id = row_of(&mut form, Port::RDP).id;
    form.remove(id);
    assert_eq!(changes(&form, &vms).unwrap().remove_ports, [Port::RDP]);
    assert_eq!(form.add(Some(Port::RDP), &now), id);
    assert_eq!(form, now);
}

#[test]
fn a_new_port_is_a_whole_rule_for_those_that_do_not_have_it() {
    let vms = two();
    let now = PolicyForm::of(&vms);
    let mut form = now.clone();
    let id = form.add(None, &now);
    assert_eq!(fields(&changes(&form, &vms).unwrap_err()), [Field::Number]);
    let row = form.row_mut(id).unwrap();
    row.number = "8443".to_owned();
    row.protocol = Some(Protocol::Tcp);
    (row.limited, row.sources) = (Some(true), "203.0.113.0/24".to_owned());
    row.set_minutes(45);
    let patch = changes(&form, &vms).unwrap();
    let [added] = patch.add_ports.as_slice() else { panic!("{patch:?}") };
    assert_eq!((added.rule.port.number(), added.only_on), (8443, None));
    assert_eq!(added.rule.allowed_sources, limited("203.0.113.0/24"));
    assert_eq!(added.rule.max_duration.to_string(), "PT45M");
}

#[test]
fn a_port_goes_to_every_vm_only_once_nothing_of_it_is_mixed() {
    let vms = two();
    let mut form = PolicyForm::of(&vms);
    row_of(&mut form, Port::SSH).place = Place::Every;
    assert_eq!(fields(&changes(&form, &vms).unwrap_err()), [Field::Protocol, Field::Longest]);
    let mut form = PolicyForm::of(&vms);
    row_of(&mut form, Port::RDP).place = Place::Every;
    let patch = changes(&form, &vms).unwrap();
    assert_eq!((patch.change_ports.len(), patch.add_ports.len()), (0, 1));
}

#[test]
fn defaults_are_those_of_each_operating_system() {
    let vms = [a_vm("web-01", Os::Linux, &[]), a_vm("win-01", Os::Windows, &[])];
    let form = PolicyForm::starting(&vms);
    let patch = changes(&form, &vms).unwrap();
    let added: Vec<_> = patch.add_ports.iter().map(|one| (one.rule.port, one.only_on)).collect();
    assert_eq!(added, [(Port::SSH, Some(Os::Linux)), (Port::RDP, Some(Os::Windows))]);
    for vm in &vms {
        assert!(patch.applied_to(&vm.summary.vm, vm.summary.os, None).is_ok());
    }
    let one = [a_vm("win-01", Os::Windows, &[])];
    assert_eq!(PolicyForm::starting(&one).rows[0].number, "3389");
}

#[test]
fn defaults_take_the_place_of_what_is_there() {
    let vms = two();
    let form = PolicyForm::of(&vms).with_defaults(&vms);
    let patch = changes(&form, &vms).unwrap();
    assert_eq!(patch.remove_ports, [Port::RDP]);
    for vm in &vms {
        let after = patch.applied_to(&vm.summary.vm, vm.summary.os, vm.policy.as_ref()).unwrap();
        assert_eq!(after.ports.iter().collect::<Vec<_>>(), [&ssh()]);
    }
}

#[test]
fn a_vm_without_a_policy_among_others_needs_a_port_and_every_setting() {
    let mut vms = two();
    vms.push(a_vm("new-01", Os::Linux, &[]));
    let mut form = PolicyForm::starting(&vms);
    form.precedence = None;
    let objections = changes(&form, &vms).unwrap_err();
    assert_eq!(fields(&objections), [Field::Precedence]);
    form.precedence = Some(Precedence::CustomerFirst);
    let objections = changes(&form, &vms).unwrap_err();
    assert_eq!(fields(&objections), [Field::Ports]);
    assert!(objections[0].text.starts_with("new-01 would have no port"), "{objections:?}");
    row_of(&mut form, Port::RDP).place = Place::Every;
    assert!(changes(&form, &vms).is_ok());
}

#[test]
fn rejects_what_the_server_would_reject_each_at_its_field() {
    let vms = two();
    let now = PolicyForm::of(&vms);
    let mut form = now.clone();
    let id = form.add(None, &now);
    let row = form.row_mut(id).unwrap();
    (row.number, row.limited) = ("65536".to_owned(), Some(true));
    (row.hours, row.minutes) = ("24".to_owned(), "1".to_owned());
    let objections = changes(&form, &vms).unwrap_err();
    assert_eq!(fields(&objections), [Field::Number, Field::Sources, Field::Longest]);
    assert!(objections.iter().all(|objection| objection.row == Some(id)));
    form.row_mut(id).unwrap().number = "22".to_owned();
    assert_eq!(changes(&form, &vms).unwrap_err()[0].text, "This port is in the list already");
}

#[test]
fn a_time_that_was_common_cannot_be_left_open() {
    let vms = two();
    let mut form = PolicyForm::of(&vms);
    let row = row_of(&mut form, Port::RDP);
    (row.hours, row.minutes) = (String::new(), String::new());
    assert_eq!(fields(&changes(&form, &vms).unwrap_err()), [Field::Longest]);
}

#[test]
fn minutes_are_any_from_five_to_a_day() {
    let mut row = PortRow::with_defaults(0, Port::SSH);
    for (hours, minutes, expected) in
        [("", "5", Some(5)), ("24", "", Some(1440)), ("1", "30", Some(90)), ("x", "", None), ("", "", None)]
    {
        (row.hours, row.minutes) = (hours.to_owned(), minutes.to_owned());
        assert_eq!(row.typed_minutes(), expected, "{hours} {minutes}");
    }
}

#[test]
fn a_draft_is_the_form_again() {
    let vms = two();
    let mut form = PolicyForm::of(&vms);
    (form.precedence, form.live_sessions) = (None, Some(LiveSessions::AtEnd));
    let row = row_of(&mut form, Port::RDP);
    (row.limited, row.sources, row.place) =
        (Some(true), "203.0.113.0/24,\n10.0.0.".to_owned(), Place::Windows);
    let versions = ["v-1".to_owned(), "v-2".to_owned()];
    let text = form.to_draft(&versions);
    assert_eq!(PolicyForm::from_draft(&text), Some((versions.to_vec(), form)));
    for text in ["", "nonsense", "{}"] {
        assert_eq!(PolicyForm::from_draft(text), None);
    }
}

#[test]
fn who_may_not_configure_a_vm_and_what_is_unsupported_is_told() {
    let mut vm = a_vm("web-01", Os::Linux, &[ssh()]);
    assert_eq!(hindrance(&vm), None);
    vm.summary.rights.configure = false;
    assert_eq!(hindrance(&vm), Some(Hindrance::NotPermitted));
    vm.summary.support = Support::Unsupported { reasons: vec![Unsupported::NoNsg] };
    assert_eq!(hindrance(&vm), Some(Hindrance::Unsupported(Unsupported::NoNsg)));
}
