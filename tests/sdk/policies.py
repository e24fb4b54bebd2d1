from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.mgmt.security.v2020_01_01.models import (
    JitNetworkAccessPolicy,
    JitNetworkAccessPolicyInitiatePort,
    JitNetworkAccessPolicyInitiateRequest,
    JitNetworkAccessPolicyInitiateVirtualMachine,
    JitNetworkAccessPolicyVirtualMachine,
    JitNetworkAccessPortRule,
)

from postern import GROUP, LOCATION, OWN_ADDRESS, case, in_seconds, only
from sim import equal, refused

ARM = "https://management.azure.com"
# No opening is shorter.
SHORTEST_S = 60


def a_rule(**changes):
    fields = {
        "number": 22,
        "protocol": "TCP",
        "allowed_source_address_prefix": "*",
        "max_request_access_duration": "PT3H",
    }
    return JitNetworkAccessPortRule(**{**fields, **changes})


def a_policy(postern, vm, *rules):
    machine = JitNetworkAccessPolicyVirtualMachine(id=postern.vm(vm), ports=list(rules) or [a_rule()])
    return JitNetworkAccessPolicy(kind="Basic", virtual_machines=[machine])


def a_request(postern, vm, seconds, **port):
    port = JitNetworkAccessPolicyInitiatePort(**{"number": 22, "end_time_utc": in_seconds(seconds), **port})
    machine = JitNetworkAccessPolicyInitiateVirtualMachine(id=postern.vm(vm), ports=[port])
    return JitNetworkAccessPolicyInitiateRequest(virtual_machines=[machine], justification="a test")


def names(policies):
    return [policy.name for policy in policies]


@case
def the_python_sdk_sees_a_policy_through_its_life(postern):
    policies = postern.policies()
    several = ["203.0.113.0/24", "198.51.100.9"]
    windows = a_rule(
        number=3389,
        protocol="*",
        allowed_source_address_prefix=None,
        allowed_source_address_prefixes=several,
        max_request_access_duration="PT1H30M",
    )
    made = policies.create_or_update(GROUP, LOCATION, "python", a_policy(postern, "web-01", a_rule(), windows))
    equal((made.name, made.kind, made.location), ("python", "Basic", LOCATION))
    equal((made.type, made.provisioning_state), ("Microsoft.Security/locations/jitNetworkAccessPolicies", "Succeeded"))
    machine = only(policies.get(GROUP, LOCATION, "python").virtual_machines)
    equal(machine.id.lower(), postern.vm("web-01").lower())
    ports = {port.number: port for port in machine.ports}
    equal((ports[22].protocol, ports[22].allowed_source_address_prefix), ("TCP", "*"))
    equal(ports[22].max_request_access_duration, "PT3H")
    equal((ports[3389].protocol, sorted(ports[3389].allowed_source_address_prefixes)), ("*", sorted(several)))
    equal(ports[3389].max_request_access_duration, "PT1H30M")
    lists = [
        policies.list(),
        policies.list_by_region(LOCATION),
        policies.list_by_resource_group(GROUP),
        policies.list_by_resource_group_and_region(GROUP, LOCATION),
    ]
    equal(["python" in names(one) for one in lists], [True] * 4)
    equal(names(policies.list_by_region("northeurope")), [])
    policies.create_or_update(GROUP, LOCATION, "python", a_policy(postern, "web-01"))
    equal([port.number for port in only(policies.get(GROUP, LOCATION, "python").virtual_machines).ports], [22])
    policies.delete(GROUP, LOCATION, "python")
    policies.delete(GROUP, LOCATION, "python")
    refused(ResourceNotFoundError, "PolicyNotFound", lambda: policies.get(GROUP, LOCATION, "python"))


