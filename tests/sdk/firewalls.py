from azure.core.exceptions import HttpResponseError
from azure.mgmt.network.models import (
    AzureFirewallNatRCAction,
    AzureFirewallNatRule,
    AzureFirewallNatRuleCollection,
)

from sim import case, equal, refused, slow_case

GROUP, NAME = "net-rg", "hub-fw"


def a_collection(priority):
    rule = AzureFirewallNatRule(
        name="ssh",
        source_addresses=["203.0.113.7"],
        destination_addresses=["20.51.4.2"],
        destination_ports=["10022"],
        protocols=["TCP"],
        translated_address="10.2.1.4",
        translated_port="22",
    )
    action = AzureFirewallNatRCAction(type="Dnat")
    return AzureFirewallNatRuleCollection(name="sdk", priority=priority, action=action, rules=[rule])


@case
def firewalls_are_listed_and_read(sim):
    firewalls = sim.network_client().azure_firewalls
    equal([one.name for one in firewalls.list(GROUP)], ["hub-fw", "policy-fw"])
    hub = firewalls.get(GROUP, NAME)
    equal((len(hub.ip_configurations), hub.ip_configurations[0].private_ip_address), (2, "10.2.0.4"))
    equal([one.name for one in hub.nat_rule_collections], ["contoso-website"])
    equal(firewalls.get(GROUP, "policy-fw").firewall_policy.id.split("/")[-1], "contoso-policy")


@slow_case
def a_nat_rule_comes_and_goes_with_the_whole_firewall(sim):
    firewalls = sim.network_client().azure_firewalls
    equal(sim.probe(destination="20.51.4.2", port=10_022), "shut")
    hub = firewalls.get(GROUP, NAME)
    hub.nat_rule_collections.append(a_collection(200))
    hub = firewalls.begin_create_or_update(GROUP, NAME, hub, headers={"If-Match": hub.etag}).result()
    equal((hub.provisioning_state, len(hub.nat_rule_collections)), ("Succeeded", 2))
    equal(sim.probe(destination="20.51.4.2", port=10_022), "open")
    hub.nat_rule_collections = [one for one in hub.nat_rule_collections if one.name != "sdk"]
    hub = firewalls.begin_create_or_update(GROUP, NAME, hub, headers={"If-Match": hub.etag}).result()
    equal([one.name for one in hub.nat_rule_collections], ["contoso-website"])
    equal(sim.probe(destination="20.51.4.2", port=10_022), "shut")


@case
def a_priority_that_a_customer_has_is_refused(sim):
    firewalls = sim.network_client().azure_firewalls
    hub = firewalls.get(GROUP, NAME)
    hub.nat_rule_collections.append(a_collection(300))
    refused(
        HttpResponseError,
        "AzureFirewallRuleCollectionPriorityConflict",
        lambda: firewalls.begin_create_or_update(GROUP, NAME, hub).result(),
    )


@case
def a_firewall_with_a_policy_takes_no_classic_rules(sim):
    firewalls = sim.network_client().azure_firewalls
    firewall = firewalls.get(GROUP, "policy-fw")
    firewall.nat_rule_collections = [a_collection(200)]
    refused(
        HttpResponseError,
        "AzureFirewallPolicyAndRuleCollectionsConflict",
        lambda: firewalls.begin_create_or_update(GROUP, "policy-fw", firewall).result(),
    )
