from azure.core.exceptions import HttpResponseError
from azure.mgmt.network.models import (
    NetworkInterface,
    NetworkInterfaceIPConfiguration,
    NetworkSecurityGroup,
    PublicIPAddress,
    Subnet,
)

from sim import case, equal, refused, slow_case

GROUP = "prod-rg"


@case
def interfaces_networks_and_addresses_are_listed_and_read(sim):
    network = sim.network_client()
    nics = [nic.name for nic in network.network_interfaces.list(GROUP)]
    equal(("web-01-nic" in nics, len(nics) == len(set(nics))), (True, True))
    nic = network.network_interfaces.get(GROUP, "web-01-nic")
    configuration = nic.ip_configurations[0]
    equal(
        (configuration.private_ip_address, nic.network_security_group.id.split("/")[-1]),
        ("10.1.0.4", "web-01-nsg"),
    )
    equal([one.name for one in network.virtual_networks.list(GROUP)], ["prod-vnet"])
    equal([one.name for one in network.subnets.list(GROUP, "prod-vnet")], ["app", "bare", "web"])
    equal(network.subnets.get(GROUP, "prod-vnet", "app").address_prefix, "10.1.1.0/24")
    equal("20.51.3.9" in [one.ip_address for one in network.public_ip_addresses.list(GROUP)], True)
    public = network.public_ip_addresses.get(GROUP, configuration.public_ip_address.id.split("/")[-1])
    equal((public.ip_address, public.ip_configuration.id), ("20.51.3.9", configuration.id))


@slow_case
def an_interface_is_made_with_an_address_and_deleted(sim):
    network = sim.network_client()
    body = PublicIPAddress(location="westeurope", public_ip_allocation_method="Static")
    public = network.public_ip_addresses.begin_create_or_update(GROUP, "sdk-ip", body).result()
    subnet = Subnet(id=f"{sim.id(GROUP, 'virtualNetworks', 'prod-vnet')}/subnets/web")
    configuration = NetworkInterfaceIPConfiguration(
        name="main", subnet=subnet, public_ip_address=PublicIPAddress(id=public.id)
    )
    body = NetworkInterface(location="westeurope", ip_configurations=[configuration])
    nic = network.network_interfaces.begin_create_or_update(GROUP, "sdk-nic", body).result()
    equal(nic.ip_configurations[0].private_ip_address.startswith("10.1.0."), True)
    refused(
        HttpResponseError,
        "PublicIPAddressCannotBeDeleted",
        lambda: network.public_ip_addresses.begin_delete(GROUP, "sdk-ip").result(),
    )
    network.network_interfaces.begin_delete(GROUP, "sdk-nic").result()
    equal("sdk-nic" in [one.name for one in network.network_interfaces.list(GROUP)], False)


@case
def an_interface_takes_another_nsg(sim):
    network = sim.network_client()
    equal(sim.probe(vm="locked-01", port=22), "shut")
    nic = network.network_interfaces.get(GROUP, "locked-01-nic")
    own = nic.network_security_group.id
    for nsg, verdict in [(sim.id(GROUP, "networkSecurityGroups", "legacy-01-nsg"), "open"), (own, "shut")]:
        nic.network_security_group = NetworkSecurityGroup(id=nsg)
        nic = network.network_interfaces.begin_create_or_update(GROUP, "locked-01-nic", nic).result()
        equal((nic.network_security_group.id, sim.probe(vm="locked-01", port=22)), (nsg, verdict))
    equal(nic.virtual_machine.id.split("/")[-1], "locked-01")


@slow_case
def a_subnet_takes_another_nsg(sim):
    network = sim.network_client()
    subnet = network.subnets.get(GROUP, "prod-vnet", "app")
    own = subnet.network_security_group.id
    for nsg, verdict in [(sim.id(GROUP, "networkSecurityGroups", "legacy-01-nsg"), "open"), (own, "shut")]:
        subnet.network_security_group = NetworkSecurityGroup(id=nsg)
        subnet = network.subnets.begin_create_or_update(GROUP, "prod-vnet", "app", subnet).result()
        equal((subnet.network_security_group.id, sim.probe(vm="web-02", port=22)), (nsg, verdict))
