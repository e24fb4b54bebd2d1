use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;

const ONE: &str = "0b1f6471-1bf0-4dda-aec3-cb9272f09590";
const OTHER: &str = "7d3c1e02-5a44-4c8e-9f0b-2f6f0a9be311";
const PATIENCE: Duration = Duration::from_secs(10);
const LONG: Duration = Duration::from_secs(600);

#[test]
fn an_errand_is_what_arm_counts() {
    let one = errand("DELETE", ONE, Urgency::Urgent);
    assert_eq!((one.subscription.as_str(), one.kind, one.is_network_write), (ONE, Kind::Delete, true));
    let upper = url(&ONE.to_uppercase());
    assert_eq!(Errand::new(&Method::PUT, &upper, Urgency::Usual), errand("PUT", ONE, Urgency::Usual));
    assert!(!errand("GET", ONE, Urgency::Usual).is_network_write);
    let list = "https://arm.example/subscriptions?api-version=2022-12-01".parse().unwrap();
    assert_eq!(Errand::new(&Method::GET, &list, Urgency::Usual).subscription, "");
    let machine = format!("https://arm.example/subscriptions/{ONE}/providers/Microsoft.Compute/vms/a");
    assert!(!Errand::new(&Method::PUT, &machine.parse().unwrap(), Urgency::Usual).is_network_write);
}

#[test]
fn a_burst_passes_at_once_and_then_ten_a_second() {
    let bench = Bench::new();
    let put = errand("PUT", ONE, Urgency::Usual);
    bench.pass(&put, 200);
    let mut waiting = bench.admit(&put, PATIENCE);
    assert_eq!(waiting.as_mut().now_or_never(), None);
    bench.clock.advance(SignedDuration::from_millis(99));
    assert_eq!(waiting.as_mut().now_or_never(), None);
    bench.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(waiting.as_mut().now_or_never(), Some(Ok(())));
}

#[tokio::test]
async fn closes_are_served_before_opens_and_equals_as_they_came() {
    let bench = Bench::new();
    bench.pass(&errand("PUT", ONE, Urgency::Usual), 200);
    let order = [("open 1", Urgency::Usual), ("close 1", Urgency::Urgent), ("open 2", Urgency::Usual)];
    let order = order.into_iter().chain([("close 2", Urgency::Urgent)]);
    let served = bench.serve(order.map(|(name, urgency)| (name, errand("PUT", ONE, urgency)))).await;
    assert_eq!(served, ["close 1", "close 2", "open 1", "open 2"]);
}

#[tokio::test]
async fn a_close_that_comes_later_overtakes_an_open_that_already_waits_for_its_time() {
    let bench = Bench::new();
    bench.pass(&errand("PUT", ONE, Urgency::Usual), 200);
    let (open, close) = (errand("PUT", ONE, Urgency::Usual), errand("PUT", ONE, Urgency::Urgent));
    let mut open = bench.admit(&open, PATIENCE);
    assert_eq!(open.as_mut().now_or_never(), None);
    let mut close = bench.admit(&close, PATIENCE);
    assert_eq!(close.as_mut().now_or_never(), None);
    bench.clock.advance(SignedDuration::from_millis(100));
    assert_eq!(open.as_mut().now_or_never(), None);
    assert_eq!(close.as_mut().now_or_never(), Some(Ok(())));
    bench.clock.advance(SignedDuration::from_millis(100));
    assert_eq!(open.as_mut().now_or_never(), Some(Ok(())));
}

#[test]
fn a_subscription_that_is_worn_out_delays_no_other() {
    let bench = Bench::new();
    for method in ["GET", "PUT", "DELETE"] {
        bench.limiter.hold(&errand(method, ONE, Urgency::Usual), Some(Duration::from_secs(5)));
        let mut held = bench.admit_owned(errand(method, ONE, Urgency::Urgent));
        assert_eq!(held.as_mut().now_or_never(), None);
        bench.pass(&errand(method, OTHER, Urgency::Usual), 200);
    }
}

#[test]
fn a_dropped_waiter_takes_nothing_and_makes_room() {
    let bench = Bench::new();
    let put = errand("PUT", ONE, Urgency::Usual);
    bench.pass(&put, 200);
    let mut given_up = bench.admit(&put, PATIENCE);
    let mut behind = bench.admit(&put, PATIENCE);
    assert_eq!(given_up.as_mut().now_or_never(), None);
    assert_eq!(behind.as_mut().now_or_never(), None);
    drop(given_up);
    bench.clock.advance(SignedDuration::from_millis(100));
    assert_eq!(behind.as_mut().now_or_never(), Some(Ok(())));
}

