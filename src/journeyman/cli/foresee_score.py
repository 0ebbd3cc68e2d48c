"""`journeyman foresee score`: episodes from files or runs, whoever made them, as tables or a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from journeyman.cli.call import make_app
from journeyman.cli.foresee_compare import (
    Against,
    Budget,
    CallPrice,
    Full,
    Html,
    Keep,
    RealPrice,
    TokenPrice,
    show,
)
from journeyman.cli.out import Json, Runs


def score(
    traces: Annotated[
        list[str], typer.Argument(metavar="TRACES...", help="Files of episodes or decisions (.jsonl), or runs of 'foresee'.")
    ],
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
    """Score episodes that were logged anywhere: what access to a world model was worth, how it was used, what it cost.

    TRACES has one JSON object a line, of either kind; a file may mix them.

    \b
    One decision of an episode; the least of it, a call and the real action that ends the episode (each on one line):
      {"run": "r1", "model": "my-agent", "mode": "normal", "environment": "my-world", "instance": "17",
       "decision": 0, "context": "W", "actions": ["Left"]}
      {"run": "r1", "model": "my-agent", "mode": "normal", "environment": "my-world", "instance": "17",
       "decision": 1, "context": "E", "actions": ["Right"], "success": true}

    \b
      mode       invisible (no world model), normal (it may call), force (it must)
      context    W a call, E real actions, A an answer, R a wish refused, P a reply that could not be read
      success    of the episode; at the latest its last line says it
      more       seed, simulator, fidelity, predicted {"terminal": true, "success": false}, true, reading, confidence,
                 state_before, state_after, optimal, governor, propensity, figures, values, tokens_in, tokens_out, ...

    Or a whole episode, as --episodes writes it. Every field: docs/foresee-metrics.md. Play the same instances in mode
    invisible, too: without them there is nothing to compare with.
    """
    from journeyman.foresee.score.compare import document_of, episodes_of
    from journeyman.foresee.score.report.page import page_of
    from journeyman.foresee.score.scores import score as score_episodes
    from journeyman.foresee.score.value import Prices

    read = [episode for given in traces for episode in episodes_of(given, folder=runs)]
    prices = Prices(call_price, real_price, token_price)
    found = score_episodes(read, prices=prices, budget=budget, against=against)
    files = ", ".join(Path(path).name for path in traces)
    facts = [("episodes", str(len(read))), ("cells", str(len(found.cells))), ("worlds", ", ".join(found.worlds))]
    return show(
        found, read, lambda: page_of(found, title=f"Foresight: {files}", facts=facts),
        document={"files": traces, "episodes": len(read), **document_of(found)}, html=html, full=full, keep=episodes,
        json=json,
    )  # fmt: skip


app = make_app()
app.command()(score)
