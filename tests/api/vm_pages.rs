//! `/api/vms` with a query: pages of what the caller may see.

use serde_json::{Value, json};
use shared::api::route;
use tests::{Answer, DEVELOPMENT, World, vm};

use crate::fleet::add_like_web_02;

#[tokio::test]
async fn pages_follow_each_other_and_give_what_the_whole_list_has() {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    for who in ["ADMIN", "READER", "REQUESTER", "NOBODY"] {
        let whole = world.client(who).await.get(route::VMS).await.expect(200);
        let mut whole: Vec<Value> = whole.json["vms"].as_array().unwrap().clone();
        for limit in [1, 4, 1000] {
            let mut paged = all_pages(&world, who, limit).await;
            assert!(paged.is_sorted_by_key(|one| one["vm"].as_str().unwrap().to_lowercase()), "{who}");
            for list in [&mut whole, &mut paged] {
                list.sort_by_key(|one| one["vm"].as_str().unwrap().to_owned());
            }
            assert_eq!(paged, whole, "{who} {limit}");
        }
    }
}

#[tokio::test]
async fn each_filter_leaves_out_what_it_should_and_all_agree() {
    let world = fleet().await;
    let cases = [
        ("list=configured", vec!["legacy-01", "web-01"]),
        ("list=unsupported&search=classic", vec!["classic-01"]),
        ("list=not_configured&os=windows&search=prod-rg", vec!["crowded-01", "win-01"]),
        ("search=WEB-0", vec!["web-01", "web-02"]),
        ("search=web_0", vec![]),
        ("state=closed", vec!["web-01"]),
        ("state=possibly_open", vec!["legacy-01"]),
        ("state=open", vec![]),
        ("state=closed&list=unsupported", vec![]),
        ("state=unguarded&list=configured", vec![]),
        ("state=unguarded&search=web", vec!["web-02"]),
        ("list=configured&os=windows", vec![]),
        ("group=NET-RG", vec!["fw-01", "fwpol-01"]),
        ("group=net", vec![]),
        (&format!("subscription={DEVELOPMENT}&os=windows"), vec!["dev-win-01"]),
    ];
    for (query, expected) in cases {
        let page = get(&world, "ADMIN", query).await;
        let mut found: Vec<&str> = names(&page);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}: {}", page.text);
    }
}

#[tokio::test]
async fn a_search_finds_the_name_of_a_subscription() {
    let world = World::start().await;
    let whole = world.client("ADMIN").await.get(route::VMS).await.expect(200);
    let of_development = whole.json["vms"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["vm"].as_str().unwrap().contains(DEVELOPMENT));
    let name =
        of_development.unwrap()["subscription_name"].as_str().unwrap().to_uppercase().replace(' ', "%20");
    let page = get(&world, "ADMIN", &format!("search={name}")).await;
    assert!(
        !names(&page).is_empty()
            && page.json["vms"]
                .as_array()
                .unwrap()
                .iter()
                .all(|one| { one["vm"].as_str().unwrap().contains(DEVELOPMENT) }),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn the_first_page_counts_what_the_caller_may_see() {
    let world = fleet().await;
    let counts = |page: &Answer| page.json["counts"].clone();
    for who in ["ADMIN", "READER", "REQUESTER", "NOBODY"] {
        let whole = world.client(who).await.get(route::VMS).await.expect(200);
        let whole = whole.json["vms"].as_array().unwrap();
        let in_list = |list| whole.iter().filter(|one| one["support"]["list"] == list).count();
        let expected = ["configured", "not_configured", "unsupported"]
            .map(|list| (list.to_owned(), in_list(list).into()));
        let page = get(&world, who, "limit=2").await;
        assert_eq!(counts(&page), Value::Object(expected.into_iter().collect()), "{who}");
    }
    let searched = get(&world, "ADMIN", "search=web&list=configured").await;
    assert_eq!(counts(&searched), json!({ "configured": 1, "not_configured": 1, "unsupported": 0 }));
    let admin = get(&world, "ADMIN", "limit=2").await;
    let after = admin.json["next"].as_str().unwrap().replace('/', "%2F");
    let second = get(&world, "ADMIN", &format!("limit=2&after={after}")).await;
    assert_eq!(second.json["counts"], Value::Null, "{}", second.text);
}

#[tokio::test]
async fn what_is_filtered_out_leaves_no_page_short() {
    let world = World::start().await;
    add_like_web_02(&world, 60).await;
    world.client("ADMIN").await.enable(&vm("many-007"), 22).await.expect(200);
    world.client("ADMIN").await.enable(&vm("many-057"), 22).await.expect(200);
    let first = get(&world, "ADMIN", "limit=1&state=closed").await;
    assert_eq!(names(&first), ["many-007"]);
    let after = first.json["next"].as_str().unwrap().replace('/', "%2F");
    let last = get(&world, "ADMIN", &format!("limit=1&state=closed&after={after}")).await;
    assert_eq!((names(&last), &last.json["next"]), (vec!["many-057"], &Value::Null));
}

#[tokio::test]
async fn queries_that_are_none_are_rejected_with_what_is_allowed() {
    let world = World::start().await;
    let long = format!("search={}", "x".repeat(201));
    let cases = [
        ("limit=0", "limit", "1000"),
        ("limit=1001", "limit", "1000"),
        ("limit=many", "limit", ""),
        ("after=web-01", "after", "/subscriptions/"),
        ("list=all", "list", "not_configured"),
        ("sort=age", "sort", "-last_access"),
        ("through=5", "through", "/subscriptions/"),
        ("subscription=here", "subscription", "GUID"),
        ("os=plan9", "os", "linux"),
        ("state=ajar", "state", "possibly_open"),
        (&long, "search", "200"),
        ("colour=red", "colour", "unknown"),
    ];
    for (query, field, allowed) in cases {
        let refused = world.client("ADMIN").await.get(&format!("{}?{query}", route::VMS)).await.expect(400);
        assert_eq!(refused.json["error"]["target"], field, "{query}: {}", refused.text);
        assert!(refused.message().contains(allowed), "{query}: {}", refused.text);
    }
    world.anonymous().get(&format!("{}?limit=1", route::VMS)).await.expect(401);
}

/// `web-01` is closed, `legacy-01` is possibly open.
async fn fleet() -> World {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    admin.enable(&vm("web-01"), 22).await.expect(200);
    admin.enable(&vm("legacy-01"), 22).await.expect(200);
    world
}

async fn get(world: &World, who: &str, query: &str) -> Answer {
    world.client(who).await.get(&format!("{}?{query}", route::VMS)).await.expect(200)
}

async fn all_pages(world: &World, who: &str, limit: u16) -> Vec<Value> {
    let (mut all, mut query) = (Vec::new(), format!("limit={limit}"));
    loop {
        let page = get(world, who, &query).await;
        all.extend(page.json["vms"].as_array().unwrap().clone());
        match page.json["next"].as_str() {
            Some(next) => query = format!("limit={limit}&after={}", next.replace('/', "%2F")),
            None => return all,
        }
    }
}

fn names(page: &Answer) -> Vec<&str> {
    let all = page.json["vms"].as_array().unwrap();
    all.iter().map(|one| one["vm"].as_str().unwrap().rsplit('/').next().unwrap()).collect()
}
