//! What Azure's tools learn before they have a token: where to get one, and for whom.

use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};
use shared::api::route;
use tests::World;

#[tokio::test]
async fn a_tool_that_knows_one_url_learns_where_to_get_the_token_that_works() {
    let world = World::start().await;
    let told = world.anonymous().get("/metadata/endpoints?api-version=2022-09-01").await.expect(200).json;
    assert_eq!((&told["name"], &told["suffixes"]), (&json!("Postern"), &json!({})));
    assert_eq!(told["resourceManager"], "http://127.0.0.1:8080/");
    let authentication = &told["authentication"];
    assert_eq!(authentication["tenant"], world.text("tenant"));
    let token =
        token(&world, authentication["loginEndpoint"].as_str().unwrap(), &authentication["audiences"]).await;
    world.with_token(&token).get(route::VMS).await.expect(200);
}

#[tokio::test]
async fn older_tools_are_told_the_same() {
    let world = World::start().await;
    let told = |path: &'static str| async { world.anonymous().get(path).await.expect(200).text };
    let newest = told("/metadata/endpoints?api-version=2022-09-01").await;
    assert_eq!(told("/metadata/endpoints?api-version=2015-01-01").await, newest);
    assert_eq!(told("/metadata/endpoints").await, newest);
}

#[tokio::test]
async fn each_refusal_for_want_of_a_token_names_the_authority_and_the_resource() {
    let world = World::start().await;
    let place = format!("{}/{}", world.text("authority"), world.text("tenant"));
    let expected = format!("Bearer authorization_uri=\"{place}\", resource_id=\"api://postern\"");
    let challenge = async |client: tests::Client, path: &str| {
        client.get(path).await.expect(401).headers[WWW_AUTHENTICATE].to_str().unwrap().to_owned()
    };
    assert_eq!(challenge(world.anonymous(), route::VMS).await, expected);
    let for_arm = world.token("ADMIN", "https://management.azure.com/.default").await;
    let misdirected = challenge(world.with_token(&for_arm), route::VMS).await;
    assert_eq!(misdirected, format!("{expected}, error=\"invalid_token\""));
    // Its token is none of the directory's.
    assert_eq!(challenge(world.anonymous(), "/metrics").await, "Bearer");
}

async fn token(world: &World, login: &str, audiences: &Value) -> String {
    assert_eq!(audiences.as_array().unwrap().len(), 1);
    assert_eq!(login, world.text("authority"));
    world.token("ADMIN", &format!("{}/.default", audiences[0].as_str().unwrap())).await
}