@case
def the_python_sdk_sees_a_request_from_asked_to_expired(postern):
    admin, requester = postern.policies(), postern.policies("REQUESTER")
    admin.create_or_update(GROUP, LOCATION, "expiring", a_policy(postern, "web-02"))
    equal(postern.probe("web-02", 22), "shut")
    # No source is named: it is the caller's own address.
    asked = requester.initiate(GROUP, LOCATION, "expiring", a_request(postern, "web-02", SHORTEST_S + 6))
    port = only(only(asked.virtual_machines).ports)
    equal((port.number, port.allowed_source_address_prefix, asked.justification), (22, OWN_ADDRESS, "a test"))
    equal(port.status in ["Initiating", "Initiated"], True, port.status)
    postern.wait("initiated", lambda: state(admin) == ("Initiated", "UserRequested"))
    equal((postern.probe("web-02", 22), postern.probe("web-02", 22, "198.51.100.1")), ("open", "shut"))
    yield
    postern.wait("expired", lambda: state(admin) == ("Revoked", "Expired"), SHORTEST_S + 30)
    equal(postern.probe("web-02", 22), "shut")
    admin.delete(GROUP, LOCATION, "expiring")


def state(policies):
    """Status and reason of the one port of the newest request."""
    port = only(only(policies.get(GROUP, LOCATION, "expiring").requests[-1].virtual_machines).ports)
    return port.status, port.status_reason


@case
def the_python_sdk_gets_refusals_with_azures_codes(postern):
    policies = postern.policies()
    policies.create_or_update(GROUP, LOCATION, "python", a_policy(postern, "web-01"))
    initiate = lambda name, request: policies.initiate(GROUP, LOCATION, name, request)
    refused(
        ResourceNotFoundError,
        "PolicyNotFound",
        lambda: initiate("no-such-policy", a_request(postern, "web-01", 600)),
    )
    for outside in [{"number": 23}, {"end_time_utc": in_seconds(4 * 3600)}]:
        request = a_request(postern, "web-01", 600, **outside)
        error = refused(HttpResponseError, "InvalidInitiateInput", lambda: initiate("python", request))
        equal("is not a subset of policy" in error.error.message, True, error.error.message)
    put = lambda rule: policies.create_or_update(GROUP, LOCATION, "python", a_policy(postern, "web-01", rule))
    for bad in [{"number": 65536}, {"max_request_access_duration": "P2D"}, {"allowed_source_address_prefix": "here"}]:
        failed = status_of(HttpResponseError, lambda: put(a_rule(**bad)))
        equal(failed, 400, bad)
    policies.delete(GROUP, LOCATION, "python")


def status_of(error_type, call):
    return refusal(error_type, call).status_code


def code_of(call):
    return refusal(HttpResponseError, call).error.code


def refusal(error_type, call):
    """The error of a call that must fail, with a code and a message as Azure's have."""
    try:
        call()
    except error_type as error:
        equal(bool(error.error.code and error.error.message), True, error)
        return error
    raise AssertionError("it was not refused")


@case
def the_python_sdk_follows_the_links_to_the_next_pages(postern):
    policies = postern.policies()
    made = {"python-1": "web-01", "python-2": "legacy-01", "python-3": "win-01"}
    for name, vm in made.items():
        policies.create_or_update(GROUP, LOCATION, name, a_policy(postern, vm, a_rule(number=5986)))
    pages = [names(page) for page in policies.list(params={"$top": "2"}).by_page()]
    equal((len(pages) > 1, max(len(page) for page in pages)), (True, 2))
    equal(sorted(name for page in pages for name in page if name in made), sorted(made))
    for name in made:
        policies.delete(GROUP, LOCATION, name)


@case
def a_reader_may_not_write_and_a_stranger_sees_nothing(postern):
    reader = postern.policies("READER")
    list(reader.list())
    put = lambda: reader.create_or_update(GROUP, LOCATION, "python", a_policy(postern, "web-01"))
    equal(status_of(HttpResponseError, put), 403)
    postern.policies().create_or_update(GROUP, LOCATION, "python", a_policy(postern, "web-01"))
    stranger = postern.policies("NOBODY")
    equal(list(stranger.list()), [])
    codes = [code_of(lambda: stranger.get(GROUP, LOCATION, name)) for name in ["python", "no-such-policy"]]
    equal(codes[0], codes[1], "who may not see it learns that it is there:")
    postern.policies().delete(GROUP, LOCATION, "python")


@case
def a_token_for_resource_manager_is_not_taken(postern):
    misdirected = postern.policies(audience=ARM)
    error = refusal(ClientAuthenticationError, lambda: list(misdirected.list()))
    challenge = error.response.headers["WWW-Authenticate"]
    equal((error.status_code, f'resource_id="{postern.audience}"' in challenge), (401, True), challenge)
