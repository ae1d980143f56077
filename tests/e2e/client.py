"""A client that asks an endpoint without pause and keeps count."""

from __future__ import annotations

import csv
import http.client
import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def rows_of(behaviour: Path) -> list[dict[str, Any]]:
    """The rows of the data file that the tests train on."""
    with behaviour.open(newline="", encoding="utf-8") as file:
        return [
            {
                "income": float(row["income"]),
                "spending": float(row["spending"]),
                "age": int(row["age"]),
                "account": row["account"],
            }
            for row in csv.DictReader(file)
        ]


@dataclass
class Client:
    """``answered`` counts answers by deployment; ``failed`` holds what was no good answer.

    It asks about ``row``, or in turn about ``rows`` where there are some.
    """

    uri: str
    key: str
    row: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] = ()
    answered: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._turn = itertools.cycle(self.rows or [self.row])

    def ask(self) -> dict[str, Any]:
        """One request on a connection of its own."""
        place = urlsplit(self.uri)
        connection = http.client.HTTPConnection(place.hostname or "", place.port or 80, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            connection.request("POST", place.path, json.dumps(next(self._turn)), headers)
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            raise http.client.HTTPException(f"{answer.status}: {body}")
        found: dict[str, Any] = json.loads(body)
        return found

    def _go_on(self) -> None:
        while not self._ended.is_set():
            try:
                self.answered[self.ask()["deployment"]] += 1
            except (OSError, ValueError, http.client.HTTPException) as error:
                self.failed.append(repr(error))

    @contextmanager
    def asking(self) -> Iterator[Client]:
        """Ask from another thread for as long as the block runs."""
        thread = threading.Thread(target=self._go_on)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()
