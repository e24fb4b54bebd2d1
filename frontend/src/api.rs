//! Postern's API as the portal calls it.

use std::{future::Future, pin::Pin};

use leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use shared::{
    api::{
        ActivityQuery, CreateGrant, GrantList, GrantView, HealthReport, IDEMPOTENCY_HEADER, MoveGrant,
        PORTAL_HEADER, Places, PolicyList, PutPolicies, ReadPolicies, RemovePolicies, Session, VmDetail,
        VmIds, VmPage, grant_path, move_path, revoke_path, route, vm_path,
    },
    grant::GrantId,
    vm::VmId,
};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, RequestInit, Response};

use crate::{
    browser,
    clock::Clock,
    model::{
        failure::Failure, policy_preview::PolicyPreview, preview::Preview, saved::Saved, step::Page, times,
    },
    prelude::*,
    reach::{self, Reach},
    tabs,
    wire::{self, Read, Value, Write, fields},
};

/// How long an answer may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);

/// What is asked and not yet answered.
pub(crate) type Asked<T> = Pin<Box<dyn Future<Output = Result<T, Failure>>>>;

/// The status and the value of an answer.
pub(crate) type Exchanged = (u16, Value);

/// A call without a body.
const NOTHING: Option<&dyn Write> = None;

#[derive(Clone, Copy)]
pub(crate) struct Client {
    clock: Clock,
    signed_out: RwSignal<bool>,
    reach: Reach,
}

/// What the session is answered with while nobody is signed in.
const NOBODY: u16 = 204;

/// The answer to signing out: where to go next.
struct SignedOutTo {
    location: String,
}

/// How many VMs are offered to choose from.
const FOUND: u16 = 20;

pub(crate) struct Found {
    pub vms: Vec<FoundVm>,
}

/// As much of a VM as tells it from others.
#[derive(Clone, Debug)]
pub(crate) struct FoundVm {
    pub vm: VmId,
    pub subscription_name: String,
}

fields! {
    SignedOutTo { location }
    Found { vms }
    FoundVm { vm, subscription_name }
}

impl Client {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, signed_out: RwSignal::new(false), reach: Reach::new() }
    }

    /// Tracked: whether an answer said that nobody is signed in.
    pub(crate) fn is_signed_out(self) -> bool {
        self.signed_out.get()
    }

    /// Whether Postern answers.
    pub(crate) const fn reach(self) -> Reach {
        self.reach
    }

    pub(crate) async fn read_session(self) -> Result<Session, Failure> {
        let session = self.get(route::SESSION).await?;
        self.signed_out.maybe_update(std::mem::take);
        Ok(session)
    }

    /// Some rows of a list; `query` says of which.
    pub(crate) fn page_vms(self, query: &str) -> Asked<VmPage> {
        self.get(&format!("{}?{query}", route::VMS))
    }

    pub(crate) fn list_places(self) -> Asked<Places> {
        self.get(route::PLACES)
    }

    pub(crate) fn read_vm(self, vm: &VmId) -> Asked<VmDetail> {
        self.get(&vm_path(vm))
    }

    pub(crate) fn remove_policies(self, policies: &RemovePolicies) -> Asked<Exchanged> {
        self.exchange(Call::new("DELETE", route::POLICIES), Some(policies))
    }

    /// The policies of several VMs, to be changed together.
    pub(crate) fn read_policies(self, vms: &VmIds) -> Asked<PolicyList> {
        let body = ReadPolicies { vms: vms.clone() };
        self.send(Call::new("POST", route::POLICIES_READ), Some(&body))
    }

    pub(crate) fn put_policies(self, body: &PutPolicies) -> Asked<Saved> {
        self.send(Call::new("PUT", route::POLICIES), Some(body))
    }

    /// What that would come to now; nothing is written.
    pub(crate) fn preview_policies(self, body: &PutPolicies) -> Asked<PolicyPreview> {
        self.send(Call::new("POST", route::POLICIES_PREVIEW), Some(body))
    }

    /// Asks for an opening and does not wait for it. The same `key` asks the same question again.
    pub(crate) fn create_grant(self, body: &CreateGrant, key: &str) -> Asked<GrantView> {
        self.send(Call::changing(route::GRANTS).header(IDEMPOTENCY_HEADER, key), Some(body))
    }

    /// Takes a grant's living openings along to the address that this is called from. The same `key` moves it once.
    pub(crate) fn move_grant(self, grant: GrantId, key: &str) -> Asked<GrantView> {
        let call = Call::changing(&move_path(grant)).header(IDEMPOTENCY_HEADER, key);
        self.send(call, Some(&MoveGrant { sources: None }))
    }

    /// What a request would come to now; nothing is written.
    pub(crate) fn preview_grant(self, body: &CreateGrant) -> Asked<Preview> {
        self.send(Call::new("POST", route::GRANT_PREVIEW), Some(body))
    }

    pub(crate) fn read_grant(self, grant: GrantId) -> Asked<GrantView> {
        self.get(&grant_path(grant))
    }

    pub(crate) fn revoke_grant(self, grant: GrantId) -> Asked<GrantView> {
        self.send(Call::changing(&revoke_path(grant)), NOTHING)
    }

    pub(crate) fn list_grants(self) -> Asked<GrantList> {
        self.get(route::GRANTS)
    }

    pub(crate) fn list_activity(self, query: &ActivityQuery) -> Asked<Page> {
        self.get(&with_query(route::ACTIVITY, query))
    }

    /// The first VMs whose name, resource group or subscription has `text` in it.
    pub(crate) fn find_vms(self, text: &str) -> Asked<Found> {
        self.get(&format!("{}?limit={FOUND}&search={}", route::VMS, browser::encoded(text)))
    }

    pub(crate) fn read_health(self) -> Asked<HealthReport> {
        self.get(route::HEALTH)
    }

    /// Ends the session, in other tabs too; the answer is where to go.
    pub(crate) async fn sign_out(self) -> Result<String, Failure> {
        let to: SignedOutTo = self.send(Call::new("POST", route::SIGN_OUT), NOTHING).await?;
        reach::tell_signed_out();
        Ok(to.location)
    }

    fn get<T: Read + 'static>(self, path: &str) -> Asked<T> {
        self.send(Call::new("GET", path), NOTHING)
    }

    fn send<T: Read + 'static>(self, call: Call, body: Option<&dyn Write>) -> Asked<T> {
        let answer = self.exchange(call, body);
        Box::pin(async move {
            let (status, answer) = answer.await?;
            wire::read(&answer).ok_or(Failure::Garbled { status })
        })
    }

    fn exchange(self, call: Call, body: Option<&dyn Write>) -> Asked<Exchanged> {
        Box::pin(self.exchanged(call, body.map(wire::to_text)))
    }

    async fn exchanged(self, call: Call, body: Option<String>) -> Result<Exchanged, Failure> {
        let changes = call.changes;
        let Some((status, text)) = call.send(body).await else {
            self.reach.lose();
            return Err(Failure::Unreachable);
        };
        if status == NOBODY {
            self.reach.hear(self.clock.exact_now());
            self.signed_out.set(true);
            return Err(Failure::SignedOut);
        }
        if (200..300).contains(&status) {
            self.reach.hear(self.clock.exact_now());
            let answer = wire::parsed(&text).ok_or(Failure::Garbled { status })?;
            if let Some(now) = answer.get("server_time").and_then(Value::as_str).and_then(times::read) {
                self.clock.heard(now);
            }
            if changes {
                tabs::tell();
            }
            return Ok((status, answer));
        }
        let failure = Failure::of_answer(status, &text);
        if matches!(failure, Failure::Garbled { status: 500.. }) {
            // Something that stands before Postern says that it does not answer.
            self.reach.lose();
            return Err(failure);
        }
        self.reach.hear(self.clock.exact_now());
        if failure == Failure::SignedOut {
            self.signed_out.set(true);
        }
        Err(failure)
    }
}

