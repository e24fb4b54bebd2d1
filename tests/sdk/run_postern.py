"""Azure's own clients against Postern over TLS: `run_postern.py [part of a case's name]`; `dev.env` is the environment.

One line for each case, `ok NAME` or `FAILED NAME: why`; the exit code is 0 if no case failed.
"""

import sys
from importlib import import_module
from inspect import isgenerator

from postern import CASES, Postern
from run import why

MODULES = ["policies", "powershell", "az"]
WAITS = object()


def main(part=""):
    for module in MODULES:
        import_module(module)
    postern = Postern()
    failed, waiting = 0, []
    for case in [case for case in CASES if part in case.__name__]:
        failed += attempt(case.__name__, lambda: begin(case, postern, waiting))
    for name, rest in waiting:
        failed += attempt(name, lambda: any(rest))
    return 1 if failed else 0


def begin(case, postern, waiting):
    """Runs the case, or its part before it has to wait."""
    begun = case(postern)
    if isgenerator(begun):
        next(begun)
        waiting.append((case.__name__, begun))
        return WAITS
    return None


def attempt(name, run):
    """Says how it went; 1 if it failed."""
    try:
        if run() is not WAITS:
            print(f"ok {name}", flush=True)
        return 0
    except Exception as error:
        print(f"FAILED {name}: {why(error)}", flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
