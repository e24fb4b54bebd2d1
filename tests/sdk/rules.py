import time

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.network.models import SecurityRule

from sim import case, equal, refused, slow_case

GROUP, NSG = "prod-rg", "web-01-nsg"
# What clients wait between two looks when the server does not say how long.
SDK_POLLING_S = 30


def a_rule(priority, **changes):
    fields = {
        "protocol": "Tcp",
        "access": "Allow",
        "direction": "Inbound",
        "priority": priority,
        "source_port_range": "*",
        "destination_port_range": "22",
        "source_address_prefix": "203.0.113.7",
        "destination_address_prefix": "10.1.0.4",
    }
    return SecurityRule(**{**fields, **changes})


def put(network, name, rule):
    return network.security_rules.begin_create_or_update(GROUP, NSG, name, rule)


@slow_case
def a_rule_is_created_read_changed_and_deleted(sim):
    network = sim.network_client()
    equal(sim.probe(vm="web-01", port=22), "shut")
    began = time.monotonic()
    made = put(network, "life", a_rule(130, description="made by a test")).result()
    equal((made.name, made.provisioning_state, made.priority), ("life", "Succeeded", 130))
    equal(sim.probe(vm="web-01", port=22), "open", "the result came when the rule was in effect:")
    if time.monotonic() - began > SDK_POLLING_S:
        raise AssertionError("Retry-After was not heeded")
    equal(network.security_rules.get(GROUP, NSG, "life").description, "made by a test")
    several = ["203.0.113.8", "198.51.100.0/24"]
    changed = put(network, "life", a_rule(131, source_address_prefix=None, source_address_prefixes=several))
    equal(changed.result().priority, 131)
    equal(network.security_rules.get(GROUP, NSG, "life").source_address_prefixes, several)
    equal(sim.probe(vm="web-01", port=22), "shut")
    equal(sim.probe(vm="web-01", port=22, source="198.51.100.9"), "open")
    network.security_rules.begin_delete(GROUP, NSG, "life").result()
    equal(sim.probe(vm="web-01", port=22, source="198.51.100.9"), "shut")
    refused(ResourceNotFoundError, "ResourceNotFound", lambda: network.security_rules.get(GROUP, NSG, "life"))


@case
def a_rule_that_is_not_there_is_deleted_without_complaint(sim):
    sim.network_client().security_rules.begin_delete(GROUP, NSG, "never-was").result()


@case
def two_rules_of_one_priority_conflict(sim):
    network = sim.network_client()
    put(network, "first", a_rule(140)).result()
    error = refused(
        ResourceExistsError, "SecurityRuleConflict", lambda: put(network, "second", a_rule(140)).result()
    )
    equal(error.status_code, 409)
    put(network, "second", a_rule(140, direction="Outbound")).result()
    for name in ["first", "second"]:
        network.security_rules.begin_delete(GROUP, NSG, name).result()


@case
def a_rule_with_a_bad_port_is_refused(sim):
    bad = a_rule(150, destination_port_range="90-80")
    refused(
        HttpResponseError,
        "SecurityRuleInvalidPortRange",
        lambda: put(sim.network_client(), "bad", bad).result(),
    )


@slow_case
def a_locked_nsg_is_tried_again(sim):
    network = sim.network_client()
    first = put(network, "lock-first", a_rule(160))
    second = put(network, "lock-second", a_rule(161))
    equal((first.result().name, second.result().name), ("lock-first", "lock-second"))
    equal(sim.statuses("lock-second"), [429, 201])
    for name in ["lock-first", "lock-second"]:
        network.security_rules.begin_delete(GROUP, NSG, name).result()


@case
def a_quota_is_waited_out_for_as_long_as_the_server_says(sim):
    fault = {"kind": "throttle", "method": "PUT", "path_contains": "quota", "count": 1, "retry_after_s": 2}
    sim.control("POST", "/faults", fault)
    network = sim.network_client()
    began = time.monotonic()
    poller = put(network, "quota", a_rule(170))
    waited = time.monotonic() - began
    if not 2 <= waited < 10:
        raise AssertionError(f"waited {waited:.1f} s")
    poller.result()
    equal(sim.statuses("quota"), [429, 201])
    network.security_rules.begin_delete(GROUP, NSG, "quota").result()


@case
def a_used_up_bucket_is_waited_out(sim):
    network = sim.network_client()
    sim.control("PUT", "/settings", {"limits": {"deletes": {"burst": 1, "per_second": 1}}})
    try:
        for name in ["bucket-1", "bucket-2"]:
            network.security_rules.begin_delete(GROUP, NSG, name).result()
    finally:
        sim.control("PUT", "/settings", {"limits": None})
    equal(sim.statuses("bucket-1"), [204])
    equal(sim.statuses("bucket-2"), [429, 204])


@case
def a_late_failure_is_an_error_of_the_poller(sim):
    network = sim.network_client()
    sim.control("POST", "/faults", {"kind": "fail_late", "method": "PUT", "path_contains": "too-late"})
    poller = put(network, "too-late", a_rule(180))
    refused(HttpResponseError, "InternalServerError", poller.result)
    equal(network.security_rules.get(GROUP, NSG, "too-late").provisioning_state, "Failed")
    equal(sim.probe(vm="web-01", port=22), "shut")
    network.security_rules.begin_delete(GROUP, NSG, "too-late").result()


@case
def a_lost_reply_is_sent_again(sim):
    network = sim.network_client()
    sim.control("POST", "/faults", {"kind": "drop_after", "method": "PUT", "path_contains": "lost-reply"})
    equal(put(network, "lost-reply", a_rule(190)).result().provisioning_state, "Succeeded")
    network.security_rules.begin_delete(GROUP, NSG, "lost-reply").result()
