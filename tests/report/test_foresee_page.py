"""Pages of foresee: what stands on them, that it is what was logged, and how one steps through them in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import RunError, UsageError
from journeyman.foresee import events
from journeyman.foresee.attribution.attribute import attribute
from journeyman.foresee.attribution.staging import Logged
from journeyman.foresee.attribution.wanted import Wanted
from journeyman.foresee.evaluate import evaluate
from journeyman.foresee.page import episode_page
from journeyman.foresee.page.choose import telling
from journeyman.foresee.page.draw import differing, grid, png_size
from journeyman.foresee.page.episode_page import file_name, page_of, render, write_page
from journeyman.foresee.page.frames import Frame, shots_of
from journeyman.foresee.page.reopened import Reopened, reopen
from journeyman.foresee.page.run_page import beside, page_alone, write_report
from journeyman.foresee.page.steps import MISUSE, Words, outcome, steps_of
from journeyman.foresee.score.misuse import judged
from journeyman.foresee.world_models.open import open_world_model
from journeyman.foresee.worlds.registry import open_world
from journeyman.report.blocks import Section
from journeyman.report.page import Page
from journeyman.report.page import render as render_page
from journeyman.report.table import Table
from journeyman.runlog import RunLog

from .browser import DESKTOP, PHONE, Browser, browser, find_chromium
from .test_in_browser import CONTRAST, HEADINGS, HOSTILE, WIDER

CHROMIUM = find_chromium()
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")
CORRUPTED = "exact+transition=0.3+observation=0.2"
SPEAKER = """
SAID = {said!r}

class Agent:
    def begin(self, brief):
        self.turn = -1

    def reply(self, turn):
        self.turn += 1
        return SAID[self.turn % len(SAID)]
"""
REPLIES = (
    "<simulate>Right | Down | Up, Up</simulate>", "<reading>at=9,9 terminal=no success=no</reading><act>Right</act>",
    "nothing that can be read", "<simulate>Down</simulate>", "<simulate>Down</simulate>", "<act>Down, Down, Right</act>",
)  # fmt: skip


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    assert CHROMIUM is not None
    with browser(CHROMIUM) as opened:
        yield opened


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of runs, each with its report."""
    folder = tmp_path_factory.mktemp("foresee")
    (folder / "agent.py").write_text(SPEAKER.format(said=REPLIES))
    hostile = tuple(reply + HOSTILE for reply in REPLIES)
    (folder / "reply.py").write_text(
        f"SAID = {hostile!r}\n\ndef reply(messages, seed):\n    return SAID[len(messages) // 2 % len(SAID)]\n"
    )
    scripted = "scripted:perception=0.15,trust=0.99"
    found = {
        "lake": evaluate(
            "lake-6", agents=scripted, world_models=CORRUPTED, governors=["none", "voi:cost=0.02"], instances=8, runs=folder
        ),
        "push": evaluate(
            "push-6", agents=scripted, world_models=CORRUPTED, governors="voi:cost=0.01", instances=2, runs=folder
        ),
        "batch": evaluate(
            "lake-6", agents=f"{folder / 'agent.py'}:Agent", world_models="table:transitions=200", instances=3, runs=folder
        ),
        "text": evaluate(
            "gym:FrozenLake-v1,is_slippery=false,cap=6", agents=f"{folder / 'agent.py'}:Agent", instances=1, runs=folder
        ),
        "hostile": evaluate("lake-6", agents=f"scripted/{folder / 'reply.py'}", instances=2, runs=folder),
    }  # fmt: skip
    attribute(found["lake"].run, Wanted(episodes=2, sufficiency=False), runs=folder)
    for result in found.values():
        with RunLog.open(result.run) as log:
            write_report(log)
    return {name: result.run for name, result in found.items()}


def opened(folder: Path) -> tuple[RunLog, Reopened]:
    log = RunLog.open(folder)
    return log, reopen(log)


