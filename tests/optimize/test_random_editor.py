"""The random editor: always another candidate, nothing touched that must stay, Python that still compiles."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from quick_task import Valley, make_task

from journeyman.errors import CandidateInvalid, ProposalFailed, UsageError
from journeyman.optimize import optimize
from journeyman.optimize.propose import scan_code, statements
from journeyman.optimize.propose.literal import Literal
from journeyman.optimize.propose.random_editor import RandomEditor, another
from journeyman.optimize.trial import SEED, Request, trial_of
from journeyman.testing.proposers import ProposerSuite, Setting, request_for, seed_trial
from journeyman.verify import Status, Task, Verdict, load_task, make_candidate
from journeyman.verify.region import fixed_text
from journeyman.verify.task import Parameter

PYTHON = '''\
import math
START = 4
# EVOLVE-BLOCK-START
GAIN = 0.3
TABLE = [1.5, -2.5, 7]


@property
def solve(instance, *rest, scale=1.0):
    """What it does."""
    global SEEN
    SEEN = -1
    total = 0.0
    for i, x in enumerate(instance):  # every one
        if x < 3.5:
            total += x * GAIN
        elif x >= 12:
            total -= 1.0; total *= 2
        else:
            pass

        text = """two
lines"""
    try:
        return -total % 7 + len(text) ** 2
    except ValueError:
        return f"{total + 1}"


# EVOLVE-BLOCK-END
END = 5
'''

C = """\
#include <stdio.h>
static const int SIZE = 64;
/* EVOLVE-BLOCK-START */
int f(const int *p, int n) {
    int s = 0;
    for (int i = 0; i < n; i++) s += p[i] * 3 - -1;
    return n >= 10 && s != 77 ? s / 5 : *p;
}
/* EVOLVE-BLOCK-END */
int main(void) { return f(0, 99); }
"""


def edit(path: str, text: str, seed: int, parameters: dict[str, Parameter] | None = None) -> str:
    trial = trial_of(SEED, make_candidate({path: text}), Verdict(Status.OK, 0.0, "dev"))
    made = RandomEditor(path, parameters=parameters).propose(
        Request(1, (trial,)), np.random.default_rng(seed)
    )
    return made.candidate.text(path)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return make_task(tmp_path / "task")


class TestRandomEditor(ProposerSuite):
    @pytest.fixture
    def setting(self, task: Task) -> Setting:
        return Setting(lambda: RandomEditor.for_task(task), task)


@pytest.mark.parametrize("name", ["operations/job_shop", "optics/adaptive_optics_lag", "computing/sha256"])
class TestRandomEditorOnPrograms(ProposerSuite):
    @pytest.fixture
    def setting(self, name: str) -> Setting:
        task = load_task(name)
        return Setting(lambda: RandomEditor.for_task(task), task)


# --- what must stay, stays ----------------------------------------------------------------------------------------


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_python_always_changes_compiles_and_keeps_what_is_fixed(seed: int) -> None:
    edited = edit("a.py", PYTHON, seed)
    assert edited != PYTHON
    assert fixed_text(edited) == fixed_text(PYTHON)
    compile(edited, "a.py", "exec")


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_it_goes_on_from_its_own_edits(seed: int) -> None:
    text = PYTHON
    for step in range(12):
        text = edit("a.py", text, seed + step)
        compile(text, "a.py", "exec")
    assert fixed_text(text) == fixed_text(PYTHON)


@given(st.integers(0, 2**32))
@settings(deadline=None)
def test_c_changes_numbers_and_operators_only(seed: int) -> None:
    edited = edit("a.c", C, seed)
    assert edited != C
    assert fixed_text(edited) == fixed_text(C)
    blank = [_without_numbers_and_operators(text) for text in (C, edited)]
    assert blank[0] == blank[1]


def _without_numbers_and_operators(text: str) -> str:
    return "".join(c for c in text if c not in "0123456789.()-+*/<>=!e \n")


statement = st.sampled_from(
    [
        "x = 1.5",
        "y = x + 3.25  # é ü",
        "if x < 2.5:\n    z = 7\nelse:\n    z = -8",
        "if x: y = 3",
        "a = 5; b = 6",
        "def f(a, *b, c=3.5, **d):\n    '''Said.'''\n    return a * c",
        "@staticmethod\ndef g():\n    return 1.25",
        "for i in range(9):\n    continue",
        "s = '''one\n  two = 3\n'''",
        "t = (1.5 +\n     2.5)",
        "from __future__ import annotations",
        "global x",
        "match 3:\n    case 4:\n        x = 5.5\n        y = 6",
        "while True:\n    break\n\n    x = 3",
        "try:\n    x = 1 / 3\nfinally:\n    y = 44",
        "z = f'{x + 1.5:>10}' + \"3.5\"",
        "v = [i for i in (3, 4) if i >= 3][-1]",
        "w = lambda *q: -q[0]",
        "\f\nx = 9.5",
        "w = \\\n  4.5",
    ]
)


@given(
    st.lists(statement, min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\n\n# between\n"]),
    st.booleans(),
    st.integers(0, 2**32),
)
@example(["\f\nx = 9.5", "x = 1.5"], "\n", True, 3)
@settings(deadline=None)
def test_any_python_stays_python(parts: list[str], end: str, closed: bool, seed: int) -> None:
    text = end.join(parts).replace("\n", "\r\n" if end == "\r\n" else "\n") + (end if closed else "")
    if not statements.is_python(text):
        with pytest.raises(CandidateInvalid, match="is not Python"):
            edit("a.py", text, seed)
        return
    try:
        edited = edit("a.py", text, seed)
    except ProposalFailed:
        return
    compile(edited, "a.py", "exec")
    assert edited != text


# --- the kinds of change ------------------------------------------------------------------------------------------


def test_every_kind_of_change_comes_about_as_often_as_stated() -> None:
    trial = trial_of(SEED, make_candidate({"a.py": PYTHON}), Verdict(Status.OK, 0.0, "dev"))
    proposer, counts, sizes = (
        RandomEditor("a.py"),
        dict.fromkeys(["number", "operator", "swap", "delete", "double"], 0),
        [],
    )
    for seed in range(400):
        made = proposer.propose(Request(1, (trial,)), np.random.default_rng(seed))
        kinds = made.data["random"]["kinds"]
        sizes.append(len(kinds))
        for kind in kinds:
            counts[kind] += 1
    total = sum(counts.values())
    for kind, chance in {"number": 0.6, "operator": 0.15, "swap": 0.1, "delete": 0.1, "double": 0.05}.items():
        # What does not compile is drawn again, so the shares are near, not equal.
        assert abs(counts[kind] / total - chance) < 0.06, counts
    assert [sizes.count(n) / 400 for n in (1, 2, 3)] == pytest.approx([0.5, 0.3, 0.2], abs=0.08)


def test_statements_of_a_block_in_order() -> None:
    found = statements.blocks(PYTHON, [(0, len(PYTHON))])
    texts = [[PYTHON[s.start : s.end] for s in block] for block in found]
    top = texts[0]
    assert top[0] == "import math"
    assert top[4].startswith("@property\ndef solve")
    loop = next(block for block in texts if block[-1].startswith('        text = """'))
    assert loop[-1].endswith('lines"""')
    # Neither what shares a line with another statement nor an elif can be moved.
    assert not any(s.strip().startswith(("total -= 1.0", "elif")) for block in texts for s in block)


