"""The page on which one steps through an episode, or through a few of the same instance side by side.

One file that opens offline. It runs a few lines of script of its own, to step with buttons and arrow keys; the content
policy allows these by their hash and nothing else. Without script all steps stand below one another.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markupsafe import Markup

from journeyman.errors import UsageError
from journeyman.foresee.attribution.staging import Logged
from journeyman.foresee.page.attributed import attributed
from journeyman.foresee.page.draw import Gallery
from journeyman.foresee.page.reopened import Reopened
from journeyman.foresee.page.steps import outcome, remarks, steps_of
from journeyman.foresee.page.view import EpisodeView, view
from journeyman.report.page import house_style, policy, write_html
from journeyman.report.text import one_line, visible

if TYPE_CHECKING:
    import jinja2

MOST = 4
"""Episodes on one page."""
FOOTER = (
    "Journeyman. This page is one file: it needs no network. It runs a few lines of script of its own, to step with buttons "
    "and arrow keys; without them all steps stand below one another."
)
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Shown:
    """An episode of the page with what the template asks for beside its view: how it ended, and what is to be noticed."""

    view: EpisodeView
    ended: str
    noticed: str

    def __getattr__(self, name: str) -> object:
        return getattr(self.view, name)

    @property
    def blamed(self) -> bool:
        """Whether fractional blame is known."""
        found = self.view.attributed
        return found is not None and any(row.blame is not None for row in found.stages)


@dataclass(frozen=True)
class EpisodePage:
    """What the template shows. `store`: all pictures."""

    title: str
    verdict: str
    caveats: Sequence[str]
    facts: Sequence[tuple[str, str]]
    episodes: Sequence[Shown]
    store: Markup
    footer: str = FOOTER


def page_of(run: Reopened, chosen: Sequence[Logged]) -> EpisodePage:
    """The page of these episodes. Raises UsageError: none, too many, or not of one instance."""
    if not 1 <= len(chosen) <= MOST:
        raise UsageError(f"a page shows 1 to {MOST} episodes side by side, not {len(chosen)}")
    instances = list(dict.fromkeys(one.episode.instance for one in chosen))
    if len(instances) > 1:
        raise UsageError(f"episodes side by side are of one instance, not of {' and '.join(map(repr, instances[:3]))}")
    gallery = Gallery()
    shown = [_shown(run, one, gallery, letter) for one, letter in zip(chosen, _prefixes(len(chosen)), strict=True)]
    caveats = list(dict.fromkeys(one.view.note for one in shown if one.view.note))
    return EpisodePage(
        f"{instances[0]} in {run.log.run_id}", _verdict(shown), caveats, _facts(run, chosen), shown, gallery.store()
    )


def render(page: EpisodePage) -> str:
    """The whole HTML document."""
    style = house_style() + (_TEMPLATES / "episode.css").read_text("utf-8")
    script = (_TEMPLATES / "episode.js").read_text("utf-8")
    template = _environment().get_template("episode.html")
    return template.render(page=page, style=style, script=script, policy=policy(style, script))


def write_page(run: Reopened, chosen: Sequence[Logged], path: Path) -> None:
    """Write the page to a file. Raises as `page_of`, and RunError where the file cannot be written."""
    write_html(render(page_of(run, chosen)), path)


def file_name(chosen: Sequence[Logged]) -> str:
    """A name for it: numbers of cells, seed and instance, such as `0+2-0-17.html`."""
    cells = "+".join(str(one.cell) for one in chosen).replace("+", "_")
    return f"{cells}-{chosen[0].episode.seed}-{chosen[0].number}.html"


def _prefixes(count: int) -> list[str]:
    """Of the ids of steps: a single episode's are "step-0", the second of several has "b-step-0"."""
    return ["step-" if place == 0 else f"{'abcd'[place]}-step-" for place in range(count)]


def _shown(run: Reopened, one: Logged, gallery: Gallery, prefix: str) -> Shown:
    cell, episode = run.cells[one.cell], one.episode
    steps = steps_of(episode)
    made = view(
        episode, cell, steps, run.shots(one), run.words, gallery, name=_name(run, one), prefix=prefix,
        texts=run.texts(one), attributed=attributed(run.attribution, episode),
    )  # fmt: skip
    return Shown(made, outcome(episode), "; ".join(remarks(steps)))


def _name(run: Reopened, one: Logged) -> str:
    cell = run.cells[one.cell]
    if cell.mode == "invisible":
        return f"{cell.agent}, without a world model"
    governed = "" if cell.governor == "none" else f", governor {cell.governor}"
    forced = ", forced to ask" if cell.mode == "force" else ""
    memory = "" if cell.memory == "restart" else f", memory {cell.memory}"
    seeds = f", seed {one.episode.seed}" if len(run.about.plan.seeds) > 1 else ""
    return f"{cell.agent}, asking {cell.world_model}{forced}{governed}{memory}{seeds}"


def _verdict(shown: Sequence[Shown]) -> str:
    """What came out, in one sentence."""
    if len(shown) == 1:
        return f"{shown[0].ended}."
    ends = [("success" if one.view.episode.success else "failure") for one in shown]
    without = [end for one, end in zip(shown, ends, strict=True) if one.view.cell.mode == "invisible"]
    with_ = [end for one, end in zip(shown, ends, strict=True) if one.view.cell.mode != "invisible"]
    if len(without) == 1 and len(set(with_)) == 1:
        return f"Without a world model: {without[0]}. With one: {with_[0]}."
    if len(set(ends)) == 1:
        return f"All {len(ends)} end in {ends[0]}."
    return f"{ends.count('success')} of {len(ends)} succeed."


def _facts(run: Reopened, chosen: Sequence[Logged]) -> list[tuple[str, str]]:
    first = chosen[0].episode
    facts = [("world", first.world), ("instance", first.instance), ("seed", str(first.seed))]
    facts += [] if first.optimal is None else [("fewest actions", str(first.optimal))]
    facts += [(name, value) for name, value in first.labels.items()]
    if len(chosen) > 1:
        return facts
    facts += [("actions", str(first.real)), ("calls", str(first.calls))]
    if first.tokens_in or first.tokens_out:
        facts.append(("tokens", str(first.tokens_in + first.tokens_out)))
    return facts


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.filters.update(visible=visible, one_line=one_line)
    return environment