def chosen(run: Reopened) -> list[list[Logged]]:
    """What the pages beside the report show."""
    return [beside(one) for one in telling(run.cells, run.episodes)]


def pages_of(folder: Path) -> list[Path]:
    found = sorted((folder / "episodes").iterdir())
    assert found
    return found


# --- what is on it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lake", "push", "batch", "text", "hostile"])
def test_a_step_for_every_decision_and_nothing_is_missed(runs: dict[str, Path], name: str) -> None:
    log, run = opened(runs[name])
    with log:
        for side in chosen(run):
            page = page_of(run, side)
            assert page.caveats == [], "every state and prediction was shown again as it was logged"
            text = (runs[name] / "episodes" / file_name(side)).read_text()
            assert text.count('<section class="step') == sum(len(one.episode.decisions) for one in side)
            ids = re.findall(r'id="([^"]+)"', text)
            assert len(ids) == len(set(ids))
            assert "hidden>" not in text
            for one in side:
                assert outcome(one.episode) in text


def test_what_is_drawn_is_what_was_logged(runs: dict[str, Path]) -> None:
    wrong_seen = drawn_wrongly = 0
    for name in ("lake", "push"):
        log, run = opened(runs[name])
        with log:
            for one in run.episodes:
                for decision, shot in zip(one.episode.decisions, run.shots(one).shots, strict=True):
                    assert shot.real is not None
                    if decision.context != "W":
                        continue
                    assert shot.imagined is not None
                    assert shot.imagined.digest == decision.predicted
                    if decision.predicted != shot.real.digest and not decision.realised.get("observation"):
                        assert shot.imagined.image != shot.real.image, "an imagined state is not drawn as the real one"
                    assert shot.exact is not None
                    if decision.predicted != decision.true:
                        wrong_seen += 1
                        assert shot.wrong
                        # Where both channels struck, the wrong picture of a wrong state may happen to be the true one.
                        assert shot.imagined.image != shot.exact.image or decision.realised["observation"]
                    elif decision.realised.get("observation"):
                        drawn_wrongly += 1
                        assert shot.wrong
                        assert shot.imagined.image != shot.exact.image
                    else:
                        assert not shot.wrong
                        assert shot.imagined.image == shot.exact.image
    assert wrong_seen > 10
    assert drawn_wrongly > 3


def test_a_frame_is_what_the_world_shows(runs: dict[str, Path]) -> None:
    log, run = opened(runs["push"])
    world = open_world("push-6")
    with log:
        one = run.episodes[0]
        world.reset(options={"instance": one.episode.instance})
        for decision, shot in zip(one.episode.decisions, run.shots(one).shots, strict=True):
            assert shot.real is not None
            assert shot.real.image == world.observe("image").image
            for action in decision.actions if decision.context == "E" else ():
                world.step(action)
            if decision.context == "E":
                assert shot.after is not None
                assert shot.after.symbols == world.observe("symbols").symbols


def test_a_prediction_that_does_not_come_again_is_not_drawn(runs: dict[str, Path]) -> None:
    log, run = opened(runs["lake"])
    with log:
        one = next(one for one in run.episodes if one.episode.calls > 2)
    world = open_world("lake-6")
    model, exact = open_world_model("exact", world), open_world_model("exact", world)
    found = shots_of(one.episode, world, model, exact)
    calls = [(d, s) for d, s in zip(one.episode.decisions, found.shots, strict=True) if d.context == "W"]
    for decision, shot in calls:
        damaged = decision.predicted != decision.true or decision.realised.get("observation")
        assert (shot.imagined is None) == bool(damaged)
    assert any(shot.imagined is None for _, shot in calls)
    assert "did not say again what the log has" in found.note
    decisions = [msgspec.structs.replace(d, state="0" * 16 if d.index == 3 else d.state) for d in one.episode.decisions]
    moved = shots_of(msgspec.structs.replace(one.episode, decisions=tuple(decisions)), world, model, exact)
    assert [shot.real is None for shot in moved.shots] == [place >= 3 for place in range(len(decisions))]
    assert "from decision 3 on" in moved.note
    elsewhere = shots_of(one.episode, open_world("lake-8"), model, exact)
    assert all(shot.real is None for shot in elsewhere.shots)
    assert elsewhere.note