def test_swap_delete_and_double_do_what_they_say() -> None:
    text = "a = 1\n# between\nb = 2  # two\nif a:\n    c = 3\n    d = 4"
    a, b, _ = statements.blocks(text, [(0, len(text))])[0]
    c, d = statements.blocks(text, [(0, len(text))])[1]
    assert statements.swapped(text, a, b) == "b = 2  # two\n# between\na = 1\nif a:\n    c = 3\n    d = 4"
    assert statements.swapped(text, c, d).endswith("    d = 4\n    c = 3")
    assert statements.deleted(text, b) == "a = 1\n# between\nif a:\n    c = 3\n    d = 4"
    assert statements.deleted(text, d).endswith("c = 3\n")
    assert statements.doubled(text, d).endswith("    d = 4\n    d = 4")
    assert statements.doubled(text, a).startswith("a = 1\na = 1\n")


def test_only_operators_between_operands_are_found() -> None:
    text = "x = -a * (-b) + f(*c, **d) - 1 <= 2\ndef g(a, /, *, b): return -a == 'a + b'  # a + b\n"
    assert [o.text for o in scan_code.python_operators(text)] == ["*", "+", "-", "<=", "=="]
    text = (
        "#include <a.h>\nint *p = &a - -1 >= b->c ? vector<int>() : x-- / 2 == 'a + b'; a <<= 3; /* a + b */"
    )
    assert [o.text for o in scan_code.c_operators(text)] == ["-", ">=", "/", "=="]


