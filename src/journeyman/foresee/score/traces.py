"""Episodes from files: one JSON object a line, either a whole episode or one decision of it.

An episode a line is what `write_episodes` writes (`protocol.decision.Episode`). A decision a line is for agents that ran
elsewhere: the record of spec a.7 with the keys that say which episode it belongs to. The least of it:

    {"run": "r1", "model": "my-agent", "mode": "normal", "environment": "my-world", "instance": "17", "decision": 0,
     "context": "W", "actions": ["Left"]}

Decoding is strict: an unknown name or a wrong type is an error that names file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from journeyman.errors import DataInvalid, UsageError
from journeyman.foresee.agents.reading import read_reading
from journeyman.foresee.cell import Cell
from journeyman.foresee.protocol.decision import Decision, Episode


class TraceLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One decision of an agent that ran elsewhere. All that has a default may be left out.

    Attributes:
        run, model, mode, environment, instance, seed: the episode that it belongs to. `model` is the agent's name. Cells are
            made of model, simulator, mode and governor; two runs of a model that should be kept apart need two names.
        decision: its number in the episode, from 0, rising from line to line of an episode.
        context: "W" a call was carried out, "E" real actions were, "A" an answer was given, "R" the wish was refused, "P"
            the reply could not be read.
        actions: carried out, by name or number. real_step: real actions before it; None: counted.
        success: whether the episode succeeded. At the latest its last line says so.
        governor: what decided on calls beside the agent. by: whose wish was carried out.
        simulator, fidelity: what was asked, and its setting, such as "transition=0.2" or a number. A run has one for each
            model, mode and governor; the other lines may leave it out.
        state_before, state_after, observation: hashes. Without states, real actions are taken to change the state always.
        predicted, true: content of a prediction, and what is true, as named values; `terminal_predicted`,
            `success_predicted`, `terminal_true` are short for two of them.
        reading: what the agent stated of the last prediction, as named values or as a text ("at=2,3 terminal=no").
        confidence: of success, in 0..1, that the agent stated.
        optimal: fewest actions of the instance. labels: its strata.
        verdict, propensity, figures: of a governor's ruling, as in `governors.governor.Ruling`.
        values: of the turns that the agent considered, by their actions ("Left" or "Left,Down"): probabilities of success.
    """

    run: str
    model: str
    mode: Literal["invisible", "normal", "force"]
    environment: str
    instance: str | int
    decision: int
    context: Literal["W", "E", "A", "R", "P"]
    seed: int = 0
    actions: list[str | int] = []
    real_step: int | None = None
    success: bool | None = None
    governor: str = "none"
    by: Literal["agent", "governor"] = "agent"
    simulator: str = ""
    fidelity: str | float | None = None
    text_hash: str = ""
    parse_status: str = ""
    state_before: str = ""
    state_after: str = ""
    observation: str = ""
    predicted: dict[str, Any] = {}
    true: dict[str, Any] = {}
    terminal_predicted: bool | None = None
    success_predicted: bool | None = None
    terminal_true: bool | None = None
    terminal: bool = False
    reading: dict[str, Any] | str | None = None
    confidence: float | None = None
    answer: str = ""
    refused: str | bool = ""
    verdict: str = ""
    propensity: float | None = None
    figures: dict[str, float] = {}
    values: dict[str, float] = {}
    optimal: int | None = None
    labels: dict[str, str] = {}
    tokens_in: int = 0
    tokens_out: int = 0
    micro_usd: int = 0
    wall_s: float = 0.0


class _StrictDecision(Decision, frozen=True, forbid_unknown_fields=True):
    pass


class _StrictEpisode(Episode, frozen=True, forbid_unknown_fields=True, kw_only=True):
    decisions: tuple[_StrictDecision, ...]