#[test]
fn a_quota_holds_its_kind_until_arm_wants_to_be_asked_again() {
    let bench = Bench::new();
    let put = errand("PUT", ONE, Urgency::Usual);
    bench.limiter.hold(&put, Some(Duration::from_secs(7)));
    let close = errand("PUT", ONE, Urgency::Urgent);
    let mut waiting = bench.admit(&close, PATIENCE);
    assert_eq!(waiting.as_mut().now_or_never(), None);
    // What ARM counts apart goes on: a flood of opens must not hold up the removals.
    bench.pass(&errand("DELETE", ONE, Urgency::Urgent), 5);
    bench.clock.advance(SignedDuration::from_millis(6999));
    assert_eq!(waiting.as_mut().now_or_never(), None);
    bench.clock.advance(SignedDuration::from_millis(1));
    assert_eq!(waiting.as_mut().now_or_never(), Some(Ok(())));
    bench.pass(&put, 69);
    assert_eq!(bench.admit(&put, PATIENCE).now_or_never(), None);
}

#[test]
fn a_hold_beyond_ones_patience_is_said_at_once_and_a_poll_waits_it_out() {
    let bench = Bench::new();
    let get = errand("GET", ONE, Urgency::Usual);
    bench.limiter.hold(&get, Some(Duration::from_secs(31)));
    let throttled = FabricError::Throttled { retry_after: Some(Duration::from_secs(31)) };
    assert_eq!(bench.admit(&get, Duration::from_secs(30)).now_or_never(), Some(Err(throttled)));
    let poll = errand("GET", ONE, Urgency::Urgent);
    let mut poll = bench.admit(&poll, LONG);
    assert_eq!(poll.as_mut().now_or_never(), None);
    bench.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(poll.as_mut().now_or_never(), Some(Ok(())));
}

#[test]
fn an_absurd_wait_is_cut() {
    let bench = Bench::new();
    let put = errand("PUT", ONE, Urgency::Usual);
    bench.limiter.hold(&put, Some(Duration::MAX));
    bench.clock.advance(SignedDuration::from_hours(1));
    bench.pass(&put, 1);
}

#[test]
fn arm_knows_better_when_it_says_that_less_is_left() {
    let bench = Bench::new();
    let put = errand("PUT", ONE, Urgency::Usual);
    let left = |name: &'static str, left: &str| {
        HeaderMap::from_iter([(name.parse().unwrap(), left.parse().unwrap())])
    };
    bench.limiter.heed(&put, &left("x-ms-ratelimit-remaining-subscription-writes", "3"));
    bench.limiter.heed(&put, &left("x-ms-ratelimit-remaining-subscription-writes", "1199"));
    bench.limiter.heed(&put, &left("x-ms-ratelimit-remaining-subscription-writes", "many"));
    bench.limiter.heed(&put, &left("x-ms-ratelimit-remaining-subscription-reads", "0"));
    bench.pass(&put, 3);
    assert_eq!(bench.admit(&put, PATIENCE).now_or_never(), None);
}

#[test]
fn the_network_takes_a_thousand_writes_and_deletes_in_five_minutes() {
    let bench = Bench::new();
    let (put, delete) = (errand("PUT", ONE, Urgency::Usual), errand("DELETE", ONE, Urgency::Urgent));
    for _ in 0..5 {
        bench.pass(&put, 100);
        bench.pass(&delete, 100);
        bench.clock.advance(SignedDuration::from_secs(20));
    }
    let throttled = FabricError::Throttled { retry_after: Some(Duration::from_secs(200)) };
    assert_eq!(bench.admit(&delete, PATIENCE).now_or_never(), Some(Err(throttled)));
    bench.pass(&errand("GET", ONE, Urgency::Usual), 100);
    bench.clock.advance(SignedDuration::from_secs(200));
    bench.pass(&delete, 100);
    bench.pass(&put, 100);
}

#[test]
fn what_the_network_has_left_is_kept_for_the_deletes_that_wait() {
    let bench = Bench::new();
    let (put, delete) = (errand("PUT", ONE, Urgency::Usual), errand("DELETE", ONE, Urgency::Urgent));
    for _ in 0..4 {
        bench.pass(&put, 100);
        bench.pass(&delete, 149);
        bench.clock.advance(SignedDuration::from_secs(20));
    }
    bench.pass(&put, 3);
    bench.limiter.hold(&delete, Some(Duration::from_secs(1)));
    let mut close = bench.admit(&delete, PATIENCE);
    assert_eq!(close.as_mut().now_or_never(), None);
    let mut open = bench.admit(&put, LONG);
    assert_eq!(open.as_mut().now_or_never(), None);
    bench.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(open.as_mut().now_or_never(), None);
    assert_eq!(close.as_mut().now_or_never(), Some(Ok(())));
    bench.clock.advance(SignedDuration::from_secs(300));
    assert_eq!(open.as_mut().now_or_never(), Some(Ok(())));
}