@given(
    st.floats(-10, 10), st.floats(0.1, 5), st.booleans(), st.integers(0, 2**32), st.booleans(),
)  # fmt: skip
@settings(deadline=None)
def test_another_value_lies_in_its_range_and_differs(
    low: float, width: float, integer: bool, seed: int, open_above: bool
) -> None:
    high = None if open_above else low + width + 2 * integer
    value = float(int(low) + 1) if integer else low + width / 3
    literal = Literal(0, 1, "?", int(value) if integer else value, "x", integer, low=low, high=high)
    found = another(literal, np.random.default_rng(seed))
    assert not isinstance(found, str)
    assert found != literal.value
    assert low <= found
    assert high is None or found <= high
    assert isinstance(found, int) == integer


def test_choices_become_another_choice() -> None:
    literal = Literal(0, 1, "4", 4, "x", True, choices=(1, 2, 4, 8))
    assert {another(literal, np.random.default_rng(s)) for s in range(60)} == {1, 2, 8}


def test_data_files_change_declared_parameters_only() -> None:
    parameters = {"a.x": Parameter(min=0, max=1), "n": Parameter(min=1, max=9, integer=True)}
    toml = 'n = 3\nkept = 7.5\n[a]\nx = 0.5\ny = 0.5\nword = "3.5"\n'
    text = json.dumps({"n": 3, "kept": 7.5, "a": {"x": 0.5, "y": 0.5}}, indent=1)
    for seed in range(40):
        one = tomllib.loads(edit("a.toml", toml, seed, parameters))
        other = json.loads(edit("a.json", text, seed, parameters))
        for design in (one, other):
            assert (design["kept"], design["a"]["y"]) == (7.5, 0.5)
            assert 0 <= design["a"]["x"] <= 1
            assert design["n"] in range(1, 10)
            assert (design["n"], design["a"]["x"]) != (3, 0.5)


# --- failures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text"), [("a.toml", 'x = "far"\n'), ("a.c", "int f(void);\n"), ("a.py", "# no\n")]
)
def test_nothing_to_change_is_a_failed_proposal(path: str, text: str) -> None:
    with pytest.raises(ProposalFailed, match="nothing that can be changed") as failed:
        edit(path, text, 0)
    assert failed.value.kind == "nothing_to_tune"


def test_a_task_with_nothing_to_change_is_refused_at_once(task: Task) -> None:
    (task.folder / "params.toml").write_text('x = "far"\n')
    with pytest.raises(UsageError, match=r"finds nothing to change in 'params.toml'"):
        RandomEditor.for_task(load_task(task.folder))


def test_a_parent_that_is_not_python_is_no_parent() -> None:
    with pytest.raises(CandidateInvalid, match="is not Python"):
        edit("a.py", "x = (1.5\n", 0)
    with pytest.raises(CandidateInvalid, match="is not Python"):
        edit("a.py", "return 3.5\n", 0)


def test_it_follows_the_parent_it_is_given(task: Task) -> None:
    other = trial_of(3, task.seed.replace("params.toml", "x = 2.0\n"), Verdict(Status.OK, 0.0, "dev"))
    made = RandomEditor.for_task(task).propose(
        request_for(task, 4, other, seed_trial(task)), np.random.default_rng(0)
    )
    design = tomllib.loads(made.candidate.text("params.toml"))
    assert list(design) == ["x"]
    assert design["x"] != 2.0


def test_a_run_of_selection_alone_improves(task: Task, tmp_path: Path) -> None:
    result = optimize(
        task, proposer=RandomEditor.for_task(task), evaluations=60, verifier=Valley(), runs=tmp_path / "runs"
    )
    assert result.improved
    assert result.best.proposer == "random"
    assert ast.literal_eval(str(result.best.data))["random"]["kinds"]
