"""The simulator as a caller meets it, and the clients that are pointed at it."""

import json
import time
import urllib.parse
import urllib.request

from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import HeadersPolicy
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient

ARM_SCOPE = "https://management.azure.com/.default"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
# Between the answer to a write and its effect: the first look at the operation comes too early.
LATENCY_MS = 200
CASES = []


def case(function):
    """A case in which writes are done at once."""
    CASES.append((function, 0))
    return function


def slow_case(function):
    """A case in which writes go on after they were answered."""
    CASES.append((function, LATENCY_MS))
    return function


def equal(found, expected, what=""):
    if found != expected:
        raise AssertionError(f"{what} {found!r} is not {expected!r}".strip())


def refused(error_type, code, call):
    """The call must fail in this way."""
    try:
        call()
    except error_type as error:
        equal(error.error.code, code)
        return error
    raise AssertionError(f"{code} was not raised")


def control(url, method, path, body=None):
    """A call of the simulator's control interface."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/sim{path}", data, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
    return json.loads(text) if text else None


class PlainHttp(HeadersPolicy):
    """Lets bearer tokens travel to the simulator, which speaks no TLS."""

    def on_request(self, request):
        request.context.options["enforce_https"] = False
        super().on_request(request)


class Secret:
    """A service principal that proves itself with its secret. azure-identity would insist on TLS here."""

    def __init__(self, sim, principal):
        self.sim = sim
        self.app = sim.demo["service_principals"][principal]

    def get_token(self, *scopes, **_):
        form = {
            "grant_type": "client_credentials",
            "client_id": self.app["client_id"],
            "client_secret": self.app["client_secret"],
            "scope": " ".join(scopes),
        }
        url = f"{self.sim.url}/{self.sim.demo['tenant']}/oauth2/v2.0/token"
        with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode()) as answer:
            token = json.load(answer)
        return AccessToken(token["access_token"], int(time.time()) + int(token["expires_in"]))


class Sim:
    def __init__(self, url):
        self.url = url.rstrip("/")
        self.demo = self.control("GET", "/demo")
        self.subscription = self.demo["subscriptions"][0]["id"]
        self.scope = f"/subscriptions/{self.subscription}"
        self.make_owner("NOBODY")
        self.owner = Secret(self, "NOBODY")

    def control(self, method, path, body=None):
        return control(self.url, method, path, body)

    def make_owner(self, principal):
        role = f"/providers/Microsoft.Authorization/roleDefinitions/{OWNER}"
        body = {
            "properties": {
                "principalId": self.demo["service_principals"][principal]["object_id"],
                "principalType": "ServicePrincipal",
                "roleDefinitionId": role,
                "scope": self.scope,
            }
        }
        path = f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{OWNER}"
        self.control("PUT", "/resources", {"id": path, "body": body})

    def network_client(self, credential=None):
        return self._client(NetworkManagementClient, credential)

    def compute_client(self, credential=None):
        return self._client(ComputeManagementClient, credential)

    def authorization_client(self, credential=None):
        return self._client(AuthorizationManagementClient, credential)

    def _client(self, kind, credential):
        return kind(
            credential or self.owner,
            self.subscription,
            base_url=self.url,
            headers_policy=PlainHttp(),
            credential_scopes=[ARM_SCOPE],
        )

    def id(self, group, kind, name):
        return f"{self.scope}/resourceGroups/{group}/providers/Microsoft.Network/{kind}/{name}"

    def probe(self, **packet):
        """`open` or `shut`."""
        return self.control("POST", "/probe", {"source": "203.0.113.7", **packet})["verdict"]

    def statuses(self, part):
        """The statuses of all writes so far whose paths contain this."""
        return [one["status"] for one in self.control("GET", "/history") if part in one["path"]]