def test_reasons_refusals_misuse_and_repairs_stand_there(runs: dict[str, Path]) -> None:
    log, run = opened(runs["lake"])
    said = misused = flips = 0
    with log:
        for side in chosen(run):
            text = unescape((runs["lake"] / "episodes" / file_name(side)).read_text())
            for one in side:
                for decision in one.episode.decisions:
                    if why := decision.ruling.get("why"):
                        assert f'<p class="why">{why}</p>' in text
                        said += 1
                    if decision.refusal:
                        assert decision.refusal in text
                flags = judged(one.episode)
                for kind in [kind for place, kind in enumerate(MISUSE) if any(call[place] for call in flags)]:
                    assert f'title="{MISUSE[kind]}">{kind}</span>' in text
                    misused += 1
                failure = run.attribution.failure_of(one.episode.cell, one.episode.instance, one.episode.seed)  # type: ignore[union-attr]
                if failure is not None and failure.singles:
                    flips += 1
                    assert f"Repair of the {' or of the '.join(failure.singles)} alone turns it into success" in text
                    assert text.count('<span class="chip better">success</span></td>') >= len(failure.singles)
    assert said > 10
    assert misused > 0
    assert flips > 0


def test_steps_say_what_the_scores_say(runs: dict[str, Path]) -> None:
    log, run = opened(runs["batch"])
    with log:
        steps = [step for one in run.episodes for step in steps_of(one.episode)]
        flags = [call for one in run.episodes for call in judged(one.episode)]
        text = "".join(page.read_text() for page in pages_of(runs["batch"]))
    calls = [step for step in steps if step.kind == "call"]
    assert [set(step.misuse) for step in calls] == [
        {kind for kind, flag in zip(MISUSE, call, strict=True) if flag} for call in flags
    ]  # fmt: skip
    assert any(step.contradicts for step in calls)
    assert any("loop" in step.misuse for step in calls)
    assert {len(step.batch) for step in calls} == {0, 3}
    assert "alternative 2 of 3" in text
    assert "Imagined 2, this step: ↓ Down" in text
    assert text.count("The reply could not be read") >= 2


def test_a_world_in_text_is_shown_in_text(runs: dict[str, Path]) -> None:
    text = "".join(page.read_text() for page in pages_of(runs["text"]))
    assert "<image" not in text
    assert '<pre class="shot' in text
    log, run = opened(runs["text"])
    with log:
        shots = [shot for one in run.episodes for shot in run.shots(one).shots]
    assert all(shot.real is not None and shot.real.symbols for shot in shots)


def test_a_page_holds_every_picture_once(runs: dict[str, Path]) -> None:
    for page in pages_of(runs["push"]):
        text = page.read_text()
        pictures = re.findall(r"data:image/png;base64,([^\"]+)", text)
        assert len(pictures) == len(set(pictures)) > 1
        assert set(re.findall(r'<use href="#(p\d+)"', text)) == {f"p{n}" for n in range(len(pictures))}


def test_the_page_of_the_run_leads_to_its_episodes(runs: dict[str, Path]) -> None:
    for name, folder in runs.items():
        text = (folder / "report.html").read_text()
        targets = re.findall(r'<a href="([^"#]+)"', text)
        assert targets, name
        assert all((folder / target).is_file() for target in targets)
        assert len(list((folder / "episodes").iterdir())) == len(set(targets))
    text = (runs["lake"] / "report.html").read_text()
    assert "Why episodes failed" in text
    assert "Success by mode" in text
    assert "<script" not in text
    log, _ = opened(runs["lake"])
    with log:
        alone = render_page(page_alone(log))
    assert "Episodes to look at" in alone
    assert "episodes/" not in alone


