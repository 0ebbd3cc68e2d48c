"""Graders: pairs of answers that are and are not the same, and answers meant to do harm."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.data import math_worker
from journeyman.distill.data.answers import answer_line, final_answer, last_boxed, last_brackets
from journeyman.distill.data.grade import answer_of, grade_all, grader, names_its_answer
from journeyman.distill.data.math_grader import MathGrader
from journeyman.errors import MissingExtra, UsageError

SAME = [
    ("\\frac{1}{2}", "0.5"), ("1/2", "\\frac12"), ("\\dfrac{3}{4}", "3/4"), ("\\frac{6}{4}", "\\frac{3}{2}"),
    ("-\\frac{1}{3}", "\\frac{-1}{3}"), ("\\{1,2,3\\}", "\\{3,2,1\\}"), ("1, 2, 3", "1,2,3"), ("(0,1)", "(0, 1)"),
    ("[0,1)", "[0,1)"), ("(-\\infty, 3]", "(-\\infty,3]"), ("1 \\le x \\le 3", "[1,3]"), ("5\\text{ cm}", "5"),
    ("5 \\mathrm{cm}", "5\\text{ cm}"), ("90^\\circ", "90"), ("50\\%", "50"), ("\\$12.50", "12.5"),
    ("12", "12 \\text{ apples}"), ("2\\sqrt{3}", "\\sqrt{12}"), ("x^2+2x+1", "(x+1)^2"), ("1,000", "1000"),
    ("142", "142.0"), ("25", "025"), ("x=5", "5"), ("\\frac{\\pi}{4}", "\\pi/4"), ("\\text{Yes}", "Yes"), ("2+3i", "3i+2"),
    ("2^{10}", "1024"), ("\\infty", "\\infty"), ("A", "A"), ("$7$", "7"), ("7.", "7"), ("+3", "3"), ("10\\,000", "10000"),
]  # fmt: skip

DIFFERENT = [
    ("0.3333", "1/3"), ("\\frac{1}{2}", "\\frac{1}{3}"), ("\\{1,2\\}", "\\{1,3\\}"), ("\\{1,2\\}", "\\{1,2,3\\}"),
    ("[0,1]", "(0,1)"), ("(0,1)", "(0,2)"), ("(1,2)", "(2,1)"), ("x^2+1", "(x+1)^2"), ("\\pi", "3.14159"), ("-7", "7"),
    ("\\text{No}", "Yes"), ("C", "A"), ("", "12"), ("25", "250"), ("1 \\le x \\le 3", "[1,4]"), ("6 \\text{ cm}", "5"),
    ("\\sqrt{2}", "2"), ("2 + x", "2"),
]  # fmt: skip


@pytest.fixture(scope="module")
def math_grader() -> Iterator[MathGrader]:
    made = grader("math")
    assert isinstance(made, MathGrader)
    made.limit_s = 30.0  # a slow machine must not make right answers wrong
    yield made
    made.close()


def boxed(answer: str) -> str:
    return f"First $1 + 1 = 2$, so the answer is \\boxed{{{answer}}}."


@pytest.mark.parametrize(("given", "answer"), SAME)
def test_equal_answers(math_grader: MathGrader, given: str, answer: str) -> None:
    assert math_grader(boxed(given), answer)


@pytest.mark.parametrize(("given", "answer"), DIFFERENT)
def test_different_answers(math_grader: MathGrader, given: str, answer: str) -> None:
    assert not math_grader(boxed(given), answer)


@pytest.mark.parametrize(
    ("response", "right"),
    [
        ("so \\boxed{3} and then \\boxed{4}", True),
        ("so \\boxed{4} and then \\boxed{3}", False),
        ("Answer: 4", True),
        ("Step 1.\n**Answer:** $4$", True),
        ("Answer: 4\nNo, wait.\nAnswer: 5", False),
        ("the answer is 4.", True),
        ("the answer is 5.", False),
        ("I do not know", False),
        ("", False),
        ("\\boxed{4", False),  # cut off by the limit
        ("\\boxed{4} hence \\boxed{5", False),  # it had gone on
        ("\\boxed{ \\boxed{4} }", True),
    ],
)
def test_where_the_answer_is_looked_for(math_grader: MathGrader, response: str, right: bool) -> None:
    assert math_grader(response, "4") is right


def test_a_grader_is_given_no_prompt(math_grader: MathGrader) -> None:
    # A prompt that holds the answer, as DAPO's example of a box might, must not count: only the response is passed.
    prompt, response = "What is 2 + 2? The answer 4 goes within \\boxed{4}.", "I cannot say."
    assert not math_grader(response, "4")
    assert math_grader(prompt + response, "4")  # that is what it would be worth


def test_an_answer_that_never_ends_costs_its_time_and_no_more() -> None:
    hostile = MathGrader(limit_s=60.0)
    try:
        assert hostile(boxed("\\frac{2}{4}"), "1/2")  # the process is there
        hostile.limit_s = 1.0
        before = time.monotonic()
        assert not hostile(boxed("9^{9^{9^{9}}}"), "5")
        assert time.monotonic() - before < 60  # the number itself would take longer than the universe has been there
        assert hostile.timeouts == 1
        hostile.limit_s = 60.0
        assert hostile(boxed("\\frac{4}{8}"), "1/2")  # and the next one is graded
    finally:
        hostile.close()


def test_a_process_whose_parent_is_gone_ends_by_itself() -> None:
    worker = subprocess.Popen(
        [sys.executable, "-P", math_worker.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )  # fmt: skip
    assert worker.stdin is not None
    assert worker.stdout is not None
    with worker.stdin, worker.stdout:
        assert json.loads(worker.stdout.readline()) == "ready"
        worker.stdin.write(json.dumps([0.5, "5", "9^{9^{9^{9}}}", True]).encode() + b"\n")
        worker.stdin.flush()
        assert worker.wait(timeout=120) == -signal.SIGALRM


@pytest.mark.parametrize("length", [5_000, 2_000_000])
def test_enormous_answers_are_wrong_without_being_computed(math_grader: MathGrader, length: int) -> None:
    timeouts = math_grader.timeouts
    assert not math_grader(boxed("1+" * length + "1"), str(length + 1))
    assert not math_grader("{" * length + boxed("3"), "4")
    assert not math_grader("\\boxed{" * (length // 7), "4")
    assert not math_grader(boxed("4"), "1+" * length)
    assert math_grader.timeouts == timeouts


def test_any_number_of_threads_may_ask(math_grader: MathGrader) -> None:
    verdicts: list[tuple[bool, bool]] = []

    def ask(i: int) -> None:
        right, wrong = (math_grader(boxed(f"\\frac{{{top}}}{{4}}"), f"{i}/2") for top in (2 * i, i))
        verdicts.append((right, wrong))

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [(True, False)] * 8


def _in_child(grade: MathGrader, out: multiprocessing.SimpleQueue[bool]) -> None:
    out.put(grade(boxed("\\frac{2}{4}"), "1/2"))
    grade.close()


def test_a_worker_process_gets_a_grader_of_its_own(math_grader: MathGrader) -> None:
    assert math_grader(boxed("\\frac{2}{4}"), "1/2")
    context = multiprocessing.get_context("spawn")
    out: multiprocessing.SimpleQueue[bool] = context.SimpleQueue()
    child = context.Process(target=_in_child, args=(math_grader, out))
    child.start()
    assert out.get() is True
    child.join()
    assert math_grader(boxed("\\frac{3}{6}"), "1/2")
    assert pickle.loads(pickle.dumps(math_grader)).limit_s == math_grader.limit_s


FORKS = """
import os
from journeyman.distill.data.math_grader import MathGrader
grade = MathGrader(limit_s=60.0)
assert grade("\\\\boxed{\\\\frac{2}{4}}", "1/2")
child = os.fork()
if child == 0:
    os._exit(0 if grade("\\\\boxed{\\\\frac{2}{6}}", "1/3") else 1)
