"""Schemathesis against a running Postern and its own document, as the demo's admin.

Its environment has what `target/dev/dev.env` holds. The last lines say how many calls were made, and `ok` or `FAILED`.
"""

import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

# In one run of the suite; a night may take more.
EXAMPLES = os.environ.get("POSTERN_SCHEMATHESIS_EXAMPLES", "30")
FEWEST_CALLS = 2000

# Not called with an admin's token: a browser's way to sign in, and what has a token of its own.
LEFT_OUT = ["start_sign_in", "finish_sign_in", "sign_out", "read_metrics"]

# A schema cannot say all that is refused: that two openings are of one subscription, that `since` is before `until`.
UNCHECKED = ["positive_data_acceptance"]


def token():
    env = os.environ
    form = {
        "grant_type": "client_credentials",
        "client_id": env["POSTERN_ADMIN_CLIENT_ID"],
        "client_secret": env["POSTERN_ADMIN_CLIENT_SECRET"],
        "scope": env["POSTERN_AUDIENCE"] + "/.default",
    }
    url = f"{env['POSTERN_SIM_URL']}/{env['POSTERN_TENANT']}/oauth2/v2.0/token"
    with urllib.request.urlopen(url, urllib.parse.urlencode(form).encode()) as answer:
        return json.load(answer)["access_token"]


def statuses(report):
    """How many answers had which status."""
    found = Counter()

    def look(value):
        if isinstance(value, dict):
            if isinstance(value.get("status_code"), int):
                found[value["status_code"]] += 1
            for one in value.values():
                look(one)
        elif isinstance(value, list):
            for one in value:
                look(one)

    for line in report.read_text().splitlines():
        look(json.loads(line))
    return found


def main():
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "events.ndjson"
        command = [
            str(Path(sys.executable).with_name("st")), "run", os.environ["POSTERN_URL"] + "/api/openapi.json",
            "--header", f"Authorization: Bearer {token()}",
            "--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", "1", "--workers", "2",
            "--generation-database", "none", "--continue-on-failure", "--request-timeout", "30", "--warnings", "off",
            "--no-color", "--report", "ndjson", "--report-ndjson-path", str(report),
            "--exclude-checks", ",".join(UNCHECKED),
        ]
        for one in LEFT_OUT:
            command += ["--exclude-operation-id", one]
        code = subprocess.run(command, cwd=folder).returncode
        by_status = statuses(report)
    calls = sum(by_status.values())
    print("Calls: " + str(calls) + " (" + ", ".join(f"{n} × {status}" for status, n in sorted(by_status.items())) + ")")
    if code or calls < FEWEST_CALLS:
        print(f"FAILED schemathesis: exit code {code}, {calls} calls")
        return 1
    print("ok schemathesis")
    return 0


if __name__ == "__main__":
    sys.exit(main())
