"""An episode as its page has it: every step with its frames and tables, as plain data for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from journeyman.foresee.cell import Cell
from journeyman.foresee.page.attributed import Attributed
from journeyman.foresee.page.draw import Gallery, differing
from journeyman.foresee.page.frames import Frame, Shot, Shots
from journeyman.foresee.page.steps import MISUSE, Step, Words, aside, content_words, title, value_words
from journeyman.foresee.page.tables import ContentRow, RulingView, ValueRow, content, ruling, values
from journeyman.foresee.protocol.decision import Episode

_SIGNS = {"call": "?", "refused": "✕", "unread": "~", "answer": "A"}


@dataclass(frozen=True)
class FrameView:
    """`kind`: real, imagined or exact. `caption`: under it. `bad`: whether it is known to be wrong."""

    kind: str
    label: str
    drawn: Markup
    caption: str = ""
    bad: bool = False


@dataclass(frozen=True)
class StepView:
    """A decision on the page. See `templates/episode.html` for where each part stands.

    `chips`: class, text and what a pointer on it shows. `real`: real actions done before it.
    """

    id: str
    number: int
    kind: str
    sign: str
    real: int
    title: str
    hover: str
    marks: str
    aside: str = ""
    chips: Sequence[tuple[str, str, str]] = ()
    frames: Sequence[FrameView] = ()
    heads: Sequence[str] = ()
    rows: Sequence[ContentRow] = ()
    values: Sequence[ValueRow] = ()
    moved: bool = False
    ruling: RulingView | None = None
    refusal: str = ""
    reply: str | None = None


@dataclass(frozen=True)
class EpisodeView:
    """One episode of the page. `prefix`: of its steps' ids, such as "step-"."""

    name: str
    prefix: str
    cell: Cell
    episode: Episode
    steps: Sequence[StepView]
    note: str
    attributed: Attributed | None


def view(
    episode: Episode, cell: Cell, steps: Sequence[Step], shots: Shots, words: Words, gallery: Gallery, *, name: str,
    prefix: str, texts: Mapping[int, str], attributed: Attributed | None,
) -> EpisodeView:  # fmt: skip
    """The episode, ready to be written. `texts`: decision -> the reply that it began with."""
    views = [
        _step(at, steps, shots.shots, words, gallery, f"{prefix}{at}", texts.get(steps[at].decision.index), attributed)
        for at in range(len(steps))
    ]
    return EpisodeView(name, prefix, cell, episode, views, shots.note, attributed)


def _step(
    at: int, steps: Sequence[Step], shots: Sequence[Shot], words: Words, gallery: Gallery, id: str, text: str | None,
    attributed: Attributed | None,
) -> StepView:  # fmt: skip
    step, shot = steps[at], shots[at]
    decision = step.decision
    wrong = step.wrong if shot.wrong is None else shot.wrong
    chips = _chips(step, wrong, attributed)
    said = title(step, words)
    hover = "; ".join([f"{decision.index}: {said}", *(chip for _, chip, _ in chips)])
    marks = " ".join(
        name
        for name, there in {
            "governor": decision.by == "governor", "wrong": wrong, "misused": bool(step.misuse),
            "won": decision.success, "lost": decision.terminal and not decision.success,
        }.items()
        if there
    )  # fmt: skip
    heads, rows = content(step, shot)
    turns = values(step, words)
    frames = _batch_frames(step, steps, shots, words, gallery) if step.batch else _frames(step, shot, words, gallery)
    return StepView(
        id, decision.index, step.kind, _sign(step, words), decision.real, said, hover, marks, aside(step, words), chips,
        frames, heads, rows, turns, any(row.after is not None for row in turns), ruling(decision.ruling, words),
        decision.refusal, text,
    )  # fmt: skip


def _sign(step: Step, words: Words) -> str:
    """One character for the strip."""
    if step.kind != "act":
        return _SIGNS[step.kind]
    first = words.action(step.decision.actions[0]) if step.decision.actions else "·"
    return first[0].upper()


