//! `/api/activity` and its CSV, filtered.

use serde_json::Value;
use shared::api::{EventKind, route};
use tests::{World, vm};

#[tokio::test]
async fn each_filter_leaves_out_what_it_should_and_all_agree() {
    let world = lived_through().await;
    let admin = person(&world, "ADMIN").await;
    let (hour, name) = (world.app.now().to_string(), admin.1.to_uppercase());
    let cases = [
        ("kind=opened".to_owned(), vec!["opened"]),
        ("kind=closed,opened".to_owned(), vec!["closed", "opened"]),
        ("kind=overdue".to_owned(), vec![]),
        (format!("person={}", admin.0), vec!["policy_put"]),
        (format!("person={}", encoded(&name)), vec!["policy_put"]),
        (format!("person={}", encoded(&name[..name.len() - 1])), vec![]),
        (format!("person={}&kind=asked", admin.0), vec![]),
        (format!("since={hour}"), vec!["closed", "rule_removed"]),
        (format!("until={hour}&kind=rule_written,rule_removed"), vec!["rule_written", "rule_written"]),
        (format!("since={hour}&until={hour}"), vec![]),
        (format!("kind=opened&vm={}", encoded(&vm("web-01").to_string())), vec!["opened"]),
        (format!("kind=opened&vm={}", encoded(&vm("web-02").to_string())), vec![]),
        (format!("kind=opened&subscription={}", tests::DEVELOPMENT), vec![]),
    ];
    for (query, expected) in cases {
        assert_eq!(kinds(&world, &query).await, expected, "{query}");
        let csv =
            world.client("ADMIN").await.get(&format!("{}?{query}", route::ACTIVITY_CSV)).await.expect(200);
        let rows: Vec<&str> = csv.text.split("\r\n").skip(1).filter(|line| !line.is_empty()).collect();
        assert_eq!(rows.len(), expected.len(), "{query}: {}", csv.text);
        assert!(
            rows.iter().zip(&expected).all(|(row, kind)| row.contains(&format!(",{kind},"))),
            "{}",
            csv.text
        );
    }
}

#[tokio::test]
async fn no_page_is_empty_while_more_agrees_and_the_last_says_so() {
    let world = lived_through().await;
    let admin = world.client("ADMIN").await;
    let first = admin.get(&format!("{}?limit=1&kind=rule_written", route::ACTIVITY)).await.expect(200);
    assert_eq!(first.json["steps"].as_array().unwrap().len(), 1, "{}", first.text);
    let next = first.json["next"].as_str().unwrap();
    let path = format!("{}?limit=1&kind=rule_written&before={next}", route::ACTIVITY);
    let last = admin.get(&path).await.expect(200);
    assert_eq!(last.json["steps"].as_array().unwrap().len(), 1, "{}", last.text);
    assert_eq!(last.json["next"], Value::Null);
}

#[tokio::test]
async fn a_page_has_no_more_than_its_limit_where_some_entries_are_not_to_be_seen() {
    let world = World::start().await;
    let admin = world.client("ADMIN").await;
    let hidden = shared::vm::VmId::new(tests::PRODUCTION.parse().unwrap(), "net-rg", "fw-01").unwrap();
    for _ in 0..4 {
        admin.enable(&vm("web-01"), 22).await.expect(200);
        admin.enable(&hidden, 22).await.expect(200);
        world.pass(1);
    }
    let requester = world.client("REQUESTER").await;
    let (mut seen, mut path) = (0, format!("{}?limit=3&kind=policy_put", route::ACTIVITY));
    loop {
        let page = requester.get(&path).await.expect(200);
        let steps = page.json["steps"].as_array().unwrap();
        assert!((1..=3).contains(&steps.len()), "{}", page.text);
        assert!(!page.text.contains("fw-01"));
        seen += steps.len();
        match page.json["next"].as_str() {
            Some(next) => path = format!("{}?limit=3&kind=policy_put&before={next}", route::ACTIVITY),
            None => break,
        }
    }
    assert_eq!(seen, 4);
}

#[tokio::test]
async fn filters_that_say_nothing_are_rejected_with_what_is_allowed() {
    let world = World::start().await;
    let long = "x".repeat(257);
    let cases = [
        ("kind=nothing", "kind", EventKind::RevokeAsked.as_str()),
        ("kind=", "kind", "policy_put"),
        ("kind=opened,", "kind", "policy_put"),
        ("person=", "person", "object id"),
        ("person=%20", "person", "object id"),
        (&format!("person={long}"), "person", "256"),
        ("since=yesterday", "since", ""),
        ("until=2027-01-15", "until", ""),
        ("since=2027-01-15T08:00:01Z&until=2027-01-15T08:00:00Z", "since", "2027-01-15T08:00:00Z"),
    ];
    for (query, field, allowed) in cases {
        for route in [route::ACTIVITY, route::ACTIVITY_CSV] {
            let refused = world.client("ADMIN").await.get(&format!("{route}?{query}")).await.expect(400);
            assert_eq!(refused.json["error"]["target"], field, "{query}: {}", refused.text);
            assert!(refused.message().contains(allowed), "{query}: {}", refused.text);
        }
    }
}

async fn lived_through() -> World {
    let world = World::start().await;
    world.client("ADMIN").await.enable(&vm("web-01"), 22).await.expect(200);
    world.pass(1);
    world.client("REQUESTER").await.open(&vm("web-01"), 22, "PT1H").await.expect(201);
    world.pass(3600);
    world.sweep().await;
    world
}

/// The object id and the name of a principal, as the audit has them.
async fn person(world: &World, who: &str) -> (String, String) {
    let session = world.client(who).await.get(route::SESSION).await.expect(200);
    let text = |field: &str| session.json["requester"][field].as_str().unwrap().to_owned();
    (text("id"), text("name"))
}

/// Newest first.
async fn kinds(world: &World, query: &str) -> Vec<String> {
    let answer = world.client("ADMIN").await.get(&format!("{}?{query}", route::ACTIVITY)).await.expect(200);
    let steps = answer.json["steps"].as_array().unwrap();
    steps.iter().map(|one| one["entry"]["event"].as_str().unwrap().to_owned()).collect()
}

fn encoded(text: &str) -> String {
    text.replace('%', "%25").replace(' ', "%20").replace('/', "%2F")
}
