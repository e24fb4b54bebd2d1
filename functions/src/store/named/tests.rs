use shared::{policy::JustificationRule, policy_id::PolicyId};

use super::{
    super::{Store, testing::*},
    *,
};

#[tokio::test]
async fn a_vm_that_nobody_named_a_policy_for_is_in_the_default_of_its_place() {
    let home = a_home();
    let store = a_store(&home).await;
    store.put_machine(&a_machine("web-01"), at(0)).await.unwrap();
    store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
    store.put_policy(&a_policy("unread"), &[]).await.unwrap();
    assert_eq!(
        store.named_policy(&id("westeurope", "DEFAULT")).await.unwrap().unwrap().vms,
        [a_policy("web-01")]
    );
    assert_eq!(
        store.named_policy(&id("global", "default")).await.unwrap().unwrap().vms,
        [a_policy("unread")]
    );
}

#[tokio::test]
async fn a_vm_stays_in_its_policy_when_it_is_put_without_a_name() {
    let home = a_home();
    let store = a_store(&home).await;
    replaced(&store, "ops", &[], &[a_policy("web-01")]).await;
    let changed = ProtectedVm { justification: JustificationRule::Required, ..a_policy("web-01") };
    store.put_policy(&changed, &[]).await.unwrap();
    assert_eq!(policy(&store, "ops").await, [changed]);
    assert_eq!(policy(&store, "default").await, []);
}

#[tokio::test]
async fn a_policy_is_replaced_as_a_whole_and_keeps_its_first_spelling() {
    let home = a_home();
    let store = a_store(&home).await;
    let (one, two, three) = (a_policy("web-01"), a_policy("web-02"), a_policy("web-03"));
    replaced(&store, "Ops", &[], &[one.clone(), two.clone()]).await;
    let changed = ProtectedVm { justification: JustificationRule::Required, ..two.clone() };
    replaced(&store, "oPS", &[one, two], &[changed.clone(), three.clone()]).await;
    let now = store.named_policy(&id("westeurope", "ops")).await.unwrap().unwrap();
    assert_eq!((now.id.name(), now.vms), ("Ops", vec![changed.clone(), three.clone()]));
    replaced(&store, "ops", &[changed, three], &[]).await;
    assert_eq!(store.named_policy(&id("westeurope", "ops")).await.unwrap(), None);
    assert_eq!(store.verify(subscription()).await.unwrap(), Ok(3));
}

#[tokio::test]
async fn nothing_is_put_in_the_place_of_a_policy_that_is_not_as_it_was_read() {
    let home = a_home();
    let store = a_store(&home).await;
    let (one, two) = (a_policy("web-01"), a_policy("web-02"));
    replaced(&store, "ops", &[], std::slice::from_ref(&one)).await;
    for before in [&[][..], std::slice::from_ref(&two), &[one.clone(), two.clone()]] {
        let ops = id("westeurope", "ops");
        let replacement = Replacement { id: &ops, before, after: std::slice::from_ref(&two) };
        assert!(!store.replace_policy(&replacement, &[a_record(&two.vm, 1)]).await.unwrap());
    }
    assert_eq!(policy(&store, "ops").await, [one]);
    assert_eq!(store.verify(subscription()).await.unwrap(), Ok(1));
}

#[tokio::test]
async fn a_vm_of_another_policy_is_not_taken_away_from_it() {
    let home = a_home();
    let store = a_store(&home).await;
    replaced(&store, "ops", &[], &[a_policy("web-01")]).await;
    let default = id("westeurope", "default");
    let replacement =
        Replacement { id: &default, before: &[], after: &[a_policy("web-01"), a_policy("web-02")] };
    assert!(!store.replace_policy(&replacement, &[]).await.unwrap());
    assert_eq!(policy(&store, "default").await, []);
    let of = store.policy_ids_of(subscription(), &[vm("web-01"), vm("web-02")]).await.unwrap();
    assert_eq!(of, BTreeMap::from([(vm("web-01"), id("westeurope", "ops"))]));
}

#[tokio::test]
async fn rejects_a_vm_of_another_resource_group_or_subscription() {
    let home = a_home();
    let store = a_store(&home).await;
    for elsewhere in [VmId::new(subscription(), "dev-rg", "web-01").unwrap(), a_vm_elsewhere("web-01")] {
        let policy = ProtectedVm { vm: elsewhere, ..a_policy("web-01") };
        let ops = id("westeurope", "ops");
        let replacement = Replacement { id: &ops, before: &[], after: &[policy] };
        assert!(matches!(store.replace_policy(&replacement, &[]).await, Err(StoreError::Refused(_))));
    }
}

#[tokio::test]
async fn policies_are_found_by_group_and_location_and_from_where_one_left_off() {
    let home = a_home();
    let store = a_store(&home).await;
    replaced(&store, "b", &[], &[a_policy("web-02"), a_policy("web-01")]).await;
    replaced(&store, "a", &[], &[a_policy("db-01")]).await;
    let keys = async |group: Option<&str>, location: Option<&str>, after: Option<&str>| {
        let scope = PolicyScope {
            subscription: subscription(),
            resource_group: group.map(str::to_owned),
            location: location.map(|location| location.parse().unwrap()),
        };
        let members = store.policy_members(&scope, after).await.unwrap();
        members
            .into_iter()
            .map(|(key, vm)| format!("{} {}", &key[key.len() - 1..], vm.name()))
            .collect::<Vec<_>>()
    };
    let all = ["a db-01", "b web-01", "b web-02"];
    assert_eq!(keys(None, None, None).await, all);
    assert_eq!(keys(Some("PROD-rg"), Some("westeurope"), None).await, all);
    assert!(keys(Some("prod_rg"), None, None).await.is_empty());
    assert!(keys(Some("prod"), None, None).await.is_empty());
    assert!(keys(None, Some("northeurope"), None).await.is_empty());
    assert_eq!(keys(None, None, Some(&id("westeurope", "a").key())).await, all[1..]);
}

#[tokio::test]
async fn policies_of_before_the_names_get_theirs_when_the_store_is_opened() {
    let home = a_home();
    let store = a_store(&home).await;
    store.put_machine(&a_machine("web-01"), at(0)).await.unwrap();
    for name in ["web-01", "gone"] {
        store.put_policy(&a_policy(name), &[]).await.unwrap();
    }
    sqlx::query("UPDATE policies SET policy_id = NULL, policy_key = NULL")
        .execute(&store.writer)
        .await
        .unwrap();
    assert_eq!(policy(&store, "default").await, []);
    store.close().await;
    let store = a_store(&home).await;
    assert_eq!(policy(&store, "default").await, [a_policy("web-01")]);
    assert_eq!(store.named_policy(&id("global", "default")).await.unwrap().unwrap().vms, [a_policy("gone")]);
}

async fn replaced(store: &Store, name: &str, before: &[ProtectedVm], after: &[ProtectedVm]) {
    let id = id("westeurope", name);
    let replacement = Replacement { id: &id, before, after };
    assert!(store.replace_policy(&replacement, &[a_record(&vm("web-01"), 0)]).await.unwrap());
}

async fn policy(store: &Store, name: &str) -> Vec<ProtectedVm> {
    store.named_policy(&id("westeurope", name)).await.unwrap().map(|policy| policy.vms).unwrap_or_default()
}

fn id(location: &str, name: &str) -> PolicyId {
    PolicyId::new(subscription(), "prod-rg", location.parse().unwrap(), name).unwrap()
}
