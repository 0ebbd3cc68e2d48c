"""What `--dry-run` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from journeyman.cli.out import stdout, write_json
from journeyman.report.number import NONE, duration, number

if TYPE_CHECKING:
    from journeyman.optimize.forecast import Calls, Forecast


def say_forecast(found: Forecast, *, json: bool) -> int:
    """Print a forecast; the exit status."""
    from journeyman.optimize.forecast import as_document
    from journeyman.report.text import one_line

    if json:
        write_json(as_document(found))
        return 0
    most = "no cap on evaluations" if found.evaluations is None else f"{found.evaluations} evaluations"
    said = (
        "until the time you gave"
        if found.seconds is None
        else f"about {duration(found.seconds)} of verification"
    )
    out = stdout()
    out.print(
        f"{found.task}: the seed scores {number(found.seed_score)} and takes {duration(found.seed_s)} to verify "
        f"(isolation: {found.level}). Predicted: {most}, {said}, {_in_all(found)}.",
        soft_wrap=True,
    )
    for call in found.calls:
        out.print(one_line(f"{call.model}: {_one_call(call)}", limit=400), soft_wrap=True)
    return 0


def _in_all(found: Forecast) -> str:
    if not found.calls:
        return "no tokens, no money"
    tokens = (
        "tokens without a cap" if found.expected_tokens is None else f"about {found.expected_tokens} tokens"
    )
    usd = found.expected_usd
    return f"{tokens}, {'money unknown' if usd is None else f'about {_usd(usd)}'} if each takes one call"


def _one_call(call: Calls) -> str:
    usd = "no price" if call.expected_usd is None else f"about {_usd(call.expected_usd)}"
    most = NONE if call.most_usd is None else _usd(call.most_usd)
    return (
        f"a call is about {call.expected_tokens} tokens, {usd}; {call.most_tokens} tokens and {most} are set aside for it. "
        "Reckoned: 4 bytes a token, a reply as long as the candidate; a model that reasons writes more."
    )


def _usd(usd: float) -> str:
    return f"${usd:.2f}" if usd >= 1 else f"${usd:.2g}"
