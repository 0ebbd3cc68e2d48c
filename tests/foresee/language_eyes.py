"""A vision model for tests that has nothing but its eyes: it knows tiles by their pictures, plans on what it sees, acts.

It is served behind a loopback endpoint, keeps nothing between requests, and is handed nothing but the request.
"""

from __future__ import annotations

import base64
import io
import json
import re
from collections import deque
from typing import Any

import numpy as np
from PIL import Image

from journeyman.testing.endpoint import Behaviour

STEPS = {"Up": (-1, 0), "Down": (1, 0), "Left": (0, -1), "Right": (0, 1)}


class Eyes:
    """Reads pictures of a world whose tiles it has seen before, on other instances than those it plays."""

    def __init__(self, world: Any) -> None:
        self.known: dict[bytes, str] = {}
        for instance in world.instances(12, "train"):
            world.reset(options={"instance": instance.id})
            self._learn(world)
            while ways := world.best_actions(world.snapshot()):
                world.step(ways[0])
                self._learn(world)
        self.pictures: list[bytes] = []

    def _learn(self, world: Any) -> None:
        symbols = world.observe("symbols").symbols.split("\n")
        for row, line in enumerate(self._tiles(world.observe("image").image, len(symbols))):
            for column, tile in enumerate(line):
                assert self.known.setdefault(tile, symbols[row][column]) == symbols[row][column]

    def _tiles(self, png: bytes, size: int) -> list[list[bytes]]:
        picture = Image.open(io.BytesIO(png))
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("RGB"))
        edge = pixels.shape[0] // size
        return [
            [pixels[r * edge : (r + 1) * edge, c * edge : (c + 1) * edge].tobytes() for c in range(size)]
            for r in range(size)
        ]

    def read(self, png: bytes, size: int) -> list[str]:
        """The picture as symbols, a text a row."""
        return ["".join(self.known.get(tile, "?") for tile in row) for row in self._tiles(png, size)]

    def reply(self, body: dict[str, Any], size: int) -> str | Behaviour:
        """What the model answers: it asks before each action, looks at what it is shown, then acts."""
        shown = [message for message in body["messages"] if isinstance(message["content"], list)]
        pngs = [_picture(part) for message in shown for part in message["content"] if part["type"] == "image_url"]
        assert pngs, "there is no picture in the request"
        self.pictures.append(pngs[-1])
        # The last words: of the message with the picture, or of the result of a function before it.
        words = [_words(message) for message in body["messages"] if message["role"] in ("user", "tool")]
        event = next(text for text in reversed(words) if text and text != "What is seen:")
        real = pngs[-1] if event.startswith("OBSERVATION") else pngs[-2]
        way = plan(self.read(real, size))
        simulates = "simulate" in _words(body["messages"][0]) and event.startswith("OBSERVATION")
        if event.startswith("HYPOTHETICAL"):
            assert pngs[-1] != real, "the prediction shows nothing new"
            assert plan(self.read(pngs[-1], size)) == way[1:], "the prediction is not what the action does"
        name = "simulate" if simulates else "act"
        if "tools" in body:
            given = {"alternatives": [way[:1]]} if simulates else {"actions": way[:1]}
            assert name in [tool["function"]["name"] for tool in body["tools"]]
            return Behaviour.calls((name, given), text=f"It takes {len(way)} more.")
        return f"It takes {len(way)} more.\n<{name}>{way[0]}</{name}>"


def plan(rows: list[str]) -> list[str]:
    """The first of the shortest ways to success, found by breadth; [] where it is over."""
    cells = {(r, c): symbol for r, row in enumerate(rows) for c, symbol in enumerate(row)}
    assert "?" not in cells.values(), f"a tile that was never seen: {rows}"
    start = next(at for at, symbol in cells.items() if symbol in "PV@+")
    boxes = frozenset(at for at, symbol in cells.items() if symbol in "$*")
    targets = {at for at, symbol in cells.items() if symbol in ".*+"}
    lake = not boxes

    def won(at: tuple[int, int], boxes: frozenset[tuple[int, int]]) -> bool:
        return cells[at] in "GV" if lake else boxes <= targets

    queue: deque[tuple[tuple[int, int], frozenset[tuple[int, int]], list[str]]] = deque([(start, boxes, [])])
    seen = {(start, boxes)}
    while queue:
        at, boxes, way = queue.popleft()
        if won(at, boxes):
            return way
        for name, (down, right) in STEPS.items():
            ahead, behind = (at[0] + down, at[1] + right), (at[0] + 2 * down, at[1] + 2 * right)
            if cells.get(ahead, "#") in "#O":
                continue
            moved = boxes
            if ahead in boxes:
                if cells.get(behind, "#") == "#" or behind in boxes:
                    continue
                moved = boxes - {ahead} | {behind}
            if (ahead, moved) not in seen:
                seen.add((ahead, moved))
                queue.append((ahead, moved, [*way, name]))
    raise AssertionError(f"there is no way: {rows}")


def _picture(part: dict[str, Any]) -> bytes:
    head, _, data = part["image_url"]["url"].partition(",")
    assert re.fullmatch(r"data:image/png;base64", head)
    png = base64.b64decode(data, validate=True)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return png


def _words(message: dict[str, Any]) -> str:
    content = message["content"] or json.dumps(message.get("tool_calls", ""))
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
