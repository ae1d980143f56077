"""``python -m finbehave.backends.local.gateway ENDPOINT_DIR --fd N [--after FOLDER]``, as the supervisor starts it."""

from __future__ import annotations

import argparse
from pathlib import Path

from finbehave.backends.local.gateway.server import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("endpoint_dir", type=Path)
    parser.add_argument("--fd", type=int, required=True, help="the listening socket")
    parser.add_argument("--after", type=Path, help="the sockets of a gateway that still answers, to be succeeded")
    arguments = parser.parse_args()
    serve(arguments.endpoint_dir, arguments.fd, arguments.after)