_strict = msgspec.json.Decoder(_StrictEpisode)
_whole = msgspec.json.Decoder(Episode)
_line = msgspec.json.Decoder(TraceLine)
_any = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_traces(path: Path) -> list[Episode]:
    """The episodes of a file, in the order of their first lines; blank lines are skipped.

    Raises:
        UsageError: the file is not there or cannot be read.
        DataInvalid: a line is not what it should be; the text names it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"the file {str(path)!r} cannot be read: {error.strerror or error}") from error
    found: list[Episode] = []
    parts: dict[tuple[str, ...], list[tuple[int, TraceLine]]] = {}
    order: list[Episode | tuple[str, ...]] = []
    simulators: dict[tuple[str, ...], str] = {}
    for number, line in _lines(data):
        where = f"{path}, line {number}"
        if "decisions" in _decoded(_any, line, where):
            _decoded(_strict, line, where)
            order.append(_checked(_whole.decode(line), where))
        else:
            decision: TraceLine = _decoded(_line, line, where)
            key = (*_player(decision), str(decision.instance), str(decision.seed))
            if key not in parts:
                order.append(key)
            parts.setdefault(key, []).append((number, decision))
            _name_simulator(decision, simulators, where)
    names = _numbers(line for lines in parts.values() for _, line in lines)
    for one in order:
        if isinstance(one, Episode):
            found.append(one)
        else:
            found.append(_episode(parts[one], simulators.get(one[:-2], "simulator"), names, path))
    if not found:
        raise DataInvalid(f"{path} has no line with an episode or a decision")
    return found


def write_episodes(episodes: Iterable[Episode], path: Path) -> None:
    """One episode a line, as `read_traces` reads it. Raises UsageError if `path` cannot be written."""
    try:
        path.write_bytes(msgspec.json.Encoder().encode_lines(list(episodes)))
    except OSError as error:
        raise UsageError(f"the file {str(path)!r} cannot be written: {error.strerror or error}") from error


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield number, line


def _decoded(decoder: Any, line: bytes, where: str) -> Any:
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        raise DataInvalid(f"{where}: {_words(error)}; 'journeyman foresee score --help' shows what a line holds") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{where} is no JSON object: {error}") from None


def _words(error: msgspec.ValidationError) -> str:
    said = str(error)
    return said[:1].lower() + said[1:]


def _checked(episode: Episode, where: str) -> Episode:
    if episode.calls < 0 or episode.real < 0:
        raise DataInvalid(f"{where}: calls {episode.calls} and real actions {episode.real} are counts, at least 0")
    return episode


def _player(line: TraceLine) -> tuple[str, ...]:
    """All episodes of one run in one cell."""
    return (line.run, line.environment, line.model, line.mode, line.governor)


def _name_simulator(line: TraceLine, known: dict[tuple[str, ...], str], where: str) -> None:
    if not line.simulator and line.fidelity is None:
        return
    setting = f"fidelity={line.fidelity:g}" if isinstance(line.fidelity, float) else line.fidelity
    name = (line.simulator or "simulator") + (f"+{setting}" if setting else "")
    before = known.setdefault(_player(line), name)
    if before != name:
        who = f"'{line.model}' in mode {line.mode} of run '{line.run}'"
        raise DataInvalid(f"{where}: {who} asks '{name}', and before it asked '{before}'; give the runs two names")


def _numbers(lines: Iterable[TraceLine]) -> dict[tuple[str, str], int]:
    """(environment, name of an action) -> its number: as it stands where it is one, else by order of names."""
    seen: dict[str, set[str]] = {}
    for line in lines:
        named = [str(action) for action in line.actions]
        seen.setdefault(line.environment, set()).update(named, *(turn.split(",") for turn in line.values))
    found = {}
    for environment, names in seen.items():
        plain = {name: int(name) for name in names if name.isdecimal()}
        free = max(plain.values(), default=-1) + 1
        words = sorted(names - set(plain))
        found.update({(environment, name): number for name, number in plain.items()})
        found.update({(environment, name): free + i for i, name in enumerate(words)})
    return found


def _episode(
    lines: Sequence[tuple[int, TraceLine]], simulator: str, names: dict[tuple[str, str], int], path: Path
) -> Episode:
    first, last = lines[0][1], lines[-1][1]
    told = [line.success for _, line in lines if line.success is not None]
    if not told:
        which = f"the episode of instance {first.instance!r} in run {first.run!r} ends"
        raise DataInvalid(f"{path}, line {lines[-1][0]}: {which} without 'success'; its last line must say true or false")
    decisions: list[Decision] = []
    real = calls = 0
    for number, line in lines:
        where = f"{path}, line {number}"
        if decisions and line.decision <= decisions[-1].index:
            raise DataInvalid(f"{where}: decision {line.decision} comes after decision {decisions[-1].index} of its episode")
        decisions.append(_decision(line, simulator, names, real, calls, where))
        real += len(line.actions) if line.context == "E" else 0
        calls += line.context == "W"
    return Episode(
        cell=Cell(first.model, simulator, first.mode, first.governor).key, world=first.environment,
        instance=str(first.instance), seed=first.seed, mode=first.mode,
        success=told[-1], reason="success" if told[-1] else "lost", calls=calls, real=real, decisions=tuple(decisions),
        optimal=next((line.optimal for _, line in lines if line.optimal is not None), None), labels=first.labels,
        answer=last.answer, tokens_in=sum(line.tokens_in for _, line in lines),
        tokens_out=sum(line.tokens_out for _, line in lines), micro_usd=sum(line.micro_usd for _, line in lines),
    )  # fmt: skip


def _decision(
    line: TraceLine, simulator: str, names: dict[tuple[str, str], int], real: int, calls: int, where: str
) -> Decision:
    if line.confidence is not None and not 0 <= line.confidence <= 1:
        raise DataInvalid(f"{where}: the confidence {line.confidence:g} is not in 0..1")
    if line.propensity is not None and not 0 <= line.propensity <= 1:
        raise DataInvalid(f"{where}: the propensity {line.propensity:g} is not in 0..1")
    if line.context in ("W", "E") and not line.actions:
        raise DataInvalid(f"{where}: context {line.context!r} needs 'actions'")
    shown = {"terminal": line.terminal_predicted, "success": line.success_predicted}
    ruling: dict[str, Any] = {"verdict": line.verdict} if line.verdict else {}
    ruling |= {"propensity": line.propensity} if line.propensity is not None else {}
    ruling |= {"values": line.figures} if line.figures else {}
    call = line.context == "W"
    return Decision(
        index=line.decision, real=real if line.real_step is None else line.real_step, context=line.context, by=line.by,
        actions=tuple(names[line.environment, str(action)] for action in line.actions), text=line.text_hash,
        state=line.state_before, after=line.state_after, observation=line.observation, call=calls if call else None,
        model=simulator if call else "",
        predicted={**{name: value for name, value in shown.items() if value is not None}, **line.predicted},
        true={**({} if line.terminal_true is None else {"terminal": line.terminal_true}), **line.true},
        reading=_reading(line, where), confidence=line.confidence, ruling=ruling,
        values={_turn(turn, line.environment, names): value for turn, value in line.values.items()},
        terminal=line.terminal, success=bool(line.success), answer=line.answer,
        refusal=(line.refused if isinstance(line.refused, str) else "refused") if line.refused else "",
        tokens_in=line.tokens_in, tokens_out=line.tokens_out, micro_usd=line.micro_usd,
    )  # fmt: skip


def _turn(turn: str, environment: str, names: dict[tuple[str, str], int]) -> str:
    return ",".join(str(names[environment, action]) for action in turn.split(","))


def _reading(line: TraceLine, where: str) -> dict[str, Any] | None:
    if not isinstance(line.reading, str):
        return line.reading
    try:
        return read_reading(line.reading)
    except UsageError as error:
        raise DataInvalid(f"{where}: {error}") from None
