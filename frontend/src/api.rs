//! Postern's API as the portal calls it.

use leptos::leptos_dom::helpers::TimeoutHandle;
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

struct Found {
    vms: Vec<FoundVm>,
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
        let session: Session = self.get(route::SESSION).await?;
        self.clock.heard(session.server_time);
        self.signed_out.maybe_update(std::mem::take);
        Ok(session)
    }

    /// Some rows of a list; `query` says of which.
    pub(crate) async fn page_vms(self, query: &str) -> Result<VmPage, Failure> {
        let page: VmPage = self.get(&format!("{}?{query}", route::VMS)).await?;
        self.clock.heard(page.server_time);
        Ok(page)
    }

    pub(crate) async fn list_places(self) -> Result<Places, Failure> {
        self.get(route::PLACES).await
    }

    pub(crate) async fn read_vm(self, vm: &VmId) -> Result<VmDetail, Failure> {
        self.hear_vm(self.get(&vm_path(vm)).await)
    }

    pub(crate) async fn remove_policies(self, policies: &RemovePolicies) -> Result<(), Failure> {
        self.exchange(Call::new("DELETE", route::POLICIES), Some(wire::to_text(policies))).await.map(drop)
    }

    /// The policies of several VMs, to be changed together.
    pub(crate) async fn read_policies(self, vms: &VmIds) -> Result<PolicyList, Failure> {
        let body = ReadPolicies { vms: vms.clone() };
        self.send(Call::new("POST", route::POLICIES_READ), Some(&body)).await
    }

    pub(crate) async fn put_policies(self, body: &PutPolicies) -> Result<Saved, Failure> {
        self.send(Call::new("PUT", route::POLICIES), Some(body)).await
    }

    /// What that would come to now; nothing is written.
    pub(crate) async fn preview_policies(self, body: &PutPolicies) -> Result<PolicyPreview, Failure> {
        self.send(Call::new("POST", route::POLICIES_PREVIEW), Some(body)).await
    }

    /// Asks for an opening and does not wait for it. The same `key` asks the same question again.
    pub(crate) async fn create_grant(self, body: &CreateGrant, key: &str) -> Result<GrantView, Failure> {
        let call = Call::new("POST", route::GRANTS);
        let call = call.header(IDEMPOTENCY_HEADER, key).header("prefer", "respond-async");
        self.hear_change(self.send(call, Some(body)).await)
    }

    /// Takes a grant's living openings along to the address that this is called from. The same `key` moves it once.
    pub(crate) async fn move_grant(self, grant: GrantId, key: &str) -> Result<GrantView, Failure> {
        let call = Call::new("POST", &move_path(grant));
        let call = call.header(IDEMPOTENCY_HEADER, key).header("prefer", "respond-async");
        self.hear_change(self.send(call, Some(&MoveGrant { sources: None })).await)
    }

    /// What a request would come to now; nothing is written.
    pub(crate) async fn preview_grant(self, body: &CreateGrant) -> Result<Preview, Failure> {
        self.send(Call::new("POST", route::GRANT_PREVIEW), Some(body)).await
    }

    pub(crate) async fn read_grant(self, grant: GrantId) -> Result<GrantView, Failure> {
        self.hear_grant(self.get(&grant_path(grant)).await)
    }

    pub(crate) async fn revoke_grant(self, grant: GrantId) -> Result<GrantView, Failure> {
        let call = Call::new("POST", &revoke_path(grant)).header("prefer", "respond-async");
        self.hear_change(self.send(call, NOTHING).await)
    }

    pub(crate) async fn list_grants(self) -> Result<GrantList, Failure> {
        let list: GrantList = self.get(route::GRANTS).await?;
        self.clock.heard(list.server_time);
        Ok(list)
    }

    pub(crate) async fn list_activity(self, query: &ActivityQuery) -> Result<Page, Failure> {
        let activity: Page = self.get(&with_query(route::ACTIVITY, query)).await?;
        self.clock.heard(activity.server_time);
        Ok(activity)
    }

    /// The first VMs whose name, resource group or subscription has `text` in it.
    pub(crate) async fn find_vms(self, text: &str) -> Result<Vec<FoundVm>, Failure> {
        let path = format!("{}?limit={FOUND}&search={}", route::VMS, browser::encoded(text));
        let found: Found = self.get(&path).await?;
        Ok(found.vms)
    }

    pub(crate) async fn read_health(self) -> Result<HealthReport, Failure> {
        self.get(route::HEALTH).await
    }

    /// Ends the session, in other tabs too; the answer is where to go.
    pub(crate) async fn sign_out(self) -> Result<String, Failure> {
        let to: SignedOutTo = self.send(Call::new("POST", route::SIGN_OUT), NOTHING).await?;
        reach::tell_signed_out();
        Ok(to.location)
    }

    fn hear_vm(self, answer: Result<VmDetail, Failure>) -> Result<VmDetail, Failure> {
        answer.inspect(|detail| self.clock.heard(detail.server_time))
    }

    fn hear_grant(self, answer: Result<GrantView, Failure>) -> Result<GrantView, Failure> {
        answer.inspect(|grant| self.clock.heard(grant.server_time))
    }

    fn hear_change(self, answer: Result<GrantView, Failure>) -> Result<GrantView, Failure> {
        self.hear_grant(answer).inspect(|_| tabs::tell())
    }

    async fn get<T: Read>(self, path: &str) -> Result<T, Failure> {
        self.send(Call::new("GET", path), NOTHING).await
    }

    async fn send<T: Read>(self, call: Call, body: Option<&dyn Write>) -> Result<T, Failure> {
        let (status, answer) = self.exchange(call, body.map(wire::to_text)).await?;
        T::read(&answer).ok_or(Failure::Garbled { status })
    }

    async fn exchange(self, call: Call, body: Option<String>) -> Result<(u16, Value), Failure> {
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
    _abort: Option<AbortOnDrop>,
}

impl Call {
    fn new(method: &str, path: &str) -> Self {
        let abort = AbortOnDrop::armed();
        let request = RequestInit::new();
        request.set_method(method);
        request.set_signal(abort.as_ref().map(|abort| abort.controller.signal()).as_ref());
        let call = Self { path: path.to_owned(), request, headers: Headers::new().ok(), _abort: abort };
        let call = call.header("accept", "application/json");
        if method == "GET" { call } else { call.header(PORTAL_HEADER, "1") }
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
