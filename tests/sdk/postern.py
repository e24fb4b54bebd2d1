"""Postern as scripts meet it: over TLS, by Azure's own clients, with nothing changed but the URL and the audience.

The environment says where it is, as `cargo xtask dev --tls` writes it to `dev.env`.
"""

import json
import os
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

from azure.identity import ClientSecretCredential
from azure.mgmt.security import SecurityCenter

from sim import control

GROUP, LOCATION = "prod-rg", "westeurope"
# From where the front door says that every caller comes.
OWN_ADDRESS = "203.0.113.7"
CASES = []


def case(function):
    """A case; where it yields it has to wait, and others go on meanwhile."""
    CASES.append(function)
    return function


def in_seconds(seconds):
    """A time of this machine's clock, as SDKs take it."""
    return datetime.now(timezone.utc) + timedelta(seconds=seconds)


def only(values):
    """The one value that there is."""
    values = list(values)
    if len(values) != 1:
        raise AssertionError(f"{len(values)} values: {values!r}")
    return values[0]


class Postern:
    def __init__(self):
        read = os.environ.__getitem__
        self.url, self.sim_url, self.ca = read("POSTERN_URL"), read("POSTERN_SIM_URL"), read("POSTERN_CA")
        self.tenant, self.audience = read("POSTERN_TENANT"), read("POSTERN_AUDIENCE")
        self.subscription = self.control("GET", "/demo")["subscriptions"][0]["id"]
        self.group = f"/subscriptions/{self.subscription}/resourceGroups/{GROUP}"

    def vm(self, name):
        return f"{self.group}/providers/Microsoft.Compute/virtualMachines/{name}"

    def policy(self, name):
        return f"{self.group}/providers/Microsoft.Security/locations/{LOCATION}/jitNetworkAccessPolicies/{name}"

    def secret_of(self, principal):
        return [os.environ[f"POSTERN_{principal}_CLIENT_{part}"] for part in ["ID", "SECRET"]]

    def credential(self, principal):
        return ClientSecretCredential(
            self.tenant,
            *self.secret_of(principal),
            authority=self.sim_url,
            disable_instance_discovery=True,
            connection_verify=self.ca,
        )

    def token(self, principal, audience=None):
        return self.credential(principal).get_token(f"{audience or self.audience}/.default").token

    def policies(self, principal="ADMIN", audience=None):
        """The operations on policies, as Azure's SDK has them."""
        client = SecurityCenter(
            self.credential(principal),
            self.subscription,
            base_url=self.url,
            credential_scopes=[f"{audience or self.audience}/.default"],
            connection_verify=self.ca,
        )
        return client.jit_network_access_policies

    def call(self, method, path, token, body=None, headers=None):
        """What a client sent, word for word: status, headers and JSON of the answer."""
        sent = {"Authorization": f"Bearer {token}", **(headers or {})}
        request = urllib.request.Request(f"{self.url}{path}", body, sent, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                status, got, text = answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refusal:
            status, got, text = refusal.code, refusal.headers, refusal.read()
        return status, got, json.loads(text) if text else None

    def control(self, method, path, body=None):
        return control(self.sim_url, method, path, body)

    def probe(self, vm, port, source=OWN_ADDRESS):
        """Whether azure-sim lets a packet to the VM: `open` or `shut`."""
        return self.control("POST", "/probe", {"vm": vm, "port": port, "source": source})["verdict"]

    def wait(self, what, look, seconds=20):
        """Looks until it is true."""
        until = time.monotonic() + seconds
        while not look():
            if time.monotonic() > until:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.2)
