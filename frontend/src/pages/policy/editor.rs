use shared::api::{PolicyPatch, PutPolicies, VmIds, VmPolicy};

use crate::{
    api::Client,
    draft,
    language::{Language, say},
    model::{
        failure::Failure,
        policy_form::{Field, Objection, PolicyForm},
        saved::Saved,
    },
    prelude::*,
    session::SignedIn,
    task::Tasks,
};

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub(super) struct Editor {
    pub vms: StoredValue<Vec<VmPolicy>>,
    /// What the VMs have.
    pub now: StoredValue<PolicyForm>,
    /// What the form started with.
    pub start: StoredValue<PolicyForm>,
    pub form: RwSignal<PolicyForm>,
    pub verdict: Memo<Result<PolicyPatch, Vec<Objection>>>,
    /// Whether somebody typed something that is not saved.
    pub is_unsaved: Memo<bool>,
    pub is_restored: RwSignal<bool>,
    pub busy: RwSignal<bool>,
    pub failure: RwSignal<Option<Failure>>,
    pub saved: RwSignal<Option<Saved>>,
    client: Client,
    versions: StoredValue<Vec<String>>,
    draft: StoredValue<String>,
}

impl Editor {
    /// Starts where a draft of the same person for the same VMs left off.
    pub(super) fn new(vms: Vec<VmPolicy>, language: Language) -> Self {
        let key = draft_of(&vms);
        let (now, start) = (PolicyForm::of(&vms), PolicyForm::starting(&vms));
        let read: Vec<String> = vms.iter().map(|vm| vm.version.clone()).collect();
        let kept = draft::take(&key).and_then(|text| PolicyForm::from_draft(&text));
        let kept = kept.filter(|(versions, form)| versions.len() == read.len() && *form != start);
        let is_restored = RwSignal::new(kept.is_some());
        // With the old versions, a policy that was changed meanwhile is noticed when it is saved.
        let (versions, form) = kept.unwrap_or_else(|| (read, start.clone()));
        let (vms, now, start) = (StoredValue::new(vms), StoredValue::new(now), StoredValue::new(start));
        let form = RwSignal::new(form);
        let verdict = Memo::new(move |_| {
            form.with(|form| vms.with_value(|vms| now.with_value(|now| form.changes(now, vms, language))))
        });
        let saved: RwSignal<Option<Saved>> = RwSignal::new(None);
        let is_unsaved = Memo::new(move |_| {
            saved.with(Option::is_none) && form.with(|form| start.with_value(|start| form != start))
        });
        let (versions, draft) = (StoredValue::new(versions), StoredValue::new(key));
        let (busy, failure) = (RwSignal::new(false), RwSignal::new(None));
        let editor = Self {
            vms,
            now,
            start,
            form,
            verdict,
            is_unsaved,
            is_restored,
            busy,
            failure,
            saved,
            client: SignedIn::of_page().client,
            versions,
            draft,
        };
        editor.keep_draft();
        editor
    }

    fn keep_draft(self) {
        Effect::new(move |_| {
            let unsaved = self.is_unsaved.get();
            let text = self.form.with(|form| self.versions.with_value(|versions| form.to_draft(versions)));
            if unsaved {
                self.draft.with_value(|key| draft::keep(key, &text));
            } else {
                self.forget_draft();
            }
        });
    }

    pub(super) fn forget_draft(self) {
        self.draft.with_value(|key| drop(draft::take(key)));
    }

    /// As it was before anything was typed.
    pub(super) fn start_over(self) {
        self.is_restored.set(false);
        self.failure.set(None);
        self.versions.set_value(self.vms.with_value(|vms| vms.iter().map(|vm| vm.version.clone()).collect()));
        self.form.set(self.start.get_value());
    }

    pub(super) fn count(self) -> usize {
        self.vms.with_value(Vec::len)
    }

    /// *web-01*, or *5 VMs*.
    pub(super) fn named(self, language: Language) -> String {
        self.vms.with_value(|vms| match vms.as_slice() {
            [one] => one.summary.vm.name().to_owned(),
            several => say!(language, protect.count, count = several.len()),
        })
    }

    /// Whether none of the VMs has a policy.
    pub(super) fn enables(self) -> bool {
        self.vms.with_value(|vms| vms.iter().all(|vm| vm.policy.is_none()))
    }

    /// Tracked: what is wrong with a field.
    pub(super) fn wrong(self, row: Option<u32>, field: Field) -> Vec<String> {
        self.verdict.with(|verdict| match verdict {
            Ok(_) => Vec::new(),
            Err(all) => {
                let here = all.iter().filter(|one| one.row == row && one.field == field);
                here.map(|one| one.text.clone()).collect()
            }
        })
    }

    /// Tracked: what would be sent; nothing while it is not well-formed or changes nothing.
    pub(super) fn body(self) -> Option<PutPolicies> {
        let policy = self.verdict.with(|verdict| verdict.clone().ok())?;
        if policy.is_empty() {
            return None;
        }
        let vms = self.vms.with_value(|vms| vms.iter().map(|vm| vm.summary.vm.clone()).collect::<Vec<_>>());
        let versions = Some(self.versions.get_value());
        Some(PutPolicies { vms: VmIds::try_from(vms).ok()?, policy, versions })
    }

    pub(super) fn save(self, tasks: &Tasks) {
        let Some(body) = untrack(move || self.body()).filter(|_| !self.busy.get_untracked()) else { return };
        self.busy.set(true);
        self.failure.set(None);
        tasks.run(async move {
            let answer = self.client.put_policies(&body).await;
            self.busy.set(false);
            match answer {
                Ok(saved) => self.saved.set(Some(saved)),
                Err(reason) => self.failure.set(Some(reason)),
            }
        });
    }
}

/// Whose draft it is, and of which VMs.
fn draft_of(vms: &[VmPolicy]) -> String {
    let person = SignedIn::of_page().session.with_untracked(|session| session.requester.id.clone());
    let keys: Vec<String> = vms.iter().map(|vm| vm.summary.vm.key()).collect();
    format!("policy {person} {}", keys.join(" "))
}
