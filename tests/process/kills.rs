//! A process is killed at random moments of whatever it does, and another takes its place: nothing stays open past its end,
//! nothing is lost, nothing happens twice.

use std::{collections::BTreeSet, time::Duration};

use functions::store::Store;
use http::Method;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use shared::{
    api::{self, IDEMPOTENCY_HEADER, route},
    nsg::stamp::StoreId,
    vm::VmId,
};
use tests::{Azure, CLIENT_ADDRESS, DEVELOPMENT, PRODUCTION, vm};

use crate::postern::{Caller, Home, a_policy, an_opening, azure, until, until_within};

const KILLS: usize = 12;
/// How long Azure takes for a write, so that there are many moments in the middle of things.
const LATENCY: Duration = Duration::from_millis(150);
/// The longest that a process lives; it starts anew in about half a second.
const LIFE_MS: u64 = 1200;
const VMS: [&str; 3] = ["web-01", "web-02", "stopped-01"];
/// Where somebody moves to.
const ELSEWHERE: &str = "198.51.100.9";
/// The shortest opening, and what a process needs to close it.
const TO_THE_END: Duration = Duration::from_secs(100);

#[tokio::test(flavor = "multi_thread")]
async fn whenever_it_is_killed_nothing_stays_open_and_nothing_is_lost_or_done_twice() {
    let seed = std::env::var_os("POSTERN_KILL_SEED").and_then(|seed| seed.to_str()?.parse().ok());
    let seed = seed.unwrap_or_else(|| rand::thread_rng().r#gen());
    println!("POSTERN_KILL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let azure = azure(LATENCY).await;
    let home = Home::of(&azure, &[("POSTERN_STOP_WITHIN", "1")]);
    let mut process = home.serve().await;
    let people = People::of(&azure, &home).await;
    for name in VMS {
        people.admin.enable(&vm(name)).await;
    }
    for n in 0..KILLS {
        let doing = tokio::spawn(people.clone().something(random.r#gen(), n));
        tokio::time::sleep(Duration::from_millis(random.gen_range(0..LIFE_MS))).await;
        if random.gen_bool(0.75) {
            process.kill();
        } else {
            process.terminate();
            process.end().await;
        }
        doing.await.expect("it does not panic");
        process = home.serve().await;
    }
    let told = people.ask_again().await;
    until("what is known and what is let in agree", async || agreed(&azure, &people).await).await;
    assert_eq!(told.len(), KILLS, "each name has a grant of its own: {told:?}");
    until_within(TO_THE_END, "all is closed", async || {
        leases(&people).await.iter().all(|lease| lease["state"] == "closed")
    })
    .await;
    for name in VMS {
        for source in [CLIENT_ADDRESS, ELSEWHERE] {
            assert_eq!(azure.probe(&vm(name), 22, source).await, "shut", "{name} from {source}");
        }
    }
    each_lease_was_closed_once(&people).await;
    process.terminate();
    process.end().await;
    let store = Store::open(&home.store().parse().unwrap(), StoreId::new(1)).await.expect("the store opens");
    for subscription in [PRODUCTION, DEVELOPMENT] {
        let chain = store.verify(subscription.parse().unwrap()).await.expect("the store answers");
        assert!(chain.is_ok(), "{subscription}: {chain:?}");
    }
}

#[derive(Clone, Debug)]
struct People {
    admin: Caller,
    requester: Caller,
}

impl People {
    async fn of(azure: &Azure, home: &Home) -> Self {
        Self { admin: home.caller(azure, "ADMIN").await, requester: home.caller(azure, "REQUESTER").await }
    }

    /// Opens a VM under a name of its own; then, as the seed says, moves it, closes it, or changes the policy. Whatever is
    /// answered: the process may be gone in the middle of it.
    async fn something(self, seed: u64, n: usize) {
        let mut random = StdRng::seed_from_u64(seed);
        let Some((_, grant)) = self.open(n).await else { return };
        let Some(id) = grant["id"].as_str() else { return };
        match random.gen_range(0..4) {
            0 => {
                let to = json!({ "sources": [ELSEWHERE] });
                self.requester.call(Method::POST, &format!("/api/grants/{id}/move"), &[], Some(&to)).await;
            }
            1 => {
                let path = format!("/api/grants/{id}/revoke");
                self.requester.call(Method::POST, &path, &[], None).await;
            }
            2 => {
                let path = api::policy_path(&vm(VMS[n % VMS.len()]));
                let longest = ["PT1H", "PT5H"][n % 2];
                self.admin.call(Method::PUT, &path, &[], Some(&a_policy(longest))).await;
            }
            _ => {}
        }
    }

    async fn open(&self, n: usize) -> Option<(u16, Value)> {
        let key = format!("opening-{n}");
        let opening = an_opening(&vm(VMS[n % VMS.len()]), "PT1M");
        self.requester.call(Method::POST, route::GRANTS, &[(IDEMPOTENCY_HEADER, &key)], Some(&opening)).await
    }

    /// What is asked under one name is granted once, whatever became of the answer; gives the grants.
    async fn ask_again(&self) -> BTreeSet<String> {
        let mut told = BTreeSet::new();
        for n in 0..KILLS {
            let mut answers = BTreeSet::new();
            for _ in 0..2 {
                let (status, grant) = self.open(n).await.expect("it is answered");
                assert!(matches!(status, 200..=202), "{status} {grant}");
                answers.insert(grant["id"].as_str().expect("an id").to_owned());
            }
            assert_eq!(answers.len(), 1, "opening-{n} is one grant");
            told.extend(answers);
        }
        told
    }
}

/// The leases of all of the requester's grants.
async fn leases(people: &People) -> Vec<Value> {
    let list = people.requester.get(route::GRANTS).await;
    let grants = list["grants"].as_array().expect("a list").iter();
    grants.flat_map(|grant| grant["leases"].as_array().expect("a list").clone()).collect()
}

/// What Azure lets in is what is called open, from each address to each VM.
async fn agreed(azure: &Azure, people: &People) -> bool {
    let leases = leases(people).await;
    for vm in VMS.map(vm) {
        for source in [CLIENT_ADDRESS, ELSEWHERE] {
            let known = leases
                .iter()
                .any(|lease| lease["state"] != "closed" && of(lease) == vm && lease["sources"][0] == source);
            if (azure.probe(&vm, 22, source).await == "open") != known {
                return false;
            }
        }
    }
    true
}

fn of(lease: &Value) -> VmId {
    lease["vm"].as_str().expect("an id").parse().expect("the id of a VM")
}

/// The audit of each VM has one *granted* for each grant and one *closed* for each lease.
async fn each_lease_was_closed_once(people: &People) {
    let leases = leases(people).await;
    for vm in VMS.map(vm) {
        let held = leases.iter().filter(|lease| of(lease) == vm).count();
        assert!(held > 0, "{vm} was asked for");
        let events = events(people, &vm).await;
        let count = |event: &str| events.iter().filter(|one| *one == event).count();
        assert_eq!((count("granted"), count("closed")), (held, held), "{vm}: {events:?}");
    }
}

async fn events(people: &People, vm: &VmId) -> Vec<String> {
    let vm = vm.to_string().replace('/', "%2F");
    let answer = people.admin.get(&format!("{}?limit=200&vm={vm}", route::ACTIVITY)).await;
    let steps = answer["steps"].as_array().expect("a list").iter();
    steps.map(|step| step["entry"]["event"].as_str().expect("a name").to_owned()).collect()
}
