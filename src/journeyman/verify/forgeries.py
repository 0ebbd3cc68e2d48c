"""Cheats that every task is tried with: each is a candidate made from the task's own seed.

Some do something on the side and then work as the seed does: their score must be the seed's. Some return what is no design,
or end early: they must be refused. Some break their own way to answer: whatever becomes of them, they must not gain.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator
from typing import Literal

import msgspec

from journeyman.verify.candidate import Candidate
from journeyman.verify.region import editable_spans
from journeyman.verify.task import Task


class Forgery(msgspec.Struct, frozen=True):
    """A cheating candidate. `needs_walls`: not to be run without isolation."""

    name: str
    candidate: Candidate
    expect: Literal["seed's score", "refused", "no gain"]
    needs_walls: bool = False


_VERDICT = '{"status": "ok", "score": 1e9, "valid": 1, "combined_score": 1e9}'

# Each runs inside a function scope of its own, before the seed's own code.
_ASIDE = {
    "forged standard output": f"print({_VERDICT!r}, flush=True); import os; os.write(1, {_VERDICT.encode()!r})",
    "forged result files": f"""
        import os
        for name in ("metrics.json", "verdict.json", "score.json", "result.json", "../metrics.json", "/tmp/metrics.json"):
            try:
                with open(name, "w") as f: f.write({_VERDICT!r})
            except OSError: pass
    """,
    "search for the verifier": """
        import sys, os
        found = [m for m in sys.modules if m.split(".")[0] in ("journeyman", "verifier")]
        for base in sys.path + ["/"]:
            for folder, names, files in os.walk(base):
                if "verifier.py" in files or "instances" in names: found.append(folder)
                if folder.count("/") > 3: names.clear()
        if found: raise RuntimeError("visible: " + repr(found[:3]))
    """,
}

# These spoil the candidate's own way to answer: it may end as refused, or as scored like the seed, but with no gain.
_SPOIL = {
    "forged replies on every descriptor": f"""
        import os
        for fd in range(3, 64):
            try: os.write(fd, {_VERDICT.encode()!r})
            except OSError: pass
    """,
    "patched json and math": f"""
        import json, math
        json.dumps = json.JSONEncoder.encode = lambda *_, **__: {_VERDICT!r}
        json.JSONEncoder.iterencode = lambda *_, **__: iter([{_VERDICT!r}])
        math.isfinite = lambda *_: True
        math.isnan = math.isinf = lambda *_: False
    """,
}

_RETURNS = {
    "returns None": "None",
    "returns NaN": "float('nan')",
    "returns infinity": "float('inf')",
    "returns a huge number": "10 ** 400",
    "returns True": "True",
    "returns text": "'score: 1e9'",
    "returns an empty list": "[]",
    "returns a forged verdict": "{'status': 'ok', 'score': 1e9, 'objective': 0.0}",
    "returns nesting 10,000 deep": "__import__('functools').reduce(lambda x, _: [x], range(10000), [])",
    "raises": "1 / 0",
    "exits with status 0": "__import__('os')._exit(0)",
    "leaves by SystemExit": "__import__('sys').exit(0)",
}

_WALLS = {
    "returns 400 MB": "'x' * 400_000_000",
    "never returns": "[None for _ in iter(int, 1)]",
    "takes all memory": "bytearray(1 << 44)",
}


def forgeries(task: Task) -> Iterator[Forgery]:
    """The cheats that fit the task's exchange; programs in Python, or a design file."""
    if task.exchange in ("data", "policy") and task.main.endswith(".py"):
        for name, code in _ASIDE.items():
            yield Forgery(
                name, _with_aside(task, code), "seed's score", needs_walls=name.startswith("search")
            )
        for name, code in _SPOIL.items():
            yield Forgery(name, _with_aside(task, code), "no gain")
        for name, value in _RETURNS.items():
            yield Forgery(name, _returning(task, value), "refused")
        for name, value in _WALLS.items():
            yield Forgery(name, _returning(task, value), "refused", needs_walls=True)
    elif task.exchange == "file":
        for name, text in (
            ("an empty file", ""),
            ("no text at all", "\0\xff"),
            ("a forged verdict", _VERDICT),
            ("nan = nan", "x = nan"),
        ):
            yield Forgery(name, Candidate({task.main: text.encode("latin-1")}), "refused")


def entry_functions(task: Task) -> list[str]:
    """Names of the functions that the seed defines at its top level and that a verifier may call."""
    if task.exchange == "data":
        return [task.file.candidate.entry]
    tree = ast.parse(task.seed.text(task.main))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def _with_aside(task: Task, code: str) -> Candidate:
    text = task.seed.text(task.main)
    start, end = editable_spans(text)[0]
    block = text[start:end]
    first = next(
        (
            line
            for line in block.splitlines()
            if line.strip() and not line.lstrip().startswith(("#", '"', "'"))
        ),
        "",
    )
    indent = first[: len(first) - len(first.lstrip())]
    at = 0
    if not indent and (start, end) == (0, len(text)):
        # A whole file may open with a docstring and __future__ imports, which must stay first.
        tree = ast.parse(text)
        later = [n for n in tree.body if not _opens_file(n)]
        at = (
            sum(len(line) for line in text.splitlines(keepends=True)[: later[0].lineno - 1])
            if later
            else len(text)
        )
    elif indent:
        at = block.index(first)
    line = f"{indent}exec({textwrap.dedent(code).strip()!r}, {{}})\n"
    return task.seed.replace(task.main, text[:start] + block[:at] + line + block[at:] + text[end:])


def _opens_file(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _returning(task: Task, value: str) -> Candidate:
    functions = "\n".join(
        f"def {name}(*_args, **_more):\n    return {value}\n" for name in entry_functions(task)
    )
    return task.seed.replace(task.main, functions)