def _chips(step: Step, wrong: bool, attributed: Attributed | None) -> list[tuple[str, str, str]]:
    decision = step.decision
    chips: list[tuple[str, str, str]] = []
    if decision.call is not None:
        chips.append(("", f"call {decision.call}", f"asked of {decision.model}" if decision.model else ""))
    if len(step.batch) > 1:
        place = step.batch.index(decision.index) + 1
        chips.append(("", f"alternative {place} of {len(step.batch)}", "one reply asked for all of them"))
    if wrong:
        why = ", ".join(f"{name} {value_words(size)}" for name, size in decision.realised.items() if size)
        told = f"channels that struck: {why}" if why else "the exact clone says otherwise"
        chips.append(("bad", "wrong prediction", told))
    chips += [("bad", kind, MISUSE[kind]) for kind in step.misuse]
    if decision.disagreed is not None:
        came = "came out otherwise" if decision.disagreed else "came out as predicted"
        chips.append(("bad" if decision.disagreed else "better", came, "what had been simulated was now done"))
    if attributed is not None:
        if decision.index in attributed.decisive:
            chips.append(("better", "decisive", attributed.decisive[decision.index]))
        for row in attributed.stages:
            if row.flips and row.starts == decision.index:
                hover = "the repaired replay leaves the log here, and succeeds"
                chips.append(("better", f"repair of the {row.stage} flips it", hover))
    if decision.terminal and step.kind in ("act", "answer"):
        chips.append(("better", "success", "") if decision.success else ("bad", "lost", "the episode ends without success"))
    if decision.confidence is not None:
        chips.append(("", f"{decision.confidence:.0%} sure", "confidence that the agent stated"))
    return chips


# --- frames -------------------------------------------------------------------------------------------------------------


def _frames(step: Step, shot: Shot, words: Words, gallery: Gallery) -> list[FrameView]:
    turn = words.turn(step.decision.actions)
    if shot.real is None:
        return []
    real = _drawn(gallery, shot.real, "real", "Real, now", _told(shot.real))
    if step.kind == "call":
        found = [real]
        if shot.imagined is not None:
            found.append(_imagined(gallery, shot, f"Imagined, after {turn}"))
        if shot.exact is not None and shot.wrong:
            changed = differing(shot.real, shot.exact)
            label = "What the exact simulator shows"
            found.append(_drawn(gallery, shot.exact, "exact", label, _told(shot.exact), changed=changed))
        return found
    if step.kind != "act" or shot.after is None:
        return [real]
    changed = differing(shot.real, shot.after)
    found = [real, _drawn(gallery, shot.after, "real", f"Real, after {turn}", _told(shot.after), changed=changed)]
    shown: set[tuple[bytes, str]] = set()
    for call, confirmed, frame in shot.foreseen:
        if frame is None or (frame.image, frame.symbols) in shown:
            continue
        shown.add((frame.image, frame.symbols))
        wrong = differing(frame, shot.after)
        label = f"Imagined before, in call {call}"
        caption = "It came out so." if confirmed else f"It came out otherwise. {_told(frame)}"
        found.append(_drawn(gallery, frame, "imagined", label, caption, wrong=wrong, bad=not confirmed))
    return found


def _batch_frames(
    step: Step, steps: Sequence[Step], shots: Sequence[Shot], words: Words, gallery: Gallery
) -> list[FrameView]:
    """All alternatives beside one another, and what is true of this one."""
    shot = shots[step.decision.index]
    if shot.real is None:
        return []
    found = [_drawn(gallery, shot.real, "real", "Real, now", _told(shot.real))]
    for place, index in enumerate(step.batch, 1):
        other = shots[index]
        if other.imagined is not None:
            turn = words.turn(steps[index].decision.actions)
            mine = ", this step" if index == step.decision.index else ""
            found.append(_imagined(gallery, other, f"Imagined {place}{mine}: {turn}"))
    if shot.exact is not None and shot.wrong:
        found.append(_drawn(gallery, shot.exact, "exact", "What the exact simulator shows", _told(shot.exact)))
    return found


def _imagined(gallery: Gallery, shot: Shot, label: str) -> FrameView:
    """A prediction: cells that differ from the real state are marked, those that are not true in another color."""
    assert shot.imagined is not None
    wrong = differing(shot.imagined, shot.exact) if shot.wrong else []
    changed = [cell for cell in differing(shot.real, shot.imagined) if cell not in wrong]
    bad = bool(shot.wrong)
    return _drawn(gallery, shot.imagined, "imagined", label, _told(shot.imagined), changed=changed, wrong=wrong, bad=bad)


def _drawn(
    gallery: Gallery, frame: Frame, kind: str, label: str, caption: str, *, changed: Sequence[tuple[int, int]] = (),
    wrong: Sequence[tuple[int, int]] = (), bad: bool = False,
) -> FrameView:  # fmt: skip
    said = f"{label}: {content_words(frame.digest)}"
    return FrameView(kind, label, gallery.draw(frame, said, changed=changed, wrong=wrong), caption, bad)


def _told(frame: Frame) -> str:
    return frame.text
