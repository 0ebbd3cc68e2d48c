"""What an attribution would take, reckoned from the log: replays, replies of language models, tokens, money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from journeyman.foresee.agents.agent import models_of, waits
from journeyman.foresee.attribution.blame import most_arms
from journeyman.foresee.attribution.judge import worst_case
from journeyman.foresee.attribution.judging import cases_of
from journeyman.foresee.attribution.staging import Logged, replays_of
from journeyman.foresee.attribution.work import Work
from journeyman.foresee.replies import texts_of
from journeyman.models import Model

TOKENS_A_VERDICT = 120
BYTES_A_TOKEN = 4


@dataclass(frozen=True)
class CellForecast:
    """One cell.

    Attributes:
        replays: K of each set of repairs.
        episodes_least, episodes_most: to be played; most, if no single repair flips a failure and each success is lost
            without calls.
        replies, tokens, micro_usd: of the agent's language model at `episodes_most`, from what the logged episodes took; 0
            for agents without one.
    """

    cell: str
    failures: int
    successes: int
    replays: int
    episodes_least: int
    episodes_most: int
    replies: int = 0
    tokens: int = 0
    micro_usd: int = 0


@dataclass(frozen=True)
class JudgeForecast:
    """One judge. `tokens`, `usd`: if each first answer can be taken; `most_tokens`, `most_usd`: if none can. USD None: no
    price."""

    judge: str
    episodes: int
    known: int
    tokens: int
    usd: float | None
    most_tokens: int
    most_usd: float | None


@dataclass(frozen=True)
class Forecast:
    """All of it."""

    run: str
    cells: tuple[CellForecast, ...]
    judges: tuple[JudgeForecast, ...]


def forecast_of(work: Work, judges: Sequence[Model]) -> Forecast:
    """Reckon; nothing is replayed or asked."""
    numbers = sorted({one.cell for one in work.chosen})
    return Forecast(work.log.run_id, tuple(_cell(work, n) for n in numbers), tuple(_judge(work, one) for one in judges))


def _cell(work: Work, number: int) -> CellForecast:
    cell = work.cells[number]
    make = work.opened.maker(cell.agent)
    replays = work.replays[cell.key] = replays_of(make, work.wanted.replays)
    mine = [one for one in work.chosen if one.cell == number]
    left = [one for one in mine if not (waits(make) and work.had(one, cell.key))]
    wanted = work.wanted
    least = most = replies = tokens = micro_usd = 0
    for one in left:
        few, many = _arms(one, sufficiency=wanted.sufficiency, all_subsets=wanted.all_subsets)
        least, most = least + few * replays, most + many * replays
        if models_of(make):
            replies += many * replays * len(one.episode.replies)
            tokens += many * replays * (one.episode.tokens_in + one.episode.tokens_out)
            micro_usd += many * replays * one.episode.micro_usd
    failures = sum(not one.episode.success for one in mine)
    return CellForecast(cell.key, failures, len(mine) - failures, replays, least, most, replies, tokens, micro_usd)


def _arms(one: Logged, *, sufficiency: bool, all_subsets: bool) -> tuple[int, int]:
    """Fewest and most sets of repairs, or of calls left out, with which this episode is replayed."""
    if not one.episode.success:
        most = most_arms(sufficiency=sufficiency, all_subsets=all_subsets)
        return most if all_subsets else most_arms(sufficiency=sufficiency, pairs=False), most
    questions = {(d.state, d.actions) for d in one.episode.decisions if d.context == "W"}
    return 1, 1 + len(questions)


def _judge(work: Work, model: Model) -> JudgeForecast:
    cases = cases_of(work.chosen, work.all, work.opened, partial(texts_of, work.log))
    had = {j.prompt for j in work.before.judged if j.judge == model.name and j.verdict is not None}
    left = [case for case in cases if case.prompt.digest not in had]
    read = sum(_tokens(case.prompt.messages) for case in left)
    written = TOKENS_A_VERDICT * len(left)
    worst, price = worst_case(model, left), model.price
    usd = most_usd = None
    if price is not None:
        usd, most_usd = price.at_most(read, written) / 1e6, worst.micro_usd / 1e6
    return JudgeForecast(model.name, len(cases), len(cases) - len(left), read + written, usd, worst.tokens, most_usd)


def _tokens(messages: Sequence[object]) -> int:
    texts = sum(len(str(getattr(message, "text", "")).encode("utf-8", "replace")) for message in messages)
    return -(-texts // BYTES_A_TOKEN)
