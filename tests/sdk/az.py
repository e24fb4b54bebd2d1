"""The real `az`: Postern registered as a cloud by its URL alone, and azure-sim as another to see the effect."""

import json
import os
import re
import subprocess
import tempfile
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from postern import GROUP, LOCATION, OWN_ADDRESS, case, in_seconds, only
from sim import equal

AZ = os.environ["POSTERN_AZ"]
README = Path(__file__).parents[2] / "README.md"
SECTION = "## From scripts, SDKs and az"
# The authority is this machine, which the directory of all authorities does not know.
SETTINGS = {"AZURE_CORE_INSTANCE_DISCOVERY": "false", "AZURE_CORE_COLLECT_TELEMETRY": "false"}
VERSION = "api-version=2020-01-01"


class Az:
    """`az` of one person, signed in to one cloud; it has a folder of its own for what it remembers."""

    def __init__(self, postern, url, principal):
        self.folder = tempfile.TemporaryDirectory()
        client_id, secret = postern.secret_of(principal)
        self.run("cloud", "register", "--name", "Here", "--endpoint-resource-manager", url)
        self.run("cloud", "set", "--name", "Here")
        who = ["--username", client_id, "--password", secret, "--tenant", postern.tenant]
        self.account = self.run("login", "--service-principal", *who)

    def run(self, *words):
        """The JSON that the command prints."""
        done = self.attempt(*words)
        if done.returncode != 0:
            raise AssertionError(f"az {' '.join(words[:3])}: {done.stderr.strip()[-600:]}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def refused(self, *words):
        """What the command complains about."""
        done = self.attempt(*words)
        equal(done.returncode == 0, False, "it was not refused:")
        return done.stderr

    def attempt(self, *words):
        environment = {**os.environ, **SETTINGS, "AZURE_CONFIG_DIR": self.folder.name}
        command = [AZ, *words, "--output", "json", "--only-show-errors"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)

    def rest(self, method, path, body=None):
        return ["rest", "--method", method, "--url", f"{path}?{VERSION}", *(["--body", json.dumps(body)] if body else [])]


@case
def az_that_is_told_one_url_works_through_a_policys_life(postern):
    admin, requester = Az(postern, postern.url, "ADMIN"), Az(postern, postern.url, "REQUESTER")
    azure = Az(postern, postern.sim_url, "READER")
    equal(postern.subscription in [one["id"] for one in admin.account], True, admin.account)
    policy, vm = postern.policy("az"), postern.vm("web-01")
    rule = {"number": 22, "protocol": "TCP", "allowedSourceAddressPrefix": "*", "maxRequestAccessDuration": "PT3H"}
    body = {"kind": "Basic", "properties": {"virtualMachines": [{"id": vm, "ports": [rule]}]}}
    admin.run(*admin.rest("put", policy, body))
    named = ["--resource-group", GROUP, "--location", LOCATION, "--name", "az"]
    shown = requester.run("security", "jit-policy", "show", *named)
    equal(only(shown["virtualMachines"])["ports"][0]["maxRequestAccessDuration"], "PT3H")
    for scope in [[], ["--resource-group", GROUP], ["--resource-group", GROUP, "--location", LOCATION]]:
        listed = requester.run("security", "jit-policy", "list", *scope)
        equal("az" in [one["name"] for one in listed], True, scope)
    end = in_seconds(120).isoformat()
    port = {"number": 22, "allowedSourceAddressPrefix": OWN_ADDRESS, "endTimeUtc": end.replace("+00:00", "Z")}
    asked = {"virtualMachines": [{"id": vm, "ports": [port]}], "justification": "a test"}
    requester.run(*requester.rest("post", f"{policy}/initiate", asked))
    postern.wait("open", lambda: postern.probe("web-01", 22) == "open")
    opened = only(one for one in rules(azure) if one["access"] == "Allow" and one["destinationPortRange"] == "22")
    equal((opened["sourceAddressPrefix"], opened["direction"]), (OWN_ADDRESS, "Inbound"))
    admin.run(*admin.rest("delete", policy))
    equal([one["name"] for one in rules(azure) if one["destinationPortRange"] == "22"], [])
    equal(postern.probe("web-01", 22), "shut")


def rules(azure):
    return azure.run("network", "nsg", "rule", "list", "--resource-group", GROUP, "--nsg-name", "web-01-nsg")


@case
def az_shows_why_it_was_refused(postern):
    requester = Az(postern, postern.url, "REQUESTER")
    asked = {"virtualMachines": [{"id": postern.vm("web-01"), "ports": [{"number": 22, "duration": "PT5M"}]}]}
    missing = requester.refused(*requester.rest("post", f"{postern.policy('nowhere')}/initiate", asked))
    equal("PolicyNotFound" in missing, True, missing)
    rule = {"number": 22, "protocol": "TCP", "allowedSourceAddressPrefix": "*", "maxRequestAccessDuration": "PT3H"}
    body = {"kind": "Basic", "properties": {"virtualMachines": [{"id": postern.vm("web-01"), "ports": [rule]}]}}
    forbidden = requester.refused(*requester.rest("put", postern.policy("az"), body))
    equal("Forbidden" in forbidden, True, forbidden)
    named = ["--resource-group", GROUP, "--location", LOCATION, "--name", "nowhere"]
    shown = requester.refused("security", "jit-policy", "show", *named)
    equal("PolicyNotFound" in shown, True, shown)


@case
def the_commands_of_the_readme_work(postern):
    section = README.read_text().split(f"{SECTION}\n", 1)[1].split("\n## ", 1)[0]
    blocks = dict(re.findall(r"```(sh|python)\n(.*?)```", section, re.DOTALL))
    folder = Path(postern.ca).parents[1]
    commands = blocks["sh"].replace("target/dev/", f"{folder}/")
    with tempfile.TemporaryDirectory() as remembered:
        environment = {**os.environ, "AZURE_CONFIG_DIR": remembered, "PATH": f"{Path(AZ).parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["bash", "-euc", commands], env=environment, capture_output=True, text=True, timeout=180
        )
    equal(done.returncode, 0, done.stderr[-800:])
    equal(postern.probe("web-01", 22), "open", done.stdout[-800:])
    with redirect_stdout(StringIO()) as printed:
        exec(compile(blocks["python"], "README.md", "exec"), {})
    equal("a look at the logs" in printed.getvalue(), True, printed.getvalue())
    postern.policies().delete(GROUP, LOCATION, "default")
    equal(postern.probe("web-01", 22), "shut")
