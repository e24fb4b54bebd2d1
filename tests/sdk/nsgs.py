from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.network.models import NetworkSecurityGroup

from rules import a_rule
from sim import case, equal, refused, slow_case

GROUP = "prod-rg"


@slow_case
def an_nsg_is_created_listed_read_and_deleted(sim):
    groups = sim.network_client().network_security_groups
    body = NetworkSecurityGroup(
        location="westeurope", tags={"made": "by a test"}, security_rules=[a_rule(120, name="ssh")]
    )
    made = groups.begin_create_or_update(GROUP, "sdk-nsg", body).result()
    equal((made.name, made.provisioning_state, len(made.default_security_rules)), ("sdk-nsg", "Succeeded", 6))
    equal([rule.name for rule in made.security_rules], ["ssh"])
    found = groups.get(GROUP, "sdk-nsg")
    equal((found.tags, found.etag is not None), ({"made": "by a test"}, True))
    names = [group.name for group in groups.list(GROUP)]
    equal(("sdk-nsg" in names, "web-01-nsg" in names), (True, True))
    groups.begin_delete(GROUP, "sdk-nsg").result()
    refused(ResourceNotFoundError, "ResourceNotFound", lambda: groups.get(GROUP, "sdk-nsg"))


@case
def an_nsg_in_use_is_not_deleted(sim):
    groups = sim.network_client().network_security_groups
    refused(
        HttpResponseError,
        "InUseNetworkSecurityGroupCannotBeDeleted",
        lambda: groups.begin_delete(GROUP, "web-01-nsg").result(),
    )


@case
def an_nsg_says_what_uses_it(sim):
    group = sim.network_client().network_security_groups.get(GROUP, "win-01-nsg")
    equal([nic.id.split("/")[-1] for nic in group.network_interfaces], ["win-01-nic"])
    equal(group.flush_connection, False)


@case
def lists_follow_the_next_links(sim):
    network = sim.network_client()
    sim.control("PUT", "/settings", {"page_size": 2})
    try:
        names = [group.name for group in network.network_security_groups.list_all()]
        rules = [rule.name for rule in network.security_rules.list(GROUP, "crowded-01-nsg")]
        defaults = [rule.name for rule in network.default_security_rules.list(GROUP, "web-01-nsg")]
    finally:
        sim.control("PUT", "/settings", {"page_size": 50})
    equal(names, [group.name for group in network.network_security_groups.list_all()])
    equal((len(names) > 6, len(rules), len(defaults)), (True, 997, 6))


@slow_case
def an_nsg_cuts_flows_when_it_is_told_to(sim):
    network = sim.network_client()
    groups, rules = network.network_security_groups, network.security_rules
    rules.begin_create_or_update(GROUP, "web-01-nsg", "flow", a_rule(125)).result()
    flow = sim.control("POST", "/flows", {"vm": "web-01", "port": 22, "source": "203.0.113.7"})
    group = groups.get(GROUP, "web-01-nsg")
    group.flush_connection = True
    equal(groups.begin_create_or_update(GROUP, "web-01-nsg", group).result().flush_connection, True)
    equal(flow_state(sim, flow), "established")
    rules.begin_delete(GROUP, "web-01-nsg", "flow").result()
    equal(flow_state(sim, flow), "dropped")
    group = groups.get(GROUP, "web-01-nsg")
    group.flush_connection = False
    equal(groups.begin_create_or_update(GROUP, "web-01-nsg", group).result().flush_connection, False)


def flow_state(sim, flow):
    return next(one["state"] for one in sim.control("GET", "/flows") if one["id"] == flow["id"])


@case
def cutting_flows_is_refused_where_the_feature_is_missing(sim):
    groups = sim.network_client().network_security_groups
    group = groups.get(GROUP, "web-01-nsg")
    group.flush_connection = True
    sim.control("PUT", "/settings", {"flush_connection": False})
    try:
        refused(
            ResourceExistsError,
            "SubscriptionNotRegisteredForFeature",
            lambda: groups.begin_create_or_update(GROUP, "web-01-nsg", group).result(),
        )
    finally:
        sim.control("PUT", "/settings", {"flush_connection": True})


@case
def a_stale_version_of_an_nsg_is_not_written(sim):
    network = sim.network_client()
    groups = network.network_security_groups
    group = groups.get(GROUP, "win-01-nsg")
    network.security_rules.begin_create_or_update(GROUP, "win-01-nsg", "newer", a_rule(125)).result()
    refused(
        HttpResponseError,
        "PreconditionFailed",
        lambda: groups.begin_create_or_update(
            GROUP, "win-01-nsg", group, headers={"If-Match": group.etag}
        ).result(),
    )
    network.security_rules.begin_delete(GROUP, "win-01-nsg", "newer").result()
