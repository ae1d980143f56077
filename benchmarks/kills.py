"""Kills a canary deploy at random moments, and sees that the endpoint answers and that deploy and rollback go on.

    python benchmarks/kills.py [--backend local] [--kills 20] [--seed 0]

``--backend azure`` is the stand-in of the tests, which the unmodified SDK talks to. After each kill (signal 9) status
has to tell of a release that was left half done, a row is scored, the same deploy is given again, and rolled back.
Prints what each moment left; its own status is 1 where anything did not go on.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.azure.conftest import Cloud, build_environments
from tests.azure.proxy import Proxy
from tests.azure.stand_in import Azure
from tests.conftest import Finbehave, trained, write_behaviour

ROW = '{"income": 2000, "spending": 1500, "age": 40, "account": "current"}'
CHANGE_SECONDS = 2.0
"""How long the stand-in takes for a change of traffic, so that a moment may fall between two of them."""

CANARY = ("deploy", "late-payers:1.0.1", "--strategy", "canary", "--steps", "10,50,100", "--yes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=["local", "azure"], default="local")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory(prefix="finbehave-kills-") as folder, program(arguments.backend, folder) as one:
        data = write_behaviour(Path(folder) / "behaviour.csv")
        for seed in (1, 2):
            (Path(folder) / str(seed)).mkdir()
            package = trained(Path(folder) / str(seed), data, seed=seed)
            build_environments(package)
            one.ok("register", str(package))
        one.ok("deploy", "late-payers:1.0.0", "--yes")
        started = time.monotonic()
        one.ok(*CANARY)
        whole = time.monotonic() - started
        one.ok("rollback", "--yes")
        print(f"a canary deploy takes {whole:.1f} s when nobody kills it")
        failed = sum(not killed_at(one, chance.uniform(0, whole)) for _ in range(arguments.kills))
    print(f"{arguments.kills} kills, {failed} after which something did not go on")
    sys.exit(bool(failed))


@contextmanager
def program(backend: str, folder: str) -> Iterator[Finbehave]:
    """The program in a workspace of its own."""
    home = Path(folder) / "home"
    (home / "service").mkdir(parents=True)
    if backend == "local":
        one = Finbehave(home)
        try:
            yield one
        finally:
            one.end()
        return
    azure = Azure(home / "service")
    azure.takes_seconds = CHANGE_SECONDS
    proxy = Proxy(azure, home)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield Cloud(home, proxy=proxy)
    finally:
        proxy.shutdown()
        azure.end()


def killed_at(one: Finbehave, moment: float) -> bool:
    """Kill it so many seconds after its start, and go on."""
    one("delete", "--deployment", "green", "--yes")  # so that every deploy has all of its way before it
    process = one.start(*CANARY)
    try:
        process.wait(moment)
    except Exception:
        process.kill()
    process.communicate()
    status = one.ok("status")
    split = status["endpoints"][0]["traffic"]
    told = [release["percent"] for release in status["under_way"].values()]
    half = [share for name, share in split.items() if name == "green" and 0 < share < 100]
    answered = one("invoke", "--data", ROW, "-o", "json").code == 0
    deployed = one(*CANARY, "-o", "json")
    back = one("rollback", "--yes", "-o", "json")
    good = answered and told == half and deployed.code == 0 and back.code == 0
    good = good and back.result["traffic"].get("blue") == 100
    left = f"{'answers' if answered else 'SILENT'}, {'told so' if told else 'nothing half done'}"
    print(f"{moment:6.2f} s  {split}  {left}  deploy {deployed.code}  rollback {back.code}", flush=True)
    if not good:
        print(deployed, back, sep="\n")
    return good


if __name__ == "__main__":
    main()
