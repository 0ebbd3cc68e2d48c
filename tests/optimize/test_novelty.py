"""What counts as tried before: the same but for comments, or the same change; never a change of numbers."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.optimize.search.novelty import Likeness, Seen, sketch_of, tokens_of
from journeyman.optimize.trial import Trial, trial_of
from journeyman.verify import Candidate, Status, Verdict, make_candidate

PROGRAM = '''\
"""Schedules jobs."""

import math


def cost(jobs, machines):
    # the longest machine decides
    load = [0.0] * machines
    for job in sorted(jobs, key=lambda j: -j.time):
        best = min(range(machines), key=lambda m: load[m])
        load[best] += job.time * 1.5 - 2
    return max(load)
'''

EDIT = """\
def anneal(order, temperature=10.0):
    current = cost(order, 3)
    for step in range(1000):
        i, j = pick(order), pick(order)
        order[i], order[j] = order[j], order[i]
        changed = cost(order, 3)
        if changed < current or accept(changed - current, temperature / (step + 1)):
            current = changed
        else:
            order[i], order[j] = order[j], order[i]
        if step % 100 == 0:
            temperature = cool(temperature, rate=0.95, floor=0.01)
    best = [job for job in order if job.start >= 0]
    late = {job.name: job.end - job.due for job in best if job.end > job.due}
    return best, late, current
