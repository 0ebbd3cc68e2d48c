"""What an evaluation would take: from a few episodes of agents that compute, from the first prompt of those that ask."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journeyman.errors import JourneymanError
from journeyman.foresee.agents.agent import models_of
from journeyman.foresee.cell import Cell
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluation.opened import Opened
from journeyman.foresee.protocol.caps import caps_of
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.worlds.world import Instance

if TYPE_CHECKING:
    from journeyman.models import Completion, Message, Model, Prompt

TRIED = 2
"""Episodes of each cell that are played in memory, of agents that ask no model."""
BYTES_A_TOKEN = 4
TOKENS_AN_IMAGE = 1_000
TOKENS_A_REPLY = 200
"""A few sentences and a tag; a model that reasons writes more."""
SECONDS_A_REPLY = 3.0


@dataclass(frozen=True)
class CellForecast:
    """A cell's part.

    Attributes:
        episodes: that are to be played.
        model: the language model that is asked, "" where none is.
        replies: of that model in all: one an action (as many as the instances need at least, where that is known; else half
            their caps), and in modes normal and force one a call, of which one is reckoned for each action.
        most_replies: that the caps allow.
        tokens, usd: reckoned with 4 bytes a token, 1000 an image, 200 a reply. usd is None without a price.
        set_aside_tokens, set_aside_usd: what the first call reserves.
        seconds: of one worker.
    """

    cell: str
    episodes: int
    seconds: float
    model: str = ""
    replies: int = 0
    most_replies: int = 0
    tokens: int = 0
    usd: float | None = 0.0
    set_aside_tokens: int = 0
    set_aside_usd: float | None = 0.0


@dataclass(frozen=True)
class Forecast:
    """All cells'. `parallel`: workers that share the work."""

    world: str
    cells: tuple[CellForecast, ...]
    parallel: int

    @property
    def episodes(self) -> int:
        """To be played."""
        return sum(cell.episodes for cell in self.cells)

    @property
    def replies(self) -> int:
        """Of language models."""
        return sum(cell.replies for cell in self.cells)

    @property
    def tokens(self) -> int:
        """Read and written by language models."""
        return sum(cell.tokens for cell in self.cells)

    @property
    def usd(self) -> float | None:
        """What they cost; None where a price is missing."""
        known = [cell.usd for cell in self.cells if cell.usd is not None]
        return sum(known) if len(known) == len(self.cells) else None

    @property
    def seconds(self) -> float:
        """With all workers busy."""
        return sum(cell.seconds for cell in self.cells) / self.parallel


def forecast_of(opened: Opened, parallel: int) -> Forecast:
    """Predict; nothing is logged, no model is asked. Raises as `play`."""
    return Forecast(opened.plan.world, tuple(_cell(opened, cell) for cell in opened.plan.cells), parallel)


def _cell(opened: Opened, cell: Cell) -> CellForecast:
    plan = opened.plan
    episodes = plan.instances * len(plan.seeds)
    models = models_of(opened.maker(cell.agent))
    if not models:
        tried = opened.instances[:TRIED]
        scene, make = opened.scene(cell), opened.maker(cell.agent)
        begun = time.perf_counter()
        for instance in tried:
            play(scene, instance, make(), Draws(plan.seeds[0]))
        return CellForecast(cell.key, episodes, episodes * (time.perf_counter() - begun) / len(tried))
    first = _first(opened, cell)
    a_turn = 1 if cell.mode == "invisible" else 2
    expected = [a_turn * _actions(instance) for instance in opened.instances]
    replies = sum(expected) * len(plan.seeds)
    read = sum(_read(first, n) for n in expected) * len(plan.seeds)
    written = TOKENS_A_REPLY * replies
    price, worst = first.model.price, first.model.worst_case(first.prompt)
    usd = None
    if price is not None:
        from journeyman.models import Usage

        usd = price.micro_usd(Usage(read, written)) / 1e6
    return CellForecast(
        cell.key, episodes, SECONDS_A_REPLY * replies, first.model.name, replies,
        sum(caps_of(instance).turns for instance in opened.instances) * len(plan.seeds), read + written, usd, worst.tokens,
        None if price is None else worst.micro_usd / 1e6,
    )  # fmt: skip


def _actions(instance: Instance) -> int:
    """That an episode is reckoned with."""
    return instance.optimal if instance.optimal is not None else math.ceil(instance.cap / 2)


class _Seen(JourneymanError):
    """The prompt that would have been sent."""

    def __init__(self, model: Model, prompt: Prompt) -> None:
        self.model, self.prompt = model, prompt
        super().__init__("a forecast sends nothing")


class _Looks:
    """Takes the place of the way to a model: looks at the prompt and sends nothing."""

    def complete(self, model: Model, prompt: Prompt) -> Completion:
        raise _Seen(model, prompt)


def _first(opened: Opened, cell: Cell) -> _Seen:
    """What the cell's model would be asked first."""
    try:
        play(opened.scene(cell), opened.instances[0], opened.maker(cell.agent)(), Draws(0), calls=_Looks())
    except _Seen as seen:
        return seen
    raise JourneymanError(f"the agent '{cell.agent}' has a language model and did not ask it")


def _read(first: _Seen, replies: int) -> int:
    """Tokens that are read in an episode of so many replies: each reads again all that was said before."""
    begin = _tokens(first.prompt.messages)
    shown = _tokens(first.prompt.messages[-1:])
    return sum(begin + number * (shown + TOKENS_A_REPLY) for number in range(replies))


def _tokens(messages: Sequence[Message]) -> int:
    texts = sum(len(message.text.encode("utf-8", "surrogatepass")) for message in messages)
    return math.ceil(texts / BYTES_A_TOKEN) + TOKENS_AN_IMAGE * sum(len(message.images) for message in messages)
