use shared::api::VmSort;

use super::*;
use crate::store::testing::*;

#[tokio::test]
async fn each_filter_leaves_out_what_it_should_and_all_agree() {
    let home = a_home();
    let store = a_fleet(&home).await;
    let cases = [
        (ListFilter::default(), vec!["bare-01", "db_01", "web-01", "win-01"]),
        (of(ListName::Configured), vec!["web-01"]),
        (of(ListName::NotConfigured), vec!["db_01", "win-01"]),
        (of(ListName::Unsupported), vec!["bare-01"]),
        (ListFilter { os: Some(Os::Windows), ..ListFilter::default() }, vec!["win-01"]),
        (search("WEB"), vec!["web-01"]),
        (search("prod-R"), vec!["bare-01", "db_01", "web-01", "win-01"]),
        (search("b_0"), vec!["db_01"]),
        (search("%"), vec![]),
        (search("\\"), vec![]),
        (search("virtualmachines"), vec![]),
        (
            ListFilter { os: Some(Os::Linux), search: Some("01".to_owned()), ..of(ListName::NotConfigured) },
            vec!["db_01"],
        ),
    ];
    for (filter, expected) in cases {
        let listed = listed(&store, &filter).await;
        assert_eq!(names(&listed), expected, "{filter:?}");
        let counts = store.list_counts(subscription(), &filter).await.unwrap();
        let number = counts.configured + counts.not_configured + counts.unsupported;
        assert_eq!(usize::try_from(number).unwrap(), expected.len(), "{filter:?}");
    }
    let counts = store.list_counts(subscription(), &ListFilter::default()).await.unwrap();
    assert_eq!(counts, ListCounts { configured: 1, not_configured: 2, unsupported: 1 });
}

#[tokio::test]
async fn pages_follow_each_other_in_every_order_and_are_read_again_by_where_they_begin_and_end() {
    let home = a_home();
    let store = a_fleet(&home).await;
    used(&store).await;
    let by = |sort| ListOrder { sort, since: at(20) };
    let cases = [
        (None, ["bare-01", "db_01", "web-01", "win-01"]),
        (Some(VmSort::Name), ["bare-01", "db_01", "web-01", "win-01"]),
        (Some(VmSort::NameDown), ["win-01", "web-01", "db_01", "bare-01"]),
        (Some(VmSort::LastAccess), ["bare-01", "win-01", "web-01", "db_01"]),
        (Some(VmSort::LastAccessDown), ["db_01", "web-01", "bare-01", "win-01"]),
        (Some(VmSort::Approved), ["bare-01", "web-01", "win-01", "db_01"]),
        (Some(VmSort::ApprovedDown), ["db_01", "bare-01", "web-01", "win-01"]),
    ];
    for (sort, expected) in cases {
        for limit in 1..=4 {
            let (mut after, mut seen) = (None::<VmPlace>, Vec::new());
            loop {
                let read = |between| store.listed(subscription(), &EVERY, by(sort), between, limit);
                let page = read((after.as_ref(), None)).await.unwrap();
                let Some(next) = page.last().map(Listed::place) else { break };
                let wide = store.listed(subscription(), &EVERY, by(sort), (after.as_ref(), Some(&next)), 9);
                assert_eq!(wide.await.unwrap(), page, "{sort:?} {limit}");
                seen.extend(names(&page).into_iter().map(str::to_owned));
                after = Some(next);
            }
            assert_eq!(seen, expected, "{sort:?} {limit}");
        }
    }
}

#[tokio::test]
async fn a_resource_group_is_found_as_a_whole_in_any_case() {
    let home = a_home();
    let store = a_fleet(&home).await;
    let of_group = |group: &str| ListFilter { group: Some(group.to_owned()), ..ListFilter::default() };
    let whole = vm("web-01").resource_group().to_owned();
    assert_eq!(listed(&store, &of_group(&whole.to_uppercase())).await.len(), 4);
    assert_eq!(listed(&store, &of_group(whole.get(1..).unwrap())).await, []);
    assert_eq!(listed(&store, &of_group("%")).await, []);
    assert_eq!(store.resource_groups(subscription()).await.unwrap(), [whole]);
}

#[tokio::test]
async fn vms_that_an_older_version_wrote_are_listed_once_they_are_labelled() {
    let home = a_home();
    let store = a_fleet(&home).await;
    let forget = "UPDATE machines SET label = NULL, os = NULL, supported = NULL WHERE vm LIKE '%w%-01'";
    sqlx::query(forget).execute(&store.writer).await.unwrap();
    let listed = listed(&store, &ListFilter::default()).await;
    assert!(listed.len() < 4, "{listed:?}");
    store.label_machines(subscription()).await.unwrap();
    let listed = self::listed(&store, &search("win")).await;
    assert_eq!(names(&listed), ["win-01"]);
    assert_eq!(store.list_counts(subscription(), &ListFilter::default()).await.unwrap().configured, 1);
}

#[tokio::test]
async fn some_vms_are_read_with_their_policies_and_unknown_ones_are_missing() {
    let home = a_home();
    let store = a_fleet(&home).await;
    let asked = [vm("web-01"), vm("nowhere"), vm("db_01")];
    let machines = store.machines_of(subscription(), &asked).await.unwrap();
    let read: Vec<&str> = machines.iter().map(|machine| machine.vm.name()).collect();
    assert_eq!(read, ["db_01", "web-01"]);
    assert_eq!(store.policies_of(subscription(), &asked).await.unwrap(), [a_policy("web-01")]);
    assert!(store.machines_of(subscription(), &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_head_of_an_inventory_is_read_alone() {
    let home = a_home();
    let store = a_store(&home).await;
    assert_eq!(store.inventory_head(subscription()).await.unwrap(), None);
    store.put_inventory(&an_inventory(&[]), at(3)).await.unwrap();
    assert_eq!(store.inventory_head(subscription()).await.unwrap(), Some(("Contoso".to_owned(), at(3))));
}

/// `web-01` is configured, `bare-01` has no NSG, `win-01` runs Windows.
async fn a_fleet(home: &tempfile::TempDir) -> Store {
    let store = a_store(home).await;
    let mut inventory = an_inventory(&["web-01", "db_01", "bare-01", "win-01"]);
    inventory.machines[2].interfaces[0].nsg = None;
    inventory.machines[3].os = Some(Os::Windows);
    store.put_inventory(&inventory, at(0)).await.unwrap();
    store.put_policy(&a_policy("web-01"), &[]).await.unwrap();
    store
}

const EVERY: ListFilter = ListFilter { list: None, os: None, search: None, group: None };

/// `db_01` was granted at 30 and 40, `web-01` long before that.
async fn used(store: &Store) {
    let mut old = a_grant(1, "web-01", 10);
    old.requester.name = "sam@contoso.example".to_owned();
    for grant in [old, a_grant(2, "db_01", 30), a_grant(3, "db_01", 40)] {
        store.admit(&grant, None, &[]).await.unwrap();
    }
}

async fn listed(store: &Store, filter: &ListFilter) -> Vec<Listed> {
    store.listed(subscription(), filter, ListOrder::BY_ID, (None, None), 9).await.unwrap()
}

fn of(list: ListName) -> ListFilter {
    ListFilter { list: Some(list), ..ListFilter::default() }
}

fn search(text: &str) -> ListFilter {
    ListFilter { search: Some(text.to_owned()), ..ListFilter::default() }
}

fn names(listed: &[Listed]) -> Vec<&str> {
    listed.iter().map(|one| one.vm.name()).collect()
}