assert os.waitpid(child, 0)[1] == 0
assert grade("\\\\boxed{\\\\frac{2}{8}}", "1/4")
"""


def test_a_fork_does_not_read_its_parents_replies() -> None:
    subprocess.run([sys.executable, "-c", FORKS], check=True, timeout=200)


def test_exact_compares_texts() -> None:
    grade = grader("exact")
    assert grade("so \\boxed{1/2}", "1/2")
    assert not grade("so \\boxed{0.5}", "1/2")
    assert grade("Answer:  a  b ", "a b")
    assert grade("plain\n text", "plain text")
    assert not grade("", "")


def test_bracket_takes_the_last_brackets() -> None:
    grade = grader("bracket")
    assert grade("so 3 + 4 = 7 . [ 7 ]", "7")
    assert grade("[ 3 ] no [ 1 2 ]", "12")
    assert not grade("[ 7 ] then [ 8 ]", "7")
    assert not grade("7", "7")
    assert not grade("] 7 [", "7")
    assert not grade("[ ]", "")


def test_a_function_of_the_users_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "import json\n"
        "def ends(response, answer):\n    return response.endswith(answer)\n"
        "def numeric(response, answer):\n    import numpy\n    return numpy.bool_(response == answer)\n"
        "def share(response, answer):\n    return 0.5\n"
        "value = 3\n",
        encoding="utf-8",
    )
    grade = grader(f"{file}:ends")
    assert grade("it is 4", "4")
    assert not grade("it is 5", "4")
    assert grader(f"{file}:numeric")("4", "4") is True
    assert not names_its_answer(grade)
    assert answer_of(grade, "whole") == "whole"
    with pytest.raises(UsageError, match=r"mine\.py:share gave 0\.5"):
        grader(f"{file}:share")("4", "4")
    for name, said in {
        f"{file}:absent": "no function 'absent'", f"{file}:value": "no function 'value'",
        f"{tmp_path / 'no.py'}:f": "is not there", "maths": "none of math, exact, bracket",
        str(file): "not FILE.py:FUNCTION",
    }.items():  # fmt: skip
        with pytest.raises(UsageError, match=said):
            grader(name)


def test_graders_say_where_they_look() -> None:
    for name in ("math", "exact"):
        grade = grader(name)
        assert names_its_answer(grade)
        assert answer_of(grade, "it is 4") is None
        assert answer_of(grade, boxed("4")) == "4"
    assert answer_of(grader("bracket"), "[ 4 ]") == " 4 "
    assert grade_all(grader("bracket"), ["[ 4 ]", "[ 5 ]"], ["4", "4"]) == [True, False]


def test_without_math_verify_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "math_verify.py").write_text("raise ImportError('not here')", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingExtra, match=r"not here: pip install 'journeyman\[distill\]'"):
        grader("math")(boxed("1/2"), "0.5 \\cdot 1")
    with pytest.raises(UsageError, match="limit_s is 0"):
        MathGrader(limit_s=0)


def test_boxes_with_braces_inside() -> None:
    assert last_boxed("\\boxed{\\frac{1}{2}}") == "\\frac{1}{2}"
    assert last_boxed("\\boxed {a} \\fbox{b}") == "b"
    assert last_boxed("\\boxed{\\{1, 2\\}}") == "\\{1, 2\\}"
    assert last_boxed("\\boxed{\\}") is None
    assert last_boxed("none") is None
    assert last_brackets("a [b] c [d]") == "d"
    assert answer_line("no answer: here\nFinal answer: 3 ") == "3"
    assert answer_line("the answer: is inside") is None
    assert final_answer("Answer: 3 \\boxed{4}") == "4"


PIECE = st.text(st.sampled_from("ab1+-{}\\ "), max_size=8)


NESTED = st.recursive(st.just("x"), lambda s: s.map(lambda t: f"{{{t}}}y") | st.tuples(s, s).map("+".join))


@settings(max_examples=200, deadline=None)
@given(before=PIECE, inner=NESTED)
def test_the_last_box_is_found_whatever_stands_before_it(before: str, inner: str) -> None:
    assert last_boxed(f"{before}\\boxed{{1}} then \\boxed{{{inner}}} done") == inner