"""


def program(text: str, path: str = "main.py") -> Candidate:
    return make_candidate({path: text})


def trial(index: int, files: Candidate) -> Trial:
    return trial_of(index, files, Verdict(Status.OK, 1.0, "dev"))


def like(candidate: str, *earlier: str, threshold: float = 0.95, path: str = "main.py") -> Likeness | None:
    """Against the parent, trial 0, and trials 1, 2, ..."""
    seen = Seen(threshold, 100)
    trials = [trial(index, program(text, path)) for index, text in enumerate(earlier)]
    for each in trials:
        seen.add(each)
    return seen.like(program(candidate, path), trials[0])


def test_comments_and_white_space_make_nothing_new() -> None:
    dressed = PROGRAM.replace("# the longest machine decides", "# the busiest one").replace(
        "load = [0.0] * machines", "load  =  [ 0.0 ]*machines   # hours"
    )
    assert like(dressed + "\n\n# done\n", PROGRAM) == Likeness(0, 1.0, True)


def test_the_same_files_are_left_to_the_engine() -> None:
    assert like(PROGRAM, PROGRAM) is None


@pytest.mark.parametrize(
    ("path", "one", "other", "alike"),
    [
        ("a.py", "x = '# a'\n", "x = '# b'\n", False),
        ("a.py", "x = 1  # a\n", "x = 1  # b\n", True),
        ("a.py", "x = 7 // 2\n", "x = 7 // 3\n", False),
        ("a.c", "x = 7; // two\n", "x = 7; // three\n", True),
        ("a.c", "x = 7; /* two\n lines */ y();", "x = 7;\ny();", True),
        ("a.c", "#include <a.h>\n", "#include <b.h>\n", False),
        ("a.json", '{"a": "#x"}', '{"a": "#y"}', False),
        # Indentation has a meaning in one of the two.
        ("a.py", "if a:\n    b()\n    c()\n", "if a:\n    b()\nc()\n", False),
        ("a.c", "if (a) {\n    b();\n    c(); }\n", "if (a) {\n b();\nc(); }\n", True),
        ("a.py", "a()\n   \n\nb()\n", "a()\nb()\n", True),
    ],
)
def test_what_is_a_comment_depends_on_the_language(path: str, one: str, other: str, alike: bool) -> None:
    assert (like(other, one, path=path) is not None) == alike


def test_numbers_are_masked_with_their_signs() -> None:
    _, one = tokens_of("a.py", "f(-1.5e-3, +2) + x - 3\nreturn -0x1F, True\ny = .5\n")
    _, other = tokens_of("a.py", "f(7, 2) + x - 44\nreturn 1_000, false\ny = -5.0\n")
    assert one == other
    # A minus between two values is no sign.
    assert tokens_of("a.py", "x - 3")[1] == ["x", "-", "0"]
    assert tokens_of("a.py", "x1 = a[-1] - 1")[1] == ["x1", "=", "a", "[", "0", "]", "-", "0"]


finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(st.lists(st.tuples(finite, finite, st.integers(-99, 99), st.booleans()), min_size=2, max_size=8))
def test_a_change_of_numbers_alone_is_never_turned_away(points: list[tuple[float, float, int, bool]]) -> None:
    texts = [f"x = {x!r}\ny = scale * {y!r} - 2\nn = {n}\nfast = {b}\n" for x, y, n, b in points]
    assert like(texts[-1], *texts[:-1], threshold=0.01) is None


def test_numbers_on_top_of_an_earlier_change_are_not_turned_away() -> None:
    assert like(PROGRAM + EDIT.replace("0.95", "0.9"), PROGRAM, PROGRAM + EDIT) is None


def test_almost_the_same_change_is_turned_away_and_names_the_trial() -> None:
    found = like(PROGRAM + EDIT.replace("late =", "delay ="), PROGRAM, "pass\n", PROGRAM + EDIT)
    assert found is not None
    assert (found.index, found.same) == (2, False)
    assert 0.95 < found.cosine < 1.0


def test_a_small_change_of_a_large_program_is_new_unless_it_was_made_before() -> None:
    large = PROGRAM + "".join(f"\ndef helper_{i}(a, b):\n    return a.f{i}(b) + b.g{i}\n" for i in range(80))
    changed = large.replace("key=lambda j: -j.time", "key=lambda j: j.due")
    assert like(changed, large) is None
    # By the texts as a whole it is all but the same.
    one, other = sketch_of(program(large)).runs, sketch_of(program(changed)).runs
    assert one @ other / (one @ one * (other @ other)) ** 0.5 > 0.95
    assert (
        like(changed.replace("# the longest", "# now by due date; the longest"), large, changed) is not None
    )


def test_another_change_of_the_same_place_is_new() -> None:
    one = PROGRAM.replace("-j.time", "j.due")
    other = PROGRAM.replace("-j.time", "len(j.steps) / j.due")
    assert like(other, PROGRAM, one) is None


def test_the_same_text_in_another_file_is_another_candidate() -> None:
    seen = Seen(0.95, 10)
    parent = trial(0, make_candidate({"a.py": PROGRAM, "b.py": ""}))
    seen.add(parent)
    assert seen.like(make_candidate({"a.py": "", "b.py": PROGRAM}), parent) is None


words = st.lists(st.sampled_from(["x", "y", "+", "f", "(", ")", "1", "\n", "  "]), max_size=25).map(" ".join)


@given(st.lists(words, min_size=1, max_size=12), words, st.randoms(use_true_random=False), st.integers(1, 12))
def test_the_order_of_trials_does_not_matter(
    texts: list[str], candidate: str, rng: random.Random, capacity: int
) -> None:
    trials = [trial(index, program(text)) for index, text in enumerate(texts)]
    answers = []
    for turn in range(4):
        seen, order = Seen(0.5, capacity), list(trials)
        if turn:
            rng.shuffle(order)
        for each in order:
            seen.add(each)
            if turn == 3:
                # Asking in between changes nothing.
                seen.like(program("y"), trials[0])
                seen.add(each)
        answers.append((len(seen), seen.like(program(candidate), trials[0])))
    assert answers[0] == answers[1] == answers[2] == answers[3]


def test_memory_is_bounded_and_two_kilobytes_a_trial() -> None:
    assert sketch_of(program(PROGRAM)).runs.nbytes <= 2048
    seen = Seen(0.95, 50)
    for index in range(500):
        seen.add(trial(index, program(f"def f{index}(): return g{index}()\n")))
        if index % 7 == 0:
            seen.like(program("x"), trial(0, program("y")))
    assert len(seen) == 50
    parent = trial(0, program("y"))
    assert seen.like(program("def f449(): return g449() # old\n"), parent) is None
    found = seen.like(program("def f450(): return g450() # remembered\n"), parent)
    assert found is not None
    assert found.index == 450
    assert seen._table is not None
    assert len(seen._table.indices) <= 64
    assert len(seen._rows) == 50
    assert len(seen._latest_with) <= 50


def test_a_sketch_is_the_same_in_every_process() -> None:
    code = (
        "from journeyman.optimize.search.novelty import sketch_of; from journeyman.verify import make_candidate;"
        f"s = sketch_of(make_candidate({{'a.py': {EDIT!r}}})); print(s.tokens.hex(), s.skeleton, s.runs.tobytes().hex())"
    )
    said: set[Any] = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        said.add(
            subprocess.run(
                [sys.executable, "-c", code], check=True, capture_output=True, env=environment
            ).stdout
        )
    assert len(said) == 1


def test_any_bytes_can_be_sketched() -> None:
    rng = random.Random(0)
    files = make_candidate({"a.py": rng.randbytes(5000), "b": b"", "c.json": '"unclosed', "d.c": "/* open"})
    assert sketch_of(files).tokens == sketch_of(files).tokens