def test_of_each_cell_and_kind_one_and_none_twice(runs: dict[str, Path]) -> None:
    log, run = opened(runs["lake"])
    with log:
        one, three = telling(run.cells, run.episodes), telling(run.cells, run.episodes, each=3)
    assert len({(t.one.cell, t.why) for t in one}) == len(one)
    keys = [t.one.key for t in three]
    assert len(keys) == len(set(keys)) > len(one)
    for t in three:
        if t.why in ("helped", "hurt"):
            assert t.without is not None
            assert t.one.episode.success == (t.why == "helped") != t.without.episode.success
        if t.why == "misuse":
            assert any(step.misuse for step in steps_of(t.one.episode))
        if t.why == "failure":
            assert not t.one.episode.success


def test_a_run_without_its_world_still_has_its_story(runs: dict[str, Path], tmp_path: Path) -> None:
    log, run = opened(runs["lake"])
    with log:
        run.world, run.why = None, "Nothing can be drawn: the world is gone."
        one = next(one for one in run.episodes if one.episode.calls)
        page = render(page_of(run, [one]))
    assert "the world is gone" in page
    assert page.count('<section class="step') == len(one.episode.decisions)
    assert "<figure" not in page


def test_what_a_page_cannot_show_is_refused(runs: dict[str, Path], tmp_path: Path) -> None:
    log, run = opened(runs["lake"])
    with log:
        with pytest.raises(UsageError, match="1 to 4 episodes side by side, not 5"):
            page_of(run, list(run.episodes[:5]))
        with pytest.raises(UsageError, match="of one instance, not of 'lake-6/test/0' and 'lake-6/test/1'"):
            page_of(run, list(run.episodes[:2]))
        with pytest.raises(RunError, match="cannot be written"):
            write_page(run, list(run.episodes[:1]), tmp_path / "no" / "page.html")
    with RunLog.create(tmp_path / "run", verb="foresee", header=log.header) as empty:
        assert write_report(empty) is None
        with pytest.raises(UsageError, match="no finished episode"):
            reopen(empty)


# --- in a browser -------------------------------------------------------------------------------------------------------

VISIBLE = "[...document.querySelectorAll('.step')].filter(s => s.offsetParent !== null).map(s => s.id)"


STEP_THROUGH = f"""
[...document.querySelectorAll('.strip a')].map(sign => {{
  sign.click();
  return [[document.documentElement.scrollWidth, innerWidth], {WIDER.strip()}];
}})
"""


def press(chromium: Browser, key: str, code: int) -> None:
    for kind in ("keyDown", "keyUp"):
        chromium.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)


@in_browser
@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("name", ["lake", "push", "batch", "text", "hostile"])
def test_every_step_opens_alone_and_fits(
    chromium: Browser, runs: dict[str, Path], name: str, device: dict[str, Any]
) -> None:
    for page in long_ones(runs[name])[-1:]:
        chromium.open(page, device=device)
        assert [url for url in chromium.requests if not url.startswith("data:image/png")] == [page.as_uri()]
        steps = page.read_text().count("data-real")
        seen = chromium.evaluate(STEP_THROUGH)
        assert len(seen) == steps
        assert {tuple(size) for size, _ in seen} == {(device["width"], device["width"])}
        assert [wider for _, wider in seen if wider] == []
        assert chromium.errors == []
        assert chromium.evaluate("document.title.includes('owned') || 'owned' in window") is False


def long_ones(folder: Path) -> Sequence[Path]:
    """The longest page of up to 25 decisions, and one with episodes side by side where there is one."""
    pages = sorted(pages_of(folder), key=lambda page: page.read_text().count("data-real"))
    short = [page for page in pages if page.read_text().count("data-real") <= 25] or pages[:1]
    several = [page for page in short if "_" in page.name]
    return list(dict.fromkeys([short[-1], *several[-1:]]))


