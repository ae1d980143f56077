"""Answers that a test has ordered in place of the service's own: refusals, delays, broken connections."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.azure.stand_in.names import Answer


@dataclass(frozen=True)
class Order:
    """What happens to the next request with this method whose path matches.

    It is ``heeded``, or is not; then ``answer`` is given in place of the service's own, ``seconds`` later, and only a
    ``part`` of it. ``before`` is done before all that.
    """

    method: str
    path: str
    heeded: bool = True
    answer: Answer | None = None
    seconds: float = 0.0
    part: float = 1.0
    before: Callable[[], None] | None = None
    always: bool = False


class Faults:
    """The orders, and the words in which tests give them."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    def answer_once(self, method: str, path: str, status: int, body: Any, **headers: str) -> None:
        """The next request like this gets this answer, and is not heeded."""
        self.orders.append(Order(method, path, heeded=False, answer=Answer(status, body, headers)))

    def answer_always(self, method: str, path: str, status: int, body: Any, **headers: str) -> None:
        """Every request like this gets this answer, until ``relent``; the status 0 is a broken connection."""
        self.relent()
        answer = Answer(status, body, headers, part=1.0 if status else 0.0)
        self.orders.append(Order(method, path, heeded=False, answer=answer, part=answer.part, always=True))

    def relent(self) -> None:
        """End of that."""
        self.orders = [one for one in self.orders if not one.always]

    def drop_once(self, method: str, path: str, *, done: bool) -> None:
        """The connection of the next request like this breaks off without an answer; with ``done`` it was heeded."""
        self.orders.append(Order(method, path, heeded=done, part=0.0))

    def cut_once(self, method: str, path: str) -> None:
        """The next request like this is heeded, and its connection breaks off in the middle of the answer."""
        self.orders.append(Order(method, path, part=0.5))

    def late_once(self, method: str, path: str, seconds: float) -> None:
        """The next request like this is heeded, and answered so much later."""
        self.orders.append(Order(method, path, seconds=seconds))

    def meanwhile(self, method: str, path: str, what: Callable[[], None]) -> None:
        """Do something just before the next request like this is answered."""
        self.orders.append(Order(method, path, before=what))

    def ordered(self, method: str, path: str) -> list[Order]:
        """What is ordered for this request; of orders that change its answer the first."""
        found = []
        for order in list(self.orders):
            if order.method != method or not re.search(order.path, path):
                continue
            found.append(order)
            if not order.always:
                self.orders.remove(order)
            if order.before is None:
                break
        return found
