use serde_json::json;

use super::support::{Azure, DEV, PROD, nsg};

const OUTSIDE: &str = "203.0.113.7";

#[tokio::test]
async fn the_demo_fleet_is_open_and_shut_as_described() {
    let azure = Azure::start().await;
    for (vm, port, source, verdict, decided_by) in [
        ("web-01", 22, OUTSIDE, "shut", "web-01-nsg/DenyAllInBound"),
        ("web-01", 443, OUTSIDE, "open", "web-01-nsg/allow-https"),
        ("web-02", 22, OUTSIDE, "shut", "app-subnet-nsg/DenyAllInBound"),
        ("web-02", 443, OUTSIDE, "open", "app-subnet-nsg/allow-https"),
        ("win-01", 443, OUTSIDE, "shut", "app-subnet-nsg/allow-https win-01-nsg/DenyAllInBound"),
        ("legacy-01", 22, OUTSIDE, "open", "legacy-01-nsg/allow-ssh"),
        ("legacy-01", 22, "10.1.0.9", "open", "legacy-01-nsg/AllowVnetInBound"),
        ("locked-01", 22, "10.1.0.9", "shut", "locked-01-nsg/deny-ssh"),
        ("locked-01", 23, "10.1.0.9", "open", "locked-01-nsg/AllowVnetInBound"),
        ("crowded-01", 3389, OUTSIDE, "shut", "crowded-01-nsg/DenyAllInBound"),
        ("crowded-01", 8443, "10.20.0.1", "open", "crowded-01-nsg/allow-batch-0000"),
        ("bare-01", 22, OUTSIDE, "open", ""),
        ("fwpol-01", 3389, OUTSIDE, "shut", ""),
        ("fwpol-01", 3389, "10.3.9.9", "open", ""),
        ("fw-01", 22, OUTSIDE, "shut", "workload-nsg/DenyAllInBound"),
        ("dev-01", 3389, "198.51.100.77", "open", "dev-nsg/allow-office"),
        ("dev-01", 3389, "198.51.101.1", "shut", "dev-nsg/DenyAllInBound"),
        ("dev-win-01", 3389, "198.51.100.77", "shut", "dev-nsg/allow-office dev-win-01-nsg/DenyAllInBound"),
        ("dev-01", 22, "fd00:8::9", "open", "dev-nsg/AllowVnetInBound"),
        ("dev-01", 22, "2001:db8::1", "shut", "dev-nsg/DenyAllInBound"),
        ("web-01", 22, "168.63.129.16", "open", "web-01-nsg/AllowAzureLoadBalancerInBound"),
    ] {
        let (found, rules) = azure.probe(vm, port, source).await;
        assert_eq!((found.as_str(), rules.join(" ").as_str()), (verdict, decided_by), "{vm} {port} {source}");
    }
}

/// Puts one more rule in front of the customer's, over what the arguments leave open.
async fn put(azure: &Azure, changes: serde_json::Value) {
    let mut rule = json!({
        "protocol": "Tcp", "access": "Allow", "direction": "Inbound", "priority": 110, "sourcePortRange": "*",
        "destinationPortRange": "22", "sourceAddressPrefix": OUTSIDE, "destinationAddressPrefix": "*",
    });
    for (name, value) in changes.as_object().unwrap() {
        rule[name] = value.clone();
    }
    azure
        .put_resource(&format!("{}/securityRules/probe", nsg("web-01-nsg")), json!({"properties": rule}))
        .await;
}

#[tokio::test]
async fn a_rule_matches_by_each_of_its_fields() {
    let azure = Azure::start().await;
    for (changes, verdict) in [
        (json!({}), "open"),
        (json!({"protocol": "*"}), "open"),
        (json!({"protocol": "Udp"}), "shut"),
        (json!({"protocol": "Icmp"}), "shut"),
        (json!({"direction": "Outbound"}), "shut"),
        (json!({"access": "Deny"}), "shut"),
        (json!({"destinationPortRange": "20-25"}), "open"),
        (json!({"destinationPortRange": "23-25"}), "shut"),
        (json!({"destinationPortRange": null, "destinationPortRanges": ["1", "22"]}), "open"),
        (json!({"sourcePortRange": "50000"}), "open"),
        (json!({"sourcePortRange": "1-1023"}), "shut"),
        (json!({"sourceAddressPrefix": "203.0.113.0/24"}), "open"),
        (json!({"sourceAddressPrefix": "203.0.114.0/24"}), "shut"),
        (
            json!({"sourceAddressPrefix": null, "sourceAddressPrefixes": ["192.0.2.0/24", "203.0.113.7"]}),
            "open",
        ),
        (json!({"sourceAddressPrefix": "Internet"}), "open"),
        (json!({"sourceAddressPrefix": "Storage"}), "shut"),
        (json!({"destinationAddressPrefix": "10.1.0.4"}), "open"),
        (json!({"destinationAddressPrefix": "VirtualNetwork"}), "open"),
        (json!({"destinationAddressPrefix": "20.51.3.9"}), "shut"),
    ] {
        put(&azure, changes.clone()).await;
        assert_eq!(azure.verdict("web-01", 22, OUTSIDE).await, verdict, "{changes}");
    }
}

