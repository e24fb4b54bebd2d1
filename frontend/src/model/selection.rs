//! The VMs that somebody has selected, to do the same with all of them.

use shared::{
    api::{VmIds, VmSummary},
    vm::VmId,
};

use super::vm_query::encoded;

/// Each VM once, in the order in which they were selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    vms: Vec<VmSummary>,
    /// The one that a range begins at.
    anchor: Option<VmId>,
}

impl Selection {
    /// How many are changed in one call.
    pub(crate) const MAX: usize = VmIds::MAX;

    pub(crate) fn vms(&self) -> &[VmSummary] {
        &self.vms
    }

    pub(crate) fn holds(&self, vm: &VmId) -> bool {
        self.vms.iter().any(|one| is_same(&one.vm, vm))
    }

    /// Selects a VM or lets go of it. With `rows`, so are all between it and the one before it.
    pub(crate) fn set(&mut self, vm: &VmSummary, on: bool, rows: Option<&[VmSummary]>) {
        let range = rows.and_then(|rows| self.range(rows, &vm.vm)).unwrap_or_default();
        for one in range.iter().chain([vm]) {
            self.set_one(one, on);
        }
        self.anchor = Some(vm.vm.clone());
    }

    /// Selects these and no others, as many as can be changed in one call.
    pub(crate) fn replace(&mut self, vms: Vec<VmSummary>) {
        self.vms = vms;
        self.vms.truncate(Self::MAX);
        self.anchor = None;
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn is_full(&self) -> bool {
        self.vms.len() >= Self::MAX
    }

    fn set_one(&mut self, vm: &VmSummary, on: bool) {
        match self.vms.iter().position(|one| is_same(&one.vm, &vm.vm)) {
            Some(at) if !on => drop(self.vms.remove(at)),
            None if on && !self.is_full() => self.vms.push(vm.clone()),
            Some(_) | None => {}
        }
    }

    fn range<'r>(&self, rows: &'r [VmSummary], to: &VmId) -> Option<&'r [VmSummary]> {
        let at = |vm: &VmId| rows.iter().position(|row| is_same(&row.vm, vm));
        let (one, other) = (at(self.anchor.as_ref()?)?, at(to)?);
        rows.get(one.min(other)..=one.max(other))
    }
}

/// The functions spell a VM's id in one way.
fn is_same(one: &VmId, other: &VmId) -> bool {
    one.name() == other.name()
        && one.resource_group() == other.resource_group()
        && one.subscription() == other.subscription()
}

/// The address of a page about some VMs.
pub(crate) fn page_about<'v>(page: &str, vms: impl Iterator<Item = &'v VmSummary>) -> String {
    let mut address = page.to_owned();
    for (number, vm) in vms.enumerate() {
        address.push(if number == 0 { '?' } else { '&' });
        address.push_str("vm=");
        address.push_str(&encoded(&vm.vm.to_string()));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::samples::{a_summary, web_01};

    fn a_vm(number: usize) -> VmSummary {
        let vm = VmId::new(web_01().subscription(), "prod-rg", &format!("web-{number:04}")).unwrap();
        VmSummary { vm, ..a_summary() }
    }

    fn rows(count: usize) -> Vec<VmSummary> {
        (0..count).map(a_vm).collect()
    }

    fn names(selection: &Selection) -> Vec<&str> {
        selection.vms().iter().map(|vm| vm.vm.name()).collect()
    }

    #[test]
    fn a_vm_is_selected_once_and_let_go_of() {
        let mut selection = Selection::default();
        selection.set(&a_vm(1), true, None);
        selection.set(&a_vm(1), true, None);
        assert!(selection.holds(&a_vm(1).vm) && !selection.holds(&a_vm(2).vm));
        assert_eq!(names(&selection), ["web-0001"]);
        selection.set(&a_vm(1), false, None);
        assert_eq!(names(&selection), [""; 0]);
    }

    #[test]
    fn a_range_reaches_from_the_last_one_in_both_directions() {
        let (rows, mut selection) = (rows(6), Selection::default());
        selection.set(&a_vm(3), true, Some(&rows));
        assert_eq!(names(&selection), ["web-0003"]);
        selection.set(&a_vm(1), true, Some(&rows));
        assert_eq!(names(&selection), ["web-0003", "web-0001", "web-0002"]);
        selection.set(&a_vm(2), false, Some(&rows));
        assert_eq!(names(&selection), ["web-0003"]);
    }

    #[test]
    fn no_more_are_selected_than_one_call_changes() {
        let mut selection = Selection::default();
        selection.replace(rows(Selection::MAX + 3));
        assert!(selection.is_full() && selection.vms().len() == Selection::MAX);
        selection.set(&a_vm(Selection::MAX + 1), true, None);
        assert_eq!(selection.vms().len(), Selection::MAX);
        selection.clear();
        assert_eq!(selection, Selection::default());
    }

    #[test]
    fn a_page_is_told_of_each_vm() {
        let address = page_about("/policy", rows(2).iter());
        let vm = |number| encoded(&a_vm(number).vm.to_string());
        assert_eq!(address, format!("/policy?vm={}&vm={}", vm(0), vm(1)));
        assert!(!address.contains("/subscriptions"));
    }
}
