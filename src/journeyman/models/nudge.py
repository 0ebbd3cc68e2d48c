"""A stand-in for a language model that needs none: it changes one or two numbers of the candidate it is shown.

It reads a prompt as a model would, from the text alone, and answers in the form that the prompt asks for:

    # Candidate to improve            heading of the files to change, up to "# Other candidate" or "# Reply"
    ### FILE: path                    then the file in a fence that is longer than any run of backticks inside
    FORM: edit                        or FORM: rewrite, on a line of its own

    edit:      ### FILE: path, then blocks of <<<<<<< SEARCH, =======, >>>>>>> REPLACE
    rewrite:   ### FILE: path, then the whole file in a fence

Numbers in strings and comments stay, and so does everything outside EVOLVE-BLOCK-START .. EVOLVE-BLOCK-END. Chance comes
from the prompt's seed and digest alone, so the same prompt has the same answer in any thread, order or process.
"""

from __future__ import annotations

import math
import random
import re
from dataclasses import dataclass

from journeyman.models.message import Prompt

_HEADING = (
    r"^\# [ ] (?P<heading> Candidate\ to\ improve | Other\ candidate | What\ went\ wrong | Reply ) .* $"
)
_FENCED = r"(?P<fence> `{3,}) (?P<language> [^`\n]*) \n (?P<text> (?:.*\n)*?) (?P=fence) [ \t]* $"
_FILE = rf"^\#\#\# [ ] FILE: [ ]* (?P<path> \S.*?) [ \t]* \n+ {_FENCED}"
# A file is read as a whole, so that a heading inside of it is none.
_PART = re.compile(f"{_FILE} | {_HEADING}", re.MULTILINE | re.VERBOSE)
_FORM = re.compile(r"^FORM: (edit|rewrite)[ \t]*$", re.MULTILINE)
_MARKER = re.compile(r"^(?:<{5,} SEARCH|={5,}|>{5,} REPLACE)\s*$", re.MULTILINE)

# Not an index: another element is seldom a small step.
_NUMBER = (
    r"(?<![\w.)\]]) (?<!\w\[) (?P<number> (?:\d+\.?\d*|\.\d+) (?:[eE][+-]?\d+)?) (?= [fFlLuU]{0,3} (?![\w.]))"
)
_STRING = r'"""[\s\S]*?""" | \'\'\'[\s\S]*?\'\'\' | "(?:\\.|[^"\\\n])*" | \'(?:\\.|[^\'\\\n])*\''
_AFTER_HASH = re.compile(rf"{_STRING} | \#[^\n]* | {_NUMBER}", re.VERBOSE)
_AFTER_SLASHES = re.compile(rf"{_STRING} | //[^\n]* | /\*[\s\S]*?\*/ | {_NUMBER}", re.VERBOSE)
_SLASHES = re.compile(r".*\.(?:c|h|cc|cpp|cxx|hpp|cu|rs|go|js|ts|java|v|sv)", re.IGNORECASE)

_SECOND = 0.4
_SPREAD = 0.25


@dataclass(frozen=True)
class _File:
    path: str
    language: str
    text: str


@dataclass(frozen=True)
class _Change:
    """`text[start:end]` of `file` becomes `new`."""

    file: _File
    start: int
    end: int
    new: str

    @property
    def line(self) -> int:
        return self.file.text.count("\n", 0, self.start)


def nudge(prompt: Prompt) -> str:
    """The answer to `prompt`; a sentence without any edit if there is no number that may be changed."""
    rng = random.Random(f"{prompt.seed} {prompt.digest}")
    shown = [message.text for message in prompt.messages if message.role == "user"]
    files = next(filter(None, (_to_improve(text) for text in reversed(shown))), [])
    numbers = [(file, start, end) for file in files for start, end in _numbers(file)]
    if not numbers:
        return "The candidate holds no number that may be changed."
    count = min(len(numbers), 2 if rng.random() < _SECOND else 1)
    changes = [
        _Change(file, start, end, _nudged(file.text[start:end], rng))
        for file, start, end in sorted(rng.sample(numbers, count), key=lambda spot: (spot[0].path, spot[1]))
    ]
    said = "; ".join(f"{c.file.text[c.start : c.end]} becomes {c.new} in {c.file.path}" for c in changes)
    forms = _FORM.findall("\n".join(shown))
    write = _rewrite if forms and forms[-1] == "rewrite" else _edits
    return f"A small step: {said}.\n\n{write(changes)}"