@in_browser
def test_keys_and_buttons_step(chromium: Browser, runs: dict[str, Path]) -> None:
    page = next(page for page in pages_of(runs["lake"]) if "_" not in page.name and page.read_text().count("data-real") > 5)
    count = page.read_text().count("data-real")
    chromium.open(page)
    assert chromium.evaluate(VISIBLE) == ["step-0"]
    press(chromium, "ArrowRight", 39)
    press(chromium, "ArrowRight", 39)
    assert chromium.evaluate(VISIBLE) == ["step-2"]
    assert chromium.evaluate("location.hash") == "#step-2"
    assert chromium.evaluate("document.querySelector('.count').textContent") == f"decision 2 of 0–{count - 1}"
    press(chromium, "ArrowLeft", 37)
    assert chromium.evaluate(VISIBLE) == ["step-1"]
    chromium.click(".next")
    chromium.click(".next")
    assert chromium.evaluate(VISIBLE) == ["step-3"]
    chromium.click(".previous")
    assert chromium.evaluate(VISIBLE) == ["step-2"]
    press(chromium, "End", 35)
    assert chromium.evaluate(VISIBLE) == [f"step-{count - 1}"]
    press(chromium, "ArrowRight", 39)
    assert chromium.evaluate(VISIBLE) == [f"step-{count - 1}"]
    assert chromium.evaluate("document.querySelector('.next').disabled")
    press(chromium, "Home", 36)
    assert chromium.evaluate(VISIBLE) == ["step-0"]
    chromium.click(".strip li:nth-child(4) a")
    assert chromium.evaluate(VISIBLE) == ["step-3"]
    marked = "[...document.querySelectorAll('.strip a')].map(a => a.getAttribute('aria-current')).indexOf('step')"
    assert chromium.evaluate(marked) == 3
    assert chromium.errors == []


@in_browser
def test_a_step_opens_by_its_address_and_all_stand_there_without_script(chromium: Browser, runs: dict[str, Path]) -> None:
    page = next(page for page in pages_of(runs["push"]) if page.read_text().count("data-real") > 4)
    chromium.open(page, anchor="step-4")
    assert "step-4" in chromium.evaluate(VISIBLE)
    count = page.read_text().count("data-real")
    chromium.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(page, device=PHONE)
        assert len(chromium.evaluate(VISIBLE)) == count
        assert chromium.evaluate("[...document.querySelectorAll('button')].every(b => b.offsetParent === null)")
        assert chromium.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    finally:
        chromium.call("Emulation.setScriptExecutionDisabled", value=False)


@in_browser
def test_episodes_side_by_side_keep_step(chromium: Browser, runs: dict[str, Path]) -> None:
    page = next(page for page in pages_of(runs["lake"]) if "_" in page.name)
    chromium.open(page)
    shown = "[...document.querySelectorAll('.player')].map(p => [...p.querySelectorAll('.step')].find(s => !s.hidden))"
    press(chromium, "End", 35)
    last, other = chromium.evaluate(f"{shown}.map(s => Number(s.dataset.real))")
    assert other >= last or chromium.evaluate(f"{shown}[1].nextElementSibling?.classList.contains('step')") is not True
    press(chromium, "Home", 36)
    assert chromium.evaluate(f"{shown}.map(s => Number(s.dataset.real))") == [0, 0]
    chromium.click("#together")
    before = chromium.evaluate(f"{shown}[0].id")
    chromium.click(".player:nth-child(2) .next")
    assert chromium.evaluate(f"{shown}.map(s => s.id)") == [before, "b-step-1"]
    tops = chromium.evaluate("[...document.querySelectorAll('.player')].map(p => p.getBoundingClientRect().top)")
    assert tops[0] == tops[1], "beside one another on a desk"


