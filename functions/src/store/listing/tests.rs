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
        let listed = store.listed(subscription(), &filter, None, 9).await.unwrap();
        assert_eq!(names(&listed), expected, "{filter:?}");
        let counts = store.list_counts(subscription(), &filter).await.unwrap();
        let number = counts.configured + counts.not_configured + counts.unsupported;
        assert_eq!(usize::try_from(number).unwrap(), expected.len(), "{filter:?}");
    }
    let counts = store.list_counts(subscription(), &ListFilter::default()).await.unwrap();
    assert_eq!(counts, ListCounts { configured: 1, not_configured: 2, unsupported: 1 });
}

#[tokio::test]
async fn pages_follow_each_other() {
    let home = a_home();
    let store = a_fleet(&home).await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.listed(subscription(), &ListFilter::default(), after.as_ref(), 3).await.unwrap();
        let Some((last, _)) = page.last().cloned() else { break };
        seen.extend(names(&page).into_iter().map(str::to_owned));
        after = Some(last);
    }
    assert_eq!(seen, ["bare-01", "db_01", "web-01", "win-01"]);
}

#[tokio::test]
async fn vms_that_an_older_version_wrote_are_listed_once_they_are_labelled() {
    let home = a_home();
    let store = a_fleet(&home).await;
    let forget = "UPDATE machines SET label = NULL, os = NULL, supported = NULL WHERE vm LIKE '%w%-01'";
    sqlx::query(forget).execute(&store.writer).await.unwrap();
    let listed = store.listed(subscription(), &ListFilter::default(), None, 9).await.unwrap();
    assert!(listed.len() < 4, "{listed:?}");
    store.label_machines(subscription()).await.unwrap();
    let listed = store.listed(subscription(), &search("win"), None, 9).await.unwrap();
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

fn of(list: ListName) -> ListFilter {
    ListFilter { list: Some(list), ..ListFilter::default() }
}

fn search(text: &str) -> ListFilter {
    ListFilter { search: Some(text.to_owned()), ..ListFilter::default() }
}

fn names(listed: &[(VmId, ListName)]) -> Vec<&str> {
    listed.iter().map(|(vm, _)| vm.name()).collect()
}
