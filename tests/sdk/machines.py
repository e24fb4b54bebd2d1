from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from rules import a_rule
from sim import case, equal, refused, Secret, slow_case

GROUP = "prod-rg"


@case
def machines_are_listed_page_by_page(sim):
    machines = sim.compute_client().virtual_machines
    sim.control("PUT", "/settings", {"page_size": 3})
    try:
        names = sorted(vm.name for vm in machines.list_all())
        in_group = [vm.name for vm in machines.list(GROUP)]
    finally:
        sim.control("PUT", "/settings", {"page_size": 50})
    equal(("fw-01" in names, "web-01" in names, len(names)), (True, True, len(set(names))))
    equal(("fw-01" in in_group, "web-01" in in_group), (False, True))


@case
def a_machine_is_read_with_its_instance_view(sim):
    machines = sim.compute_client().virtual_machines
    vm = machines.get(GROUP, "win-01", expand="instanceView")
    equal((vm.storage_profile.os_disk.os_type, vm.location), ("Windows", "westeurope"))
    equal(vm.network_profile.network_interfaces[0].id.split("/")[-1], "win-01-nic")
    equal([status.code for status in vm.instance_view.statuses][1], "PowerState/running")
    view = machines.instance_view(GROUP, "stopped-01")
    equal([status.code for status in view.statuses][1], "PowerState/deallocated")
    equal(machines.get(GROUP, "win-01").instance_view, None)


@slow_case
def a_machine_starts_and_stops(sim):
    machines = sim.compute_client().virtual_machines
    public = sim.network_client().public_ip_addresses
    equal(public.get(GROUP, "stopped-01-ip").ip_address, None)
    machines.begin_start(GROUP, "stopped-01").result()
    equal(
        [status.code for status in machines.instance_view(GROUP, "stopped-01").statuses][1],
        "PowerState/running",
    )
    equal(public.get(GROUP, "stopped-01-ip").ip_address is None, False)
    machines.begin_deallocate(GROUP, "stopped-01").result()
    code = [status.code for status in machines.instance_view(GROUP, "stopped-01").statuses][1]
    equal((code, public.get(GROUP, "stopped-01-ip").ip_address), ("PowerState/deallocated", None))


@slow_case
def the_effective_rules_of_an_interface_are_told(sim):
    network = sim.network_client()
    network.security_rules.begin_create_or_update(GROUP, "win-01-nsg", "effective", a_rule(127)).result()
    answer = network.network_interfaces.begin_list_effective_network_security_groups(
        GROUP, "win-01-nic"
    ).result()
    by_nsg = {one.network_security_group.id.split("/")[-1]: one for one in answer.value}
    equal(sorted(by_nsg), ["app-subnet-nsg", "win-01-nsg"])
    rule = by_nsg["win-01-nsg"].effective_security_rules[0]
    equal((rule.name, rule.destination_port_range, rule.priority), ("securityRules/effective", "22-22", 127))
    equal(by_nsg["app-subnet-nsg"].association.subnet.id.split("/")[-1], "app")
    network.security_rules.begin_delete(GROUP, "win-01-nsg", "effective").result()


@case
def the_effective_rules_of_a_stopped_machine_are_refused(sim):
    interfaces = sim.network_client().network_interfaces
    refused(
        HttpResponseError,
        "NetworkInterfaceNotOnRunningVm",
        lambda: interfaces.begin_list_effective_network_security_groups(GROUP, "stopped-01-nic").result(),
    )


@case
def what_is_not_there_is_not_found(sim):
    machines = sim.compute_client().virtual_machines
    error = refused(ResourceNotFoundError, "ResourceNotFound", lambda: machines.get(GROUP, "nothing"))
    equal(error.status_code, 404)
    refused(ResourceNotFoundError, "ResourceGroupNotFound", lambda: machines.get("nothing-rg", "web-01"))


@case
def who_has_no_right_is_refused(sim):
    reader = Secret(sim, "READER")
    equal(sim.compute_client(reader).virtual_machines.get(GROUP, "web-01").name, "web-01")
    refused(
        HttpResponseError,
        "AuthorizationFailed",
        lambda: sim.compute_client(reader).virtual_machines.begin_start(GROUP, "stopped-01"),
    )


@case
def a_false_token_is_refused(sim):
    class Forger:
        def get_token(self, *_, **__):
            return AccessToken("forged", 4_102_444_800)

    machines = sim.compute_client(Forger()).virtual_machines
    refused(ClientAuthenticationError, "InvalidAuthenticationToken", lambda: machines.get(GROUP, "web-01"))


@slow_case
def a_machine_is_deleted(sim):
    machines = sim.compute_client().virtual_machines
    machines.begin_delete(GROUP, "bare-01").result()
    refused(ResourceNotFoundError, "ResourceNotFound", lambda: machines.get(GROUP, "bare-01"))
    equal(sim.network_client().network_interfaces.get(GROUP, "bare-01-nic").virtual_machine, None)
