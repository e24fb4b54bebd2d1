//! `/api/vms` in an order, and `/api/places`.

use serde_json::Value;
use shared::api::{VmSort, route};
use tests::{DEVELOPMENT, World, vm};

#[tokio::test]
async fn a_list_in_an_order_runs_through_the_subscriptions() {
    let world = used().await;
    let cases = [
        ("name&search=web", vec!["web-01", "web-02"]),
        (
            "-name&search=-01&list=not_configured&os=linux",
            vec!["stopped-01", "locked-01", "legacy-01", "fw-01", "dev-01"],
        ),
        ("-last_access&list=configured", vec!["web-01", "dev-02", "web-02"]),
        ("last_access&list=configured", vec!["web-02", "dev-02", "web-01"]),
        ("-approved&list=configured", vec!["dev-02", "web-01", "web-02"]),
        ("approved&list=configured", vec!["web-02", "web-01", "dev-02"]),
    ];
    for (query, expected) in cases {
        for limit in [1, 2, 100] {
            assert_eq!(
                names(&pages(&world, "ADMIN", &format!("sort={query}"), limit).await),
                expected,
                "{query} {limit}"
            );
        }
    }
}

#[tokio::test]
async fn every_order_has_every_vm_once_for_everybody() {
    let world = used().await;
    for who in ["ADMIN", "READER", "REQUESTER", "NOBODY"] {
        let whole = pages(&world, who, "search=", 100).await;
        let mut whole = names(&whole);
        whole.sort_unstable();
        for sort in VmSort::ALL {
            let ordered = pages(&world, who, &format!("sort={}", sort.as_str()), 3).await;
            let mut ordered = names(&ordered);
            ordered.sort_unstable();
            assert_eq!(ordered, whole, "{who} {sort:?}");
        }
    }
}

#[tokio::test]
async fn a_page_is_read_again_by_where_it_began_and_ended() {
    let world = used().await;
    for sort in ["", "&sort=-name", "&sort=approved"] {
        let first = get(&world, "ADMIN", &format!("limit=3{sort}")).await;
        let start = encoded(&first["next"]);
        let second = get(&world, "ADMIN", &format!("limit=4&after={start}{sort}")).await;
        let end = encoded(&second["next"]);
        let again = get(&world, "ADMIN", &format!("limit=1000&after={start}&through={end}{sort}")).await;
        assert_eq!((&again["vms"], &again["next"]), (&second["vms"], &Value::Null), "{sort}");
        let begun = get(&world, "ADMIN", &format!("limit=1000&through={start}{sort}")).await;
        assert_eq!(begun["vms"], first["vms"], "{sort}");
    }
}

#[tokio::test]
async fn places_are_those_of_the_vms_that_the_caller_may_see() {
    let world = World::start().await;
    world.client("ADMIN").await.get(route::VMS).await.expect(200);
    let cases = [
        ("ADMIN", vec!["dev-rg", "classic-rg", "net-rg", "prod-rg"]),
        ("READER", vec!["classic-rg", "net-rg", "prod-rg"]),
        ("REQUESTER", vec!["prod-rg"]),
        ("NOBODY", vec![]),
    ];
    for (who, expected) in cases {
        let places = world.client(who).await.get(route::PLACES).await.expect(200);
        let all = places.json["subscriptions"].as_array().unwrap();
        let groups = all.iter().flat_map(|place| place["groups"].as_array().unwrap());
        assert_eq!(groups.map(|name| name.as_str().unwrap()).collect::<Vec<_>>(), expected, "{who}");
    }
}

/// `web-01`, `web-02` and `dev-02` are configured; `dev-02` was opened twice, and `web-01` once after that.
async fn used() -> World {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let dev = vm("dev-02").to_string().replace("prod-rg", "dev-rg");
    let dev = dev.replace(tests::PRODUCTION, DEVELOPMENT).parse().unwrap();
    for one in [&vm("web-01"), &vm("web-02"), &dev] {
        admin.enable(one, 22).await.expect(200);
    }
    for one in [&dev, &dev, &vm("web-01")] {
        admin.open(one, 22, "PT1H").await.expect(201);
        world.pass(60);
    }
    world
}

async fn get(world: &World, who: &str, query: &str) -> Value {
    world.client(who).await.get(&format!("{}?{query}", route::VMS)).await.expect(200).json
}

fn encoded(place: &Value) -> String {
    place.as_str().unwrap().replace('/', "%2F").replace('@', "%40")
}

async fn pages(world: &World, who: &str, query: &str, limit: u16) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = get(world, who, &format!("{query}&limit={limit}{after}")).await;
        all.extend(page["vms"].as_array().unwrap().clone());
        match &page["next"] {
            Value::Null => return all,
            next => after = format!("&after={}", encoded(next)),
        }
    }
}

fn names(vms: &[Value]) -> Vec<&str> {
    vms.iter().map(|one| one["vm"].as_str().unwrap().rsplit('/').next().unwrap()).collect()
}