/// One request. Dropping it, as the end of the page that made it does, aborts it.
struct Call {
    path: String,
    request: RequestInit,
    headers: Option<Headers>,
    /// Whether other tabs want to look again after it.
    changes: bool,
    _abort: Option<AbortOnDrop>,
}

impl Call {
    fn new(method: &str, path: &str) -> Self {
        let abort = AbortOnDrop::armed();
        let request = RequestInit::new();
        request.set_method(method);
        request.set_signal(abort.as_ref().map(|abort| abort.controller.signal()).as_ref());
        let (path, headers) = (path.to_owned(), Headers::new().ok());
        let call = Self { path, request, headers, changes: false, _abort: abort };
        let call = call.header("accept", "application/json");
        if method == "GET" { call } else { call.header(PORTAL_HEADER, "1") }
    }

    /// A call that opens or closes something, and is answered before that is done.
    fn changing(path: &str) -> Self {
        Self { changes: true, ..Self::new("POST", path) }.header("prefer", "respond-async")
    }

    fn header(self, name: &str, value: &str) -> Self {
        if let Some(headers) = &self.headers {
            let _ = headers.set(name, value);
        }
        self
    }

    /// Status and body; nothing if none came.
    async fn send(mut self, body: Option<String>) -> Option<(u16, String)> {
        if let Some(body) = body {
            self = self.header("content-type", "application/json");
            self.request.set_body(&body.into());
        }
        self.request.set_headers(self.headers.as_ref()?);
        let answer = window().fetch_with_str_and_init(&self.path, &self.request);
        let response: Response = JsFuture::from(answer).await.ok()?.dyn_into().ok()?;
        let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
        Some((response.status(), text))
    }
}

struct AbortOnDrop {
    controller: AbortController,
    timer: Option<TimeoutHandle>,
}

impl AbortOnDrop {
    fn armed() -> Option<Self> {
        let controller = AbortController::new().ok()?;
        let late = controller.clone();
        let timer = set_timeout_with_handle(move || late.abort(), PATIENCE).ok();
        Some(Self { controller, timer })
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(timer) = &self.timer {
            timer.clear();
        }
        self.controller.abort();
    }
}

/// The path of the activity as CSV, under the same filter as the page.
pub(crate) fn activity_csv(query: &ActivityQuery) -> String {
    with_query(route::ACTIVITY_CSV, query)
}

fn with_query(path: &str, query: &ActivityQuery) -> String {
    let ActivityQuery { vm, subscription, person, kind, since, until, before, limit } = query;
    let pairs = [
        ("vm", vm.as_ref().map(ToString::to_string)),
        ("subscription", subscription.map(|id| id.to_string())),
        ("person", person.clone()),
        ("kind", kind.as_ref().map(ToString::to_string)),
        ("since", since.map(times::written)),
        ("until", until.map(times::written)),
        ("before", before.clone()),
        ("limit", limit.map(|limit| limit.to_string())),
    ];
    let given = pairs.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let parts: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", browser::encoded(&value))).collect();
    if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
}