@in_browser
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_text_has_contrast_and_headings_are_in_order(chromium: Browser, runs: dict[str, Path], dark: bool) -> None:
    for page in (long_ones(runs["lake"])[-1], long_ones(runs["hostile"])[0]):
        chromium.open(page, dark=dark)
        chromium.evaluate("document.querySelectorAll('.step').forEach(s => s.hidden = false)")
        assert chromium.evaluate(CONTRAST) == []
        levels = chromium.evaluate(HEADINGS)
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))


@in_browser
@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_of_the_run_opens_alone_and_fits(chromium: Browser, runs: dict[str, Path], device: dict[str, Any]) -> None:
    page = runs["lake"] / "report.html"
    chromium.open(page, device=device)
    assert chromium.requests == [page.as_uri()]
    assert chromium.errors == []
    assert chromium.evaluate("[document.documentElement.scrollWidth, innerWidth]") == [device["width"]] * 2
    assert chromium.evaluate(WIDER) == []


@in_browser
def test_hostile_words_are_only_words(chromium: Browser, runs: dict[str, Path]) -> None:
    (page, *_) = long_ones(runs["hostile"])
    text = page.read_text()
    assert text.count("<script") == 1
    assert "onerror=" not in re.sub(r"onerror=&#34;", "", text)
    chromium.open(page)
    assert chromium.errors == []
    assert chromium.evaluate("document.querySelectorAll('iframe, body img, a[href^=javascript]').length") == 0
    shown = chromium.evaluate("[...document.querySelectorAll('pre.said')].map(p => p.textContent).join()")
    assert "<script>document.title = 'owned'" in shown
    assert r"\u202eesrever" in shown


# --- parts --------------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3), max_size=12))
def test_a_turn_in_words_says_every_action(actions: list[int]) -> None:
    said = Words(("Left", "Down", "Right", "Up")).turn(tuple(actions))
    told: list[str] = []
    for part in filter(None, said.split(", ")):
        _, name, *times = part.split(" ")
        told += [name] * (int(times[0][1:]) if times else 1)
    assert told == [("Left", "Down", "Right", "Up")[action] for action in actions]


@given(st.lists(st.text("ab\n", max_size=9), min_size=2, max_size=2))
def test_cells_that_differ(texts: list[str]) -> None:
    one, other = (Frame(symbols=text) for text in texts)
    found = differing(one, other)
    assert found == differing(other, one)
    rows, others = grid(one), grid(other)
    if found:
        assert all(rows[r][c] != others[r][c] for r, c in found)
    elif len(rows) == len(others) and rows and others and len(rows[0]) == len(others[0]):
        assert rows == others


@pytest.mark.parametrize(
    "target", ["http://x/", "//x", "/etc/passwd", "../up.html", "a/../../b", "javascript:1", "a b", "a//b"]
)
def test_a_row_leads_only_to_a_file_beside_the_page(target: str) -> None:
    def page(link: str) -> Page:
        return Page("p", sections=[Section("s", [Table(("a", "b"), [("<1>", "2")], links={0: link})], "s")])

    assert '<a href="episodes/0_1-0-17.html#step-2">&lt;1&gt;</a>' in render_page(page("episodes/0_1-0-17.html#step-2"))
    with pytest.raises(ValueError, match="beside the page"):
        render_page(page(target))


@given(st.binary(max_size=40))
def test_no_picture_is_no_picture(data: bytes) -> None:
    assert png_size(data) is None
    assert png_size(b"\x89PNG\r\n\x1a\n" + data) is None or len(data) >= 16


def test_names_of_files_are_plain(runs: dict[str, Path]) -> None:
    for folder in runs.values():
        assert all(re.fullmatch(r"[\d_]+-\d+-\d+\.html", page.name) for page in pages_of(folder))
    assert episode_page.FOOTER.startswith("Journeyman. This page is one file")
    assert "script" in episode_page.FOOTER
    with RunLog.open(runs["lake"]) as log:
        assert events.finished(log)
