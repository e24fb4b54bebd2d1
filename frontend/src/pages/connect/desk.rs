use std::time::Duration;

use jiff::Timestamp;
use shared::{
    api::{CreateGrant, GrantView, LeaseView, PortState, PortStatus, VmDetail},
    grant::{CloseReason, GrantId, LeaseState},
};

use crate::{
    api::Client,
    browser, draft,
    live::Live,
    model::{
        failure::Failure,
        form::RequestForm,
        lease::{Phase, is_settled, own_lease, phase},
    },
    prelude::*,
    session::SignedIn,
    wire,
};

const CALM: Duration = Duration::from_secs(15);
const MOVING: Duration = Duration::from_secs(2);
/// How often a grant under way is asked after: quickly at first, for that is when one watches.
const QUICK: Duration = Duration::from_millis(300);
const QUICK_ROUNDS: u32 = 100;
/// How soon an end that came from another device is noticed.
const ELSEWHERE: Duration = Duration::from_secs(4);

/// How soon the VM is read again.
pub(super) fn pace(detail: &VmDetail, now: Timestamp) -> Duration {
    let moving = detail.ports.iter().any(|status| {
        matches!(status.state, PortState::PossiblyOpen { .. }) && !status.leases.is_empty()
            || status.leases.iter().any(|view| view.lease.is_due(now))
    });
    if moving { MOVING } else { CALM }
}

/// What the parts of a protected VM's page share.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    pub detail: Memo<VmDetail>,
    pub form: RwSignal<RequestForm>,
    /// One's own opening of the port in the form, by the newest word.
    pub own: Memo<Option<LeaseView>>,
    pub stage: Memo<Stage>,
    /// Why the request was not taken.
    pub refused: RwSignal<Option<Failure>>,
    pub asking: RwSignal<bool>,
    /// The form as it was made or last sent: what differs from it was typed and not sent.
    sent: StoredValue<RequestForm>,
    live: Live<VmDetail>,
    grant: RwSignal<Option<GrantView>>,
    watched: RwSignal<Option<GrantId>>,
    lost: RwSignal<Option<Failure>>,
    /// The last request and its name, kept while its effect is in doubt.
    doubtful: StoredValue<Option<(CreateGrant, String)>>,
}

/// What the page shows in the place of the state.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// The server does not answer: nothing is called open or closed.
    Unknown(Failure),
    /// Nothing of one's own is open or moving.
    Resting,
    Opening {
        written: bool,
    },
    Open {
        until: Timestamp,
    },
    Closing {
        revoked: bool,
    },
}

impl Desk {
    pub(super) fn new(live: Live<VmDetail>, detail: Memo<VmDetail>, form: RequestForm) -> Self {
        let SignedIn { client, clock, .. } = SignedIn::of_page();
        let sent = StoredValue::new(form.clone());
        let (form, asking) = (RwSignal::new(form), RwSignal::new(false));
        let (grant, lost) = (RwSignal::new(None), RwSignal::new(None));
        let port = Memo::new(move |_| form.with(|form| form.port));
        let own = Memo::new(move |_| {
            detail.with(|detail| {
                grant.with(|grant: &Option<GrantView>| own_lease(detail, grant.as_ref(), port.get()))
            })
        });
        let stage = Memo::new(move |_| {
            let unreachable = || client.reach().lost().map(|_| Failure::Unreachable);
            if let Some(failure) = live.failure().or_else(|| lost.get()).or_else(unreachable) {
                return Stage::Unknown(failure);
            }
            own.with(|own| stage_of(own.as_ref(), clock.now()))
        });
        let (refused, watched) = (RwSignal::new(None), RwSignal::new(None));
        let doubtful = StoredValue::new(None);
        let desk =
            Self { detail, form, own, stage, refused, asking, sent, live, grant, watched, lost, doubtful };
        desk.watch_what_moves();
        desk.follow_the_watched();
        desk.look_after_what_is_open();
        desk
    }

    /// The state of the port in the form; `None` when the policy does not have it.
    pub(super) fn status(self) -> Option<PortStatus> {
        let port = self.form.with(|form| form.port);
        self.detail.with(|detail| detail.ports.iter().find(|status| status.rule.port == port).cloned())
    }

    pub(super) fn reload(self) {
        self.live.reload();
    }

    /// Takes what an answer says of a grant, and follows it while it moves.
    pub(super) fn hear(self, grant: GrantView) {
        self.lost.set(None);
        self.watched.set(Some(grant.id));
        self.grant.set(Some(grant));
    }

