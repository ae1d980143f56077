"""``python -m finbehave.backends.local.gateway ENDPOINT_DIR RUNTIME …``, as the supervisor starts it."""

from __future__ import annotations

import argparse
from pathlib import Path

from finbehave.backends.local.gateway.server import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint_dir", type=Path)
    parser.add_argument("runtime", type=Path, help="the folder of its sockets")
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--supervisor", type=int, required=True, help="the pid of the supervisor")
    parser.add_argument("--after", type=Path, action="append", default=[], help="sockets of a gateway to be succeeded")
    arguments = parser.parse_args()
    serve(arguments.endpoint_dir, arguments.runtime, arguments.fd, arguments.supervisor, arguments.after)