#[tokio::test]
async fn internet_is_neither_private_nor_the_network_itself() {
    let azure = Azure::start().await;
    put(&azure, json!({"sourceAddressPrefix": "Internet", "access": "Deny"})).await;
    assert_eq!(azure.probe("web-01", 22, OUTSIDE).await.1, ["web-01-nsg/probe"]);
    assert_eq!(azure.probe("web-01", 22, "192.168.1.1").await.1, ["web-01-nsg/DenyAllInBound"]);
    assert_eq!(azure.probe("web-01", 22, "10.1.0.9").await.1, ["web-01-nsg/AllowVnetInBound"]);
}

#[tokio::test]
async fn the_lower_number_decides_first() {
    let azure = Azure::start().await;
    put(&azure, json!({"destinationPortRange": "443", "access": "Deny", "priority": 199})).await;
    assert_eq!(azure.probe("web-01", 443, OUTSIDE).await.1, ["web-01-nsg/probe"]);
    put(&azure, json!({"destinationPortRange": "443", "access": "Deny", "priority": 201})).await;
    assert_eq!(azure.probe("web-01", 443, OUTSIDE).await.1, ["web-01-nsg/allow-https"]);
}

#[tokio::test]
async fn tells_tcp_and_udp_apart() {
    let azure = Azure::start().await;
    let packet = json!({"vm": "legacy-01", "port": 22, "protocol": "udp", "source": OUTSIDE});
    assert_eq!(azure.control("POST", "/probe", packet).await.json()["verdict"], "shut");
}

#[tokio::test]
async fn an_address_says_where_a_packet_goes() {
    let azure = Azure::start().await;
    for (destination, source, verdict, rule) in [
        ("20.51.3.9", OUTSIDE, "open", "allow-https"),
        ("10.1.0.4", "10.1.0.9", "open", "AllowVnetInBound"),
        ("10.1.0.4", OUTSIDE, "shut", "allow-https"),
        ("20.51.3.200", OUTSIDE, "shut", ""),
    ] {
        let packet = json!({"destination": destination, "port": 443, "source": source});
        let seen = azure.control("POST", "/probe", packet).await.json();
        let decided = seen["decided_by"][0]["rule"].as_str().unwrap_or_default();
        let what = format!("{destination} {source}");
        assert_eq!((seen["verdict"].as_str().unwrap(), decided), (verdict, rule), "{what}");
    }
    let wrong = json!({"vm": "win-01", "destination": "20.51.3.9", "port": 443, "source": OUTSIDE});
    assert_eq!(azure.control("POST", "/probe", wrong).await.json()["verdict"], "shut", "of another machine");
}

#[tokio::test]
async fn rejects_packets_to_nowhere() {
    let azure = Azure::start().await;
    for (packet, status) in [
        (json!({"vm": "nothing", "port": 22, "protocol": "tcp", "source": OUTSIDE}), 404),
        (json!({"port": 22, "protocol": "tcp", "source": OUTSIDE}), 400),
        (json!({"vm": "web-01", "destination": "x", "port": 22, "source": OUTSIDE}), 400),
        (json!({"vm": "web-01", "port": 70_000, "protocol": "tcp", "source": OUTSIDE}), 400),
        (json!({"vm": "web-01", "port": 22, "protocol": "icmp", "source": OUTSIDE}), 400),
        (json!({"vm": "web-01", "port": 22, "protocol": "tcp", "source": "somewhere"}), 400),
    ] {
        assert_eq!(azure.control("POST", "/probe", packet.clone()).await.status, status, "{packet}");
    }
}

#[tokio::test]
async fn finds_a_machine_by_its_id_too() {
    let azure = Azure::start().await;
    let id = format!("{DEV}/resourceGroups/DEV-RG/providers/Microsoft.Compute/virtualMachines/dev-01");
    assert_eq!(azure.verdict(&id, 3389, "198.51.100.1").await, "open");
    let double = format!("{PROD}/resourceGroups/net-rg/providers/Microsoft.Compute/virtualMachines/dev-01");
    azure.put_resource(&double, json!({"properties": {}})).await;
    let packet = json!({"vm": "dev-01", "port": 22, "protocol": "tcp", "source": OUTSIDE});
    assert_eq!(azure.control("POST", "/probe", packet).await.status, 400);
}

#[tokio::test]
async fn an_edit_behind_arms_back_is_in_effect_at_once() {
    let azure = Azure::start_slow().await;
    let id = format!("{}/securityRules/allow-ssh", nsg("legacy-01-nsg"));
    let gone = azure.control("DELETE", "/resources", json!({"id": id})).await;
    assert_eq!(gone.status, 204);
    assert_eq!(azure.verdict("legacy-01", 22, OUTSIDE).await, "shut");
    assert_eq!(azure.control("DELETE", "/resources", json!({"id": id})).await.status, 404);
    let history = azure.control("GET", "/history", json!(null)).await.json();
    assert_eq!(history, json!([]));
    let state = azure.control("GET", "/state", json!(null)).await.json();
    assert_eq!(state[nsg("legacy-01-nsg").to_ascii_lowercase()]["properties"]["securityRules"], json!([]));
}