def _to_improve(text: str) -> list[_File]:
    """The files under the heading of the candidate to improve, in order."""
    files, wanted = [], False
    for part in _PART.finditer(text):
        if part["heading"]:
            wanted = part["heading"] == "Candidate to improve"
        elif wanted:
            files.append(_File(part["path"], part["language"], part["text"]))
    return files


def _numbers(file: _File) -> list[tuple[int, int]]:
    """Spans of the numbers that may be changed."""
    pattern = _AFTER_SLASHES if _SLASHES.fullmatch(file.path) else _AFTER_HASH
    spans = []
    for found in pattern.finditer(file.text):
        if found["number"] and math.isfinite(float(found["number"])) and _editable(file.text, found.start()):
            spans.append(found.span("number"))
    return spans


def _editable(text: str, at: int) -> bool:
    """Whether position `at` lies in an editable block; without any marker the whole text does."""
    if "EVOLVE-BLOCK-START" not in text:
        return True
    begin = text.rfind("EVOLVE-BLOCK-START", 0, at)
    return begin != -1 and "\n" in text[begin:at] and "EVOLVE-BLOCK-END" not in text[begin:at]


def _nudged(number: str, rng: random.Random) -> str:
    """Another number near by: an integer stays one and at least 0, any other moves by about a quarter."""
    if number.isdigit():
        value = int(number)
        step = max(1, round(abs(rng.gauss(0.0, _SPREAD)) * min(value, 10**15)))
        return str(value - step if rng.random() < 0.5 and value > step else value + step)
    old = float(number)
    moved = old * math.exp(rng.gauss(0.0, _SPREAD)) if old else rng.uniform(0.05, 0.5)
    if not math.isfinite(moved) or f"{moved:.6g}" == f"{old:.6g}":
        moved = old * 0.9
    new = f"{moved:.6g}"
    return new if any(sign in new for sign in ".e") else f"{new}.0"


def _changed(changes: list[_Change]) -> dict[_File, list[_Change]]:
    files: dict[_File, list[_Change]] = {}
    for change in changes:
        files.setdefault(change.file, []).append(change)
    return files


def _apply(changes: list[_Change], start: int, end: int) -> str:
    """`text[start:end]` of the one file of `changes`, with those inside of it made."""
    text = changes[0].file.text
    pieces, at = [], start
    for change in changes:
        if start <= change.start and change.end <= end:
            pieces += [text[at : change.start], change.new]
            at = change.end
    return "".join([*pieces, text[at:end]])


def _rewrite(changes: list[_Change]) -> str:
    blocks = []
    for file, own in _changed(changes).items():
        runs = re.findall(r"`+", file.text)
        fence = "`" * max(3, 1 + max(map(len, runs), default=0))
        text = _apply(own, 0, len(file.text))
        blocks.append(f"### FILE: {file.path}\n{fence}{file.language}\n{text}{fence}\n")
    return "\n".join(blocks)


def _edits(changes: list[_Change]) -> str:
    blocks = []
    for file, own in _changed(changes).items():
        edits = []
        for start, end in _passages(file, own):
            old, new = file.text[start:end], _apply(own, start, end)
            edits.append(f"<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n")
        if edits:
            blocks.append(f"### FILE: {file.path}\n" + "".join(edits))
    return "\n".join(blocks) or "The numbers stand in lines that an edit cannot quote."


def _passages(file: _File, changes: list[_Change]) -> list[tuple[int, int]]:
    """Spans of whole lines that hold the changes, none overlapping, each found only once in the file."""
    starts = [0] + [i + 1 for i, sign in enumerate(file.text) if sign == "\n"]
    passages: list[tuple[int, int]] = []
    for line in sorted({change.line for change in changes}):
        first, last = line, line + 1
        while file.text.count(file.text[starts[first] : starts[last]]) > 1:
            if first > 0:
                first -= 1
            else:
                last += 1
        span = starts[first], starts[last]
        if passages and span[0] < passages[-1][1]:
            before = passages.pop()
            span = min(before[0], span[0]), max(before[1], span[1])
        if not _MARKER.search(file.text[slice(*span)]):
            passages.append(span)
    return passages
