import os

from azure.identity import ManagedIdentityCredential

from sim import case, equal


@case
def role_assignments_are_listed(sim):
    assignments = sim.authorization_client().role_assignments
    rui = next(one for one in sim.demo["people"] if one["name"].startswith("Rui"))["object_id"]
    found = list(assignments.list_for_scope(sim.scope, filter=f"assignedTo('{rui}')"))
    equal([one.scope.split("/")[-1] for one in found], ["prod-rg"])
    equal(len(list(assignments.list_for_subscription())) > 5, True)


@case
def role_definitions_are_listed_and_read(sim):
    definitions = sim.authorization_client().role_definitions
    names = {one.role_name: one for one in definitions.list(sim.scope)}
    equal({"Owner", "Reader", "Postern Operator"} <= set(names), True)
    operator = definitions.get(sim.scope, names["Postern Operator"].name)
    equal("Microsoft.Network/azureFirewalls/write" in operator.permissions[0].actions, True)


@case
def permissions_in_a_group_are_told(sim):
    found = list(sim.authorization_client().permissions.list_for_resource_group("prod-rg"))
    equal(["*"] in [one.actions for one in found], True)


@case
def the_managed_identity_gets_its_token_from_the_endpoint(sim):
    os.environ["IDENTITY_ENDPOINT"] = sim.demo["identity"]["endpoint"]
    os.environ["IDENTITY_HEADER"] = sim.demo["identity"]["header"]
    network = sim.network_client(ManagedIdentityCredential())
    equal(network.network_security_groups.get("prod-rg", "web-01-nsg").name, "web-01-nsg")