    /// Why the newest grant that was asked for here could not be opened, where another opening stands in its place.
    pub(super) fn gave_up(self) -> Option<String> {
        let own = self.own.with(|own| own.as_ref().map(|own| own.grant));
        self.grant.with(|grant| {
            let grant = grant.as_ref().filter(|grant| Some(grant.id) != own)?;
            let failed = |view: &&LeaseView| {
                matches!(view.lease.state, LeaseState::Closed { reason: CloseReason::Failed, .. })
            };
            grant.leases.iter().find(failed).map(|view| view.trouble.clone().unwrap_or_default())
        })
    }

    /// Asks for the opening. A request whose effect is in doubt is repeated under its own name.
    pub(super) async fn ask(self, client: Client, body: CreateGrant) {
        let kept = self.doubtful.get_value().filter(|(last, _)| *last == body).map(|(_, key)| key);
        let key = kept.unwrap_or_else(browser::random_name);
        self.asking.set(true);
        self.refused.set(None);
        let answer = client.create_grant(&body, &key).await;
        self.asking.set(false);
        self.doubtful.set_value(None);
        match answer {
            Ok(grant) => {
                self.sent.set_value(self.form.get_untracked());
                self.hear(grant);
            }
            Err(failure) => {
                if failure.is_doubtful() {
                    self.doubtful.set_value(Some((body, key)));
                }
                self.refused.set(Some(failure));
                self.reload();
            }
        }
    }

    /// Keeps what was typed and not sent when the page goes, as it does when the session ends or the language changes;
    /// takes back what was kept so.
    pub(super) fn keep_draft(self, key: String) {
        if let Some(form) = draft::take(&key).and_then(|text| wire::from_text(&text)) {
            self.form.set(form);
        }
        on_cleanup(move || {
            let (Some(form), Some(sent)) = (self.form.try_get_untracked(), self.sent.try_get_value()) else {
                return;
            };
            if form != sent {
                draft::keep(&key, &wire::to_text(&form));
            }
        });
    }

    /// An opening under way is followed, whoever's page began it.
    fn watch_what_moves(self) {
        Effect::new(move |_| {
            let moving = matches!(self.stage.get(), Stage::Opening { .. } | Stage::Closing { .. });
            if let Some(own) = self.own.get_untracked().filter(|_| moving)
                && self.watched.get_untracked() != Some(own.grant)
            {
                self.watched.set(Some(own.grant));
            }
        });
    }

    fn follow_the_watched(self) {
        let SignedIn { client, clock, .. } = SignedIn::of_page();
        Effect::new(move |_| {
            let Some(id) = self.watched.get() else { return };
            spawn(async move {
                for round in 0.. {
                    browser::sleep_until_seen(if round < QUICK_ROUNDS { QUICK } else { MOVING }).await;
                    match client.read_grant(id).await {
                        Ok(grant) => {
                            let settled = is_settled(&grant, clock.exact_now());
                            self.lost.set(None);
                            self.grant.set(Some(grant));
                            if settled {
                                break;
                            }
                        }
                        Err(failure) => self.lost.set(Some(failure)),
                    }
                }
                self.reload();
                self.watched.set(None);
            });
        });
    }

    /// What is open may be closed from another device. Asking for the grant alone takes no call of Azure.
    fn look_after_what_is_open(self) {
        let SignedIn { client, clock, .. } = SignedIn::of_page();
        let open = Memo::new(move |_| match self.stage.get() {
            Stage::Open { .. } => self.own.with(|own| own.as_ref().map(|own| own.grant)),
            _ => None,
        });
        let ended = move |grant: &GrantView| {
            let own = self.own.get_untracked().map(|own| own.lease.id);
            let now = clock.exact_now();
            grant.leases.iter().any(|view| Some(view.lease.id) == own && !view.lease.lives(now))
        };
        Effect::new(move |_| {
            let Some(id) = open.get() else { return };
            spawn(async move {
                loop {
                    browser::sleep_until_seen(ELSEWHERE).await;
                    // That no answer comes is noticed where the VM is read.
                    if let Ok(grant) = client.read_grant(id).await
                        && ended(&grant)
                    {
                        self.hear(grant);
                    }
                }
            });
        });
    }
}

fn stage_of(own: Option<&LeaseView>, now: Timestamp) -> Stage {
    match own.map(|own| phase(own, now)) {
        None | Some(Phase::Closed { .. }) => Stage::Resting,
        Some(Phase::Opening { written }) => Stage::Opening { written },
        Some(Phase::Open { until }) => Stage::Open { until },
        Some(Phase::Closing { revoked, .. }) => Stage::Closing { revoked },
    }
}
