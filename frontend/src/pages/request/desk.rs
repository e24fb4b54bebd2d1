use shared::{
    api::{CreateGrant, VmDetail},
    grant::GrantId,
    policy::PortRule,
    port::Port,
    vm::VmId,
};

use super::Known;
use crate::{
    api::Client,
    browser, draft,
    language::language,
    model::{
        durations,
        failure::Failure,
        form::{Field, Objection, RequestForm},
        many::{Draft, LineDraft, merged, usual_port},
        prefill::Prefill,
        verdict::verdict,
    },
    prelude::*,
    route::Route,
    session::SignedIn,
    wire,
};

type Verdict = Result<CreateGrant, Vec<Objection>>;

/// One port of one VM.
#[derive(Clone, Copy)]
pub(super) struct Line {
    pub group: usize,
    pub port: Port,
    pub detail: StoredValue<VmDetail>,
    pub rule: StoredValue<PortRule>,
    pub on: RwSignal<bool>,
    /// Whether `form` counts instead of what is said for all.
    pub own: RwSignal<bool>,
    pub form: RwSignal<RequestForm>,
    pub verdict: Memo<Verdict>,
}

impl Line {
    pub(super) fn vm(self) -> VmId {
        self.detail.with_value(|detail| detail.summary.vm.clone())
    }
}

/// What the parts of the page share.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    /// What counts for every line without values of its own.
    pub common: RwSignal<RequestForm>,
    pub lines: StoredValue<Vec<Line>>,
    /// What is wrong with what is said for all.
    pub found: Memo<Vec<Objection>>,
    /// What to send; nothing while something speaks against a part of it.
    pub bodies: Memo<Vec<CreateGrant>>,
    /// How many of the chosen ports are not allowed as they stand.
    pub refused: Memo<usize>,
    pub asking: RwSignal<bool>,
    /// What was admitted.
    pub grants: RwSignal<Vec<GrantId>>,
    /// What was not, with the VMs that it is about.
    pub failures: RwSignal<Vec<(String, Failure)>>,
    /// Everything that was chosen is admitted: there is nothing to ask for any more.
    pub is_done: Memo<bool>,
    route: Route,
    /// What differs from it was typed and not sent.
    sent: StoredValue<Option<Draft>>,
    /// Requests whose effect is in doubt, by their names.
    doubtful: StoredValue<Vec<(CreateGrant, String)>>,
}

impl Desk {
    pub(super) fn new(known: &[Known], grants: Vec<GrantId>) -> Self {
        let session = SignedIn::of_page().session;
        let language = language();
        let prefill = prefill();
        let details: Vec<&VmDetail> =
            known.iter().filter_map(|one| one.answer.as_ref()?.as_ref().ok()).collect();
        let rules = rules(&details, prefill.port);
        let wanted = rules.iter().filter(|(.., chosen)| *chosen);
        let minutes = wanted.map(|(_, rule, _)| durations::default_minutes(rule.max_duration)).min();
        let first = rules.first().map_or(Port::SSH, |(_, rule, _)| rule.port);
        let source = session.get_untracked().source;
        let common = RwSignal::new(RequestForm::proposed(first, minutes.unwrap_or(60), &source, &prefill));
        let lines: Vec<Line> = (1..)
            .zip(rules)
            .map(|(group, (detail, rule, chosen))| line(group, detail, rule, chosen, common))
            .collect();
        let lines = StoredValue::new(lines);
        let found = Memo::new(move |_| {
            let parsed = session.with(|session| common.with(|form| form.parse(&session.source, language)));
            let mut found = parsed.err().unwrap_or_default();
            for reason in reasons(lines).into_iter().filter(|reason| reason.field == Some(Field::Why)) {
                if !found.contains(&reason) {
                    found.push(reason);
                }
            }
            found
        });
        let refused =
            Memo::new(move |_| chosen(lines).filter(|line| line.verdict.with(Result::is_err)).count());
        let bodies = Memo::new(move |_| {
            let all: Result<Vec<CreateGrant>, _> = chosen(lines).map(|line| line.verdict.get()).collect();
            merged(all.unwrap_or_default())
        });
        let (grants, failures) = (RwSignal::new(grants), RwSignal::new(Vec::new()));
        let is_done = Memo::new(move |_| {
            let failed = failures.with(|failures: &Vec<_>| !failures.is_empty());
            !failed && grants.with(|grants: &Vec<_>| !grants.is_empty()) && chosen(lines).next().is_none()
        });
        let (sent, doubtful) = (StoredValue::new(None), StoredValue::new(Vec::new()));
        let asking = RwSignal::new(false);
        let route = Route::here();
        let desk = Self {
            common,
            lines,
            found,
            bodies,
            refused,
            asking,
            grants,
            failures,
            is_done,
            route,
            sent,
            doubtful,
        };
        sent.set_value(Some(desk.draft()));
        desk
    }

    /// Tracked: the lines that are asked for.
    pub(super) fn chosen(self) -> impl Iterator<Item = Line> {
        chosen(self.lines)
    }

