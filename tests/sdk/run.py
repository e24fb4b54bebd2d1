"""Azure's own Python clients against azure-sim: `run.py http://127.0.0.1:PORT [part of a case's name]`.

One line for each case, `ok NAME` or `FAILED NAME: why`; the exit code is 0 if no case failed.
"""

import sys
from importlib import import_module

from sim import CASES, Sim

MODULES = ["addresses", "authorization", "firewalls", "machines", "nsgs", "rules"]


def why(error):
    code = getattr(getattr(error, "error", None), "code", None)
    text = " ".join(str(error).split())[:300]
    return f"{type(error).__name__} {code or ''} {text}".replace("  ", " ")


def main(url, part=""):
    for module in MODULES:
        import_module(module)
    sim = Sim(url)
    failed = 0
    for case, latency_ms in CASES:
        if part not in case.__name__:
            continue
        sim.control("PUT", "/settings", {"latency_ms": latency_ms})
        try:
            case(sim)
            print(f"ok {case.__name__}", flush=True)
        except Exception as error:
            failed += 1
            print(f"FAILED {case.__name__}: {why(error)}", flush=True)
        finally:
            sim.control("DELETE", "/faults")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
