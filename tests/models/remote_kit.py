"""What the tests of remote models share: a client with no waits, and a meter that keeps what it is told."""

from __future__ import annotations

import random
import threading
from typing import Any

from journeyman.errors import BudgetExhausted
from journeyman.models import Completion, Cost, Image, Message, ModelSpec, Price, Prompt
from journeyman.models.config import read_spec
from journeyman.models.endpoint import Endpoint
from journeyman.testing.endpoint import EndpointServer

PROMPT = Prompt((Message("system", "You are terse."), Message("user", "Say hello.")))
PNG = Image("image/png", b"\x89PNG\r\n\x1a\n" + bytes(20))
PRICE = Price(2.0, 8.0, 0.5)


def client(server: EndpointServer | str, **settings: Any) -> Endpoint:
    """A client of `server` that waits next to nothing between attempts."""
    url = server if isinstance(server, str) else server.url
    table: dict[str, Any] = {
        "endpoint": url,
        "model": "loopback",
        "backoff_s": 0.0,
        "timeout_s": 20.0,
        **settings,
    }
    return Endpoint("loop", read_spec(table, what="test"), random.Random(0))


class Book:
    """A meter. Fails the test if reservations and settlements do not alternate. `limit`: attempts before the budget ends."""

    def __init__(self, limit: int | None = None) -> None:
        self.reserved: list[Cost] = []
        self.settled: list[tuple[Cost | None, Completion | None]] = []
        self.threads: set[str] = set()
        self._limit = limit

    def reserve(self, worst: Cost) -> None:
        assert len(self.reserved) == len(self.settled), "an attempt was reserved before the last was settled"
        if self._limit is not None and len(self.reserved) >= self._limit:
            raise BudgetExhausted("tokens", 1, 1, worst.tokens)
        self.threads.add(threading.current_thread().name)
        self.reserved.append(worst)

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        assert len(self.settled) == len(self.reserved) - 1, "settled what was not reserved, or twice"
        self.threads.add(threading.current_thread().name)
        self.settled.append((actual, completion))

    @property
    def costs(self) -> list[Cost | None]:
        """Of all attempts, all of which must be settled."""
        assert len(self.settled) == len(self.reserved)
        return [cost for cost, _ in self.settled]


__all__ = ["PNG", "PRICE", "PROMPT", "Book", "ModelSpec", "client"]