    /// Asks for everything that is chosen, one request for each subscription. What was admitted is no longer chosen; what
    /// was not stays, with its reasons.
    pub(super) async fn send(self, client: Client) {
        self.asking.set(true);
        self.failures.set(Vec::new());
        for body in self.bodies.get_untracked() {
            let key = self.name_of(&body);
            match client.create_grant(&body, &key).await {
                Ok(grant) => {
                    self.grants.update(|grants| grants.push(grant.id));
                    self.let_go(&body);
                }
                Err(failure) => {
                    if failure.is_doubtful() {
                        self.doubtful.update_value(|names| names.push((body.clone(), key)));
                    }
                    let mut vms: Vec<&str> = body.openings.iter().map(|opening| opening.vm.name()).collect();
                    vms.dedup();
                    self.failures.update(|failures| failures.push((vms.join(", "), failure)));
                }
            }
        }
        self.asking.set(false);
        if self.failures.with_untracked(Vec::is_empty) {
            self.sent.set_value(Some(self.draft()));
        }
        self.rename();
        browser::focus("open-now");
    }

    /// The same request asked again has the same name.
    fn name_of(self, body: &CreateGrant) -> String {
        let mut kept = None;
        self.doubtful.update_value(|names| {
            let at = names.iter().position(|(asked, _)| asked == body);
            kept = at.map(|at| names.swap_remove(at).1);
        });
        kept.unwrap_or_else(browser::random_name)
    }

    fn let_go(self, body: &CreateGrant) {
        for line in self.lines.get_value() {
            let vm = line.vm();
            if body.openings.iter().any(|opening| opening.vm == vm && opening.port == line.port) {
                line.on.set(false);
            }
        }
    }

    /// The address says what was admitted and what is left, so that a reload shows it too.
    fn rename(self) {
        let mut parts: Vec<String> =
            self.grants.get_untracked().iter().map(|grant| format!("grant={grant}")).collect();
        if parts.is_empty() {
            return;
        }
        let mut left: Vec<VmId> = untrack(|| self.chosen().map(Line::vm).collect());
        left.dedup();
        parts.extend(left.iter().map(|vm| format!("vm={}", browser::encoded(&vm.to_string()))));
        self.route.rename(&format!("/request?{}", parts.join("&")));
    }

    fn draft(self) -> Draft {
        let line = |line: Line| LineDraft {
            vm: line.vm(),
            port: line.port,
            on: line.on.get_untracked(),
            own: line.own.get_untracked().then(|| line.form.get_untracked()),
        };
        let lines = self.lines.get_value().into_iter().map(line).collect();
        Draft { common: self.common.get_untracked(), lines }
    }

    fn take_back(self, draft: Draft) {
        self.common.set(draft.common);
        for kept in draft.lines {
            let same = |line: &Line| line.port == kept.port && line.vm() == kept.vm;
            if let Some(line) = self.lines.get_value().into_iter().find(same) {
                line.on.set(kept.on);
                line.own.set(kept.own.is_some());
                if let Some(own) = kept.own {
                    line.form.set(own);
                }
            }
        }
    }

    /// Keeps what was typed and not sent when the page goes, as it does when the session ends or the language changes;
    /// takes back what was kept so.
    pub(super) fn keep_draft(self, key: String) {
        if let Some(kept) = draft::take(&key).and_then(|text| wire::from_text(&text)) {
            self.take_back(kept);
        }
        on_cleanup(move || {
            let draft = self.draft();
            if self.sent.get_value().is_some_and(|sent| sent != draft) {
                draft::keep(&key, &wire::to_text(&draft));
            }
        });
    }
}

fn prefill() -> Prefill {
    let route = Route::here();
    untrack(|| Prefill::from_query(route.query("port"), route.query("for"), route.query("source")))
}

/// Each protected port of the VMs, and whether it is chosen at first.
fn rules<'d>(details: &[&'d VmDetail], wanted: Option<Port>) -> Vec<(&'d VmDetail, &'d PortRule, bool)> {
    let mut rules = Vec::new();
    for detail in details {
        let Some(policy) = &detail.policy else { continue };
        let usual = wanted.or_else(|| usual_port(policy, detail.summary.os));
        rules.extend(policy.ports.iter().map(|rule| (*detail, rule, usual == Some(rule.port))));
    }
    rules
}

fn line(
    group: usize,
    detail: &VmDetail,
    rule: &PortRule,
    chosen: bool,
    common: RwSignal<RequestForm>,
) -> Line {
    let session = SignedIn::of_page().session;
    let language = language();
    let port = rule.port;
    let detail = StoredValue::new(detail.clone());
    let (on, own) = (RwSignal::new(chosen), RwSignal::new(false));
    let form = RwSignal::new(RequestForm { port, ..common.get_untracked() });
    let verdict = Memo::new(move |_| {
        let why = common.with(|common| common.why.clone());
        let form =
            if own.get() { RequestForm { why, ..form.get() } } else { RequestForm { port, ..common.get() } };
        session.with(|session| detail.with_value(|detail| verdict(&form, detail, session, language)))
    });
    Line { group, port, detail, rule: StoredValue::new(rule.clone()), on, own, form, verdict }
}

fn chosen(lines: StoredValue<Vec<Line>>) -> impl Iterator<Item = Line> {
    lines.get_value().into_iter().filter(|line| line.on.get())
}

fn reasons(lines: StoredValue<Vec<Line>>) -> Vec<Objection> {
    chosen(lines).filter_map(|line| line.verdict.get().err()).flatten().collect()
}