#[test]
fn a_clock_that_is_set_back_does_not_prolong_a_hold() {
    let bench = Bench::new();
    let put = errand("PUT", ONE, Urgency::Usual);
    bench.limiter.hold(&put, Some(Duration::from_secs(7)));
    bench.clock.advance(SignedDuration::from_mins(-5));
    assert_eq!(bench.admit(&put, PATIENCE).now_or_never(), None);
    bench.clock.advance(SignedDuration::from_secs(7));
    bench.pass(&put, 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn everybody_is_served_in_the_end_whoever_gives_up(
        plan in prop::collection::vec((any::<bool>(), any::<bool>(), prop::option::of(0usize..30)), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let unserved = runtime.block_on(unserved(plan));
        prop_assert_eq!(unserved, 0);
    }
}

/// How many still wait when each has had time to be served. The plan says for each of them whether it deletes, whether
/// it is urgent, and at which step it gives up.
async fn unserved(plan: Vec<(bool, bool, Option<usize>)>) -> usize {
    let bench = Arc::new(Bench::new());
    for method in ["PUT", "DELETE"] {
        bench.pass(&errand(method, ONE, Urgency::Usual), 200);
    }
    let steps = 30 + plan.len();
    let mut tasks = Vec::new();
    for (deletes, urgent, gives_up_at) in plan {
        let urgency = if urgent { Urgency::Urgent } else { Urgency::Usual };
        let errand = errand(if deletes { "DELETE" } else { "PUT" }, ONE, urgency);
        let bench = Arc::clone(&bench);
        let task = tokio::spawn(async move { bench.limiter.admit(&errand, PATIENCE).await });
        tasks.push((task, gives_up_at));
    }
    for step in 0..steps {
        tasks.iter().filter(|(_, at)| *at == Some(step)).for_each(|(task, _)| task.abort());
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        bench.clock.advance(SignedDuration::from_millis(100));
    }
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
    tasks.iter().filter(|(task, _)| !task.is_finished()).count()
}

fn url(subscription: &str) -> Url {
    let path = "resourceGroups/prod-rg/providers/Microsoft.Network/networkSecurityGroups/web-01-nsg";
    format!("https://arm.example/subscriptions/{subscription}/{path}").parse().unwrap()
}

fn errand(method: &str, subscription: &str, urgency: Urgency) -> Errand {
    Errand::new(&method.parse().unwrap(), &url(subscription), urgency)
}

struct Bench {
    clock: Arc<ManualClock>,
    limiter: Limiter,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new("2026-03-01T08:00:00Z".parse().unwrap()));
        Self { limiter: Limiter::new(clock.clone()), clock }
    }

    fn admit<'b>(&'b self, errand: &'b Errand, patience: Duration) -> BoxFuture<'b, Result<(), FabricError>> {
        self.limiter.admit(errand, patience).boxed()
    }

    fn admit_owned(&self, errand: Errand) -> BoxFuture<'_, Result<(), FabricError>> {
        async move { self.limiter.admit(&errand, PATIENCE).await }.boxed()
    }

    /// So many pass without waiting.
    fn pass(&self, errand: &Errand, count: usize) {
        for n in 0..count {
            assert_eq!(self.admit(errand, PATIENCE).now_or_never(), Some(Ok(())), "the {n}th");
        }
    }

    /// In which order they are served who come in this one.
    async fn serve(&self, errands: impl IntoIterator<Item = (&'static str, Errand)>) -> Vec<&'static str> {
        let mut waiting = FuturesUnordered::new();
        for (name, errand) in errands {
            let mut future = self.admit_owned(errand);
            assert_eq!(future.as_mut().now_or_never(), None);
            waiting.push(async move {
                future.await.unwrap();
                name
            });
        }
        let mut served = Vec::new();
        while !waiting.is_empty() {
            match waiting.next().now_or_never() {
                Some(Some(name)) => served.push(name),
                _ => self.clock.advance(SignedDuration::from_millis(100)),
            }
            tokio::task::yield_now().await;
        }
        served
    }
}
