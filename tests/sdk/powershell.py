"""The requests of Azure PowerShell, replayed: it is not to be had from a package registry, so it does not run itself."""

import json
from pathlib import Path

from postern import case, in_seconds, only
from sim import equal

RECORDED = json.loads(Path(__file__).with_name("powershell.json").read_text())
VM = "win-01"


class Session:
    """One signed-in PowerShell."""

    def __init__(self, postern, principal):
        self.postern, self.token = postern, postern.token(principal)

    def run(self, cmdlet, end=""):
        """What the cmdlet sends; the answer's JSON."""
        recorded = RECORDED["cmdlets"][cmdlet]
        filled = {
            "{policy}": self.postern.policy("default"),
            "{subscription}": f"/subscriptions/{self.postern.subscription}",
            "{group}": self.postern.group,
            "{vm}": self.postern.vm(VM),
            "{end}": end,
        }
        headers, body, path = dict(RECORDED["headers"]), recorded.get("body"), recorded["path"]
        if body is not None:
            headers["Content-Type"] = RECORDED["content_type"]
            body = json.dumps(body, indent=2).replace("\n", "\r\n")
        for mark, value in filled.items():
            path = path.replace(mark, value)
            body = body and body.replace(mark, value)
        sent = body and body.encode()
        status, _, answer = self.postern.call(recorded["method"], path, self.token, sent, headers)
        equal(status, recorded["status"], f"{cmdlet} answered {answer}:")
        return answer


@case
def the_cmdlets_of_azure_powershell_do_their_work(postern):
    admin, requester = Session(postern, "ADMIN"), Session(postern, "REQUESTER")
    made = admin.run("Set-AzJitNetworkAccessPolicy")
    equal((made["name"], made["kind"]), ("default", "Basic"))
    for scope in ["", " -ResourceGroupName"]:
        listed = requester.run(f"Get-AzJitNetworkAccessPolicy{scope}")["value"]
        equal([one["name"] for one in listed if one["id"] == made["id"]], ["default"], scope)
    # .NET writes seven digits of a second.
    end = in_seconds(600).strftime("%Y-%m-%dT%H:%M:%S.%f") + "1Z"
    asked = requester.run("Start-AzJitNetworkAccessPolicy", end)
    port = only(only(asked["virtualMachines"])["ports"])
    equal((port["number"], port["statusReason"]), (3389, "UserRequested"))
    read = "Get-AzJitNetworkAccessPolicy -ResourceGroupName -Location -Name"
    newest = lambda: only(only(requester.run(read)["properties"]["requests"][-1]["virtualMachines"])["ports"])
    postern.wait("initiated", lambda: newest()["status"] == "Initiated")
    equal(postern.probe(VM, 3389), "open")
    admin.run("Remove-AzJitNetworkAccessPolicy")
    equal(postern.probe(VM, 3389), "shut", "a policy takes its openings along:")
