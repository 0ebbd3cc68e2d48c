"""`journeyman foresee compare`: runs side by side, as tables or a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, Runs, stderr, stdout, write_json

if TYPE_CHECKING:
    from journeyman.foresee.protocol.decision import Episode
    from journeyman.foresee.score.scores import Scores
    from journeyman.report.page import Page
    from journeyman.report.table import Table

Html = Annotated[str | None, typer.Option("--html", metavar="FILE", help="Write a page with every table and figure.")]
Full = Annotated[bool, typer.Option("--full", help="Print every table.")]
CallPrice = Annotated[float, typer.Option("--call-price", min=0, metavar="X", help="Of a call, in successes.")]
RealPrice = Annotated[float, typer.Option("--real-price", min=0, metavar="X", help="Of a real action, in successes.")]
TokenPrice = Annotated[float, typer.Option("--token-price", min=0, metavar="X", help="Of 1000 tokens, in successes.")]
Budget = Annotated[
    float | None, typer.Option("--budget", metavar="N", help="Compare frontiers up to N calls an episode [the most of any].")
]
Against = Annotated[
    str, typer.Option("--against", metavar="CELL", help="Hold every cell against this one (a part of its name).")
]
Keep = Annotated[
    str | None, typer.Option("--episodes", metavar="FILE", help="Write the episodes to a file for 'foresee score'.")
]


def compare(
    run: Annotated[list[str], typer.Argument(metavar="RUN...", help="Runs of 'foresee', named as elsewhere.")],
    html: Html = None,
    full: Full = False,
    against: Against = "",
    call_price: CallPrice = 0.02,
    real_price: RealPrice = 0.0,
    token_price: TokenPrice = 0.0,
    budget: Budget = None,
    episodes: Keep = None,
    runs: Runs = None,
    json: Json = False,
) -> int:
    """Put runs side by side: cells paired on instances, with and without a world model, governor against governor.

    One run is enough: its cells are compared with one another. Each figure has its interval and what it rests on; one that
    cannot be computed says why. Formulas: docs/foresee-metrics.md.
    """
    from journeyman.foresee.score.compare import compare as compare_runs
    from journeyman.foresee.score.value import Prices

    prices = Prices(call_price, real_price, token_price)
    found = compare_runs(run, folder=runs, prices=prices, budget=budget, against=against)
    return show(
        found.scores, found.episodes, lambda: found.page(), first=[found.table()], document=found.document(), html=html,
        full=full, keep=episodes, json=json,
    )  # fmt: skip


app = make_app()
app.command()(compare)


def show(
    scores: Scores, episodes: Sequence[Episode], page: Any, *, first: Sequence[Table] = (), document: dict[str, Any],
    html: str | None, full: bool, keep: str | None, json: bool,
) -> int:  # fmt: skip
    """Print sentences and tables, or the document; write what was asked for. `page`: makes the `Page`."""
    from journeyman.foresee.score.report.tables import main_tables, tables
    from journeyman.foresee.score.report.words import caveats, headlines
    from journeyman.foresee.score.traces import write_episodes
    from journeyman.report.page import write_page
    from journeyman.report.table import print_table
    from journeyman.report.terminal import print_hanging
    from journeyman.report.text import rich_text

    if keep is not None:
        write_episodes(episodes, Path(keep))
    if html is not None:
        made: Page = page()
        write_page(made, Path(html))
    if json:
        write_json(document)
        return 0
    out = stdout()
    for sentence in headlines(scores):
        print_hanging(out, rich_text(""), rich_text(sentence))
    for caveat in caveats(scores):
        print_hanging(out, rich_text("! ", "yellow"), rich_text(caveat, "yellow"))
    shown = [*first, *(tables(scores) if full else main_tables(scores))]
    for table in shown:
        out.print()
        print_table(table, out)
    if not full and (hidden := len(tables(scores)) + len(first) - len(shown)) > 0:
        stderr().print(rich_text(f"{hidden} more tables: --full"), soft_wrap=True)
    for what, where in (("page", html), ("episodes", keep)):
        if where is not None:
            stderr().print(rich_text(f"{what}: {where}"), soft_wrap=True)
    return 0
