"""Replies applied to candidates: what is taken, what is refused and with which sentence, and that nothing can break it."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from journeyman.errors import CandidateInvalid, ProposalFailed
from journeyman.optimize.propose.edit import apply_reply
from journeyman.verify import Candidate, make_candidate
from journeyman.verify.region import check_outside

PLAIN = "def solve(x):\n    y = x + 1\n    return y\n"
MARKED = """\
#include <stdint.h>
int twice(int);

/* EVOLVE-BLOCK-START */
int twice(int x) {
    return x + x;
}
/* EVOLVE-BLOCK-END */

int fixed(void) { return 7; }
"""


def one(text: str, path: str = "candidate.py") -> Candidate:
    return make_candidate({path: text})


def edit(old: str, new: str, path: str | None = "candidate.py") -> str:
    head = f"### FILE: {path}\n" if path else ""
    return f"{head}<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n"


def applied(parent: Candidate, reply: str, *, main: str = "candidate.py", **options: object) -> Candidate:
    return apply_reply(parent, reply, "edit", main=main, **options)  # type: ignore[arg-type]


def result(text: str, reply: str, path: str = "candidate.py") -> str:
    return applied(one(text, path), reply, main=path).text(path)


def refusal(
    parent: Candidate, reply: str, kind: str, *, main: str = "candidate.py", **options: object
) -> str:
    with pytest.raises(ProposalFailed) as caught:
        applied(parent, reply, main=main, **options)
    assert caught.value.kind == kind, str(caught.value)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < 600
    return sentence


# --- edits ----------------------------------------------------------------------------------------------------------


def test_an_edit_replaces_the_lines_it_quotes() -> None:
    block = edit("    y = x + 1\n", "    y = x + 2\n")
    made = result(PLAIN, f"I add two.\n\n{block}\nThat is all.")
    assert made == PLAIN.replace("+ 1", "+ 2")


def test_the_file_line_may_be_missing_where_there_is_one_file_only() -> None:
    reply = edit("    y = x + 1\n", "    y = 2\n", path=None)
    assert "y = 2" in result(PLAIN, reply)
    two = make_candidate({"candidate.py": PLAIN, "other.py": PLAIN})
    assert "'### FILE: path'" in refusal(two, reply, "unparsable")


def test_edits_of_several_files_are_taken_in_their_order() -> None:
    two = make_candidate({"candidate.py": "a\nb\n", "data/table.toml": "x = 1\ny = 2\n"})
    reply = edit("a\n", "c\n") + edit("x = 1\n", "x = 3\n", "data/table.toml") + edit("c\n", "d\n")
    made = applied(two, reply)
    assert made.text("candidate.py") == "d\nb\n"
    assert made.text("data/table.toml") == "x = 3\ny = 2\n"


def test_several_blocks_may_follow_one_file_line_and_stand_in_a_fence() -> None:
    blocks = (
        edit("def solve(x):\n", "def solve(z):\n", None)
        + "\n"
        + edit("    return y\n", "    return 2 * y\n", None)
    )
    made = result(PLAIN, f"### FILE: `candidate.py`\n\n```diff\n{blocks}```\n")
    assert made == "def solve(z):\n    y = x + 1\n    return 2 * y\n"


def test_text_that_is_not_there_is_answered_with_the_nearest_line_and_the_difference() -> None:
    said = refusal(one(PLAIN), edit("    y = x + 3\n", "    y = 2\n"), "unparsable")
    assert "line 2, `y = x + 1`, where the SEARCH text has `y = x + 3`" in said
    said = refusal(one(PLAIN), edit("def solve(x):\n    y = x + 3\n", ""), "unparsable")
    assert "line 2, `y = x + 1`" in said
    assert "the 1 before it fit" in said
    said = refusal(one(PLAIN), edit("    return y\nprint(1)\n", ""), "unparsable")
    assert "the file ends after line 3, where the SEARCH text goes on with `print(1)`" in said
    assert "the file is empty" in refusal(one(""), edit("a\n", "b\n"), "unparsable")


def test_text_that_is_there_several_times_needs_more_lines() -> None:
    text = "a = 1\nb = 2\na = 1\nc = 3\n"
    said = refusal(one(text), edit("a = 1\n", "a = 2\n"), "unparsable")
    assert "stands there 2 times (from lines 1, 3)" in said
    assert result(text, edit("a = 1\nc = 3\n", "a = 2\nc = 3\n")) == "a = 1\nb = 2\na = 2\nc = 3\n"
    assert "2 times" in refusal(one("a\na\na\n"), edit("a\na\n", "b\n"), "unparsable")


def test_of_several_places_the_only_one_that_may_be_edited_counts() -> None:
    text = "x = 1\n# EVOLVE-BLOCK-START\nx = 1\n# EVOLVE-BLOCK-END\nx = 1\n"
    made = result(text, edit("x = 1\n", "x = 2\n"))
    assert made == "x = 1\n# EVOLVE-BLOCK-START\nx = 2\n# EVOLVE-BLOCK-END\nx = 1\n"


def test_outside_the_region_nothing_may_be_edited() -> None:
    parent = one(MARKED, "candidate.c")
    said = refusal(
        parent, edit("#include <stdint.h>\n", "", "candidate.c"), "outside_region", main="candidate.c"
    )
    assert "line 1, `#include <stdint.h>`" in said
    assert "only lines 5 to 7 may change" in said
    inside = edit("    return x + x;\n", "/* EVOLVE-BLOCK-END */\n", "candidate.c")
    assert "writes a line with" in refusal(parent, inside, "outside_region", main="candidate.c")


def test_lines_outside_may_be_quoted_for_context() -> None:
    old = "/* EVOLVE-BLOCK-START */\nint twice(int x) {\n"
    made = result(MARKED, edit(old, old.replace("int x", "int z"), "candidate.c"), "candidate.c")
    assert made == MARKED.replace("twice(int x)", "twice(int z)")


def test_the_seed_says_which_markers_count() -> None:
    seed = one("x = 1\n")
    parent = one("# EVOLVE-BLOCK-START\nx = 1\n")  # a marker that a model wrote means nothing
    assert applied(parent, edit("x = 1\n", "x = 2\n"), seed=seed).text("candidate.py").endswith("x = 2\n")
    broken = one(MARKED.replace("EVOLVE-BLOCK-END", "lost"), "candidate.c")
    whole = f"### FILE: candidate.c\n```\n{MARKED}```\n"
    assert (
        applied(broken, whole, main="candidate.c", seed=one(MARKED, "candidate.c")).text("candidate.c")
        == MARKED
    )


def test_white_space_at_line_ends_is_forgiven() -> None:
    text = "a = 1   \nb = 2\t\nc = 3\n"
    assert result(text, edit("a = 1\nb = 2  \n", "a = 5\n")) == "a = 5\nc = 3\n"


def test_blank_lines_around_the_quoted_text_are_forgiven() -> None:
    assert result("a\nb\nc\n", edit("\nb\n\n", "\nB\n\n")) == "a\nB\nc\n"


def test_a_missing_last_line_end_stays_missing() -> None:
    assert result("a\nb", edit("b\n", "c\n")) == "a\nc"
    assert result("a\nb", "```\nx\ny\n```") == "x\ny"
    assert result("a\nb\n", "```\nx\ny\n```") == "x\ny\n"


def test_one_and_the_same_indentation_may_be_off_if_only_one_place_fits() -> None:
    text = "class A:\n    def f(self):\n        return 1\n"
    made = result(text, edit("def f(self):\n    return 1\n", "def f(self):\n    x = 2\n\n    return x\n"))
    assert made == "class A:\n    def f(self):\n        x = 2\n\n        return x\n"
    made = result("a:\n  b: 1\n", edit("      b: 1\n", "      b: 2\n      c: 3\n"))
    assert made == "a:\n  b: 2\n  c: 3\n"


def test_an_indentation_that_cannot_be_told_is_not_changed() -> None:
    text = "if a:\n    f()\nelse:\n        f()\n"
    said = refusal(one(text), edit("f()\n", "g()\n"), "unparsable")
    assert "line 2 is indented by 4 spaces, in the SEARCH text by nothing: `f()`" in said
    # The lines are not off by the same amount.
    uneven = "for a in b:\n    f()\n      # note\n"
    assert "line 2" in refusal(one(uneven), edit("for a in b:\nf()\n# note\n", ""), "unparsable")
    assert "1 tab" in refusal(one("a\n\tb\n"), edit("a\n    b\n", "c\n"), "unparsable")
    # The replacement has a line that cannot be moved to the left as far.
    refusal(one("x = 1\n"), edit("    x = 1\n", "    x = 2\ny = 3\n"), "unparsable")


def test_an_empty_search_writes_only_where_nothing_stands() -> None:
    assert result("", edit("", "a = 1\n")) == "a = 1\n"
    empty = "x\n# EVOLVE-BLOCK-START\n\n# EVOLVE-BLOCK-END\ny\n"
    assert result(empty, edit("", "z\n")) == "x\n# EVOLVE-BLOCK-START\nz\n# EVOLVE-BLOCK-END\ny\n"
    assert "SEARCH text is empty" in refusal(one(PLAIN), edit("", "a\n"), "unparsable")
    assert "SEARCH text is empty" in refusal(one(PLAIN), edit(" \n", "a\n"), "unparsable")


def test_line_ends_of_the_file_are_kept() -> None:
    text = "a = 1\r\nb = 2\r\n"
    assert result(text, edit("a = 1\n", "a = 3\nc = 4\n")) == "a = 3\r\nc = 4\r\nb = 2\r\n"
    assert result(text, edit("a = 1\n", "a = 3\n").replace("\n", "\r\n")) == "a = 3\r\nb = 2\r\n"
    assert result("a = 1\n", "```\r\na = 2\r\n```\r\n") == "a = 2\n"
    assert result(text, "```\na = 2\n```\n") == "a = 2\r\n"
    marked = MARKED.replace("\n", "\r\n")
    made = result(marked, "```c\nint twice(int x) { return 2 * x; }\n```\n", "candidate.c")
    assert made.count("\r\n") == made.count("\n")
    assert "2 * x" in made


def test_letters_of_all_scripts() -> None:
    text = "# Länge λ 長さ\nα = 1  # ← 🚀\n"
    assert result(text, edit("α = 1  # ← 🚀\n", "α = 2  # «»\n")) == "# Länge λ 長さ\nα = 2  # «»\n"
    # A lone half of a character, as a damaged JSON text may hold, is no bytes that a file could have.
    assert result("a\n", edit("a\n", "b\ud800\n")) == "b?\n"


def test_bytes_that_are_no_text_pass_through() -> None:
    parent = make_candidate({"candidate.py": b"a = 1\n# \xff\xfe\n", "blob.bin": b"\x00\xff"})
    made = applied(parent, edit("a = 1\n", "a = 2\n"))
    assert made.files == {"candidate.py": b"a = 2\n# \xff\xfe\n", "blob.bin": b"\x00\xff"}


def test_divider_lines_in_the_text_itself() -> None:
    text = "Results\n=======\nold\n\nmore\n"
    made = result(text, edit("Results\n=======\nold\n", "Results\n=======\nnew\n"))
    assert made == "Results\n=======\nnew\n\nmore\n"
    # Longer or shorter rules are no dividers.
    assert result("Title\n=====\n", edit("Title\n=====\n", "Titles\n======\n")) == "Titles\n======\n"


def test_markers_in_the_text_itself() -> None:
    inner = edit("a\n", "b\n", None)
    text = f'HELP = """\n{inner}"""\nx = 1\n'
    assert result(text, edit("x = 1\n", "x = 2\n")) == text.replace("x = 1", "x = 2")
    assert result(text, edit(inner, "none\n")) == 'HELP = """\nnone\n"""\nx = 1\n'
    assert result('m = "<<<<<<< SEARCH"\n', edit('m = "<<<<<<< SEARCH"\n', 'm = ">>>>>>> REPLACE"\n')) == (
        'm = ">>>>>>> REPLACE"\n'
    )
    # A whole file that holds an edit is a file, not an edit.
    assert result("x = 1\n", f"### FILE: candidate.py\n```python\n{text}```\n") == text


def test_an_edit_of_what_another_has_changed_is_refused_as_a_whole() -> None:
    reply = edit("a = 1\nb = 2\n", "a = 3\n") + edit("b = 2\nc = 3\n", "c = 4\n")
    said = refusal(one("a = 1\nb = 2\nc = 3\n"), reply, "unparsable")
    assert "edit 2" in said
    assert "an earlier edit" in said


def test_a_block_without_its_end_or_divider() -> None:
    assert "REPLACE" in refusal(one(PLAIN), "<<<<<<< SEARCH\na\n=======\nb\n", "unparsable")
    assert "=======" in refusal(one(PLAIN), "<<<<<<< SEARCH\na\nb\n>>>>>>> REPLACE\n", "unparsable")
    # The first is never closed: nothing says where its text ends.
    reply = "<<<<<<< SEARCH\n    y = x + 1\n=======\n    y = 1\n" + edit(
        "    return y\n", "    return 2\n", None
    )
    refusal(one(PLAIN), reply, "unparsable")


def test_a_reply_without_anything_to_apply() -> None:
    assert "changes no file" in refusal(one(PLAIN), "I would tune y.", "unparsable")
    refusal(one(PLAIN), " \n", "empty")
    patch = "### FILE: candidate.py\n```diff\n-    y = x + 1\n+    y = x\n```\n"
    assert "changes no file" in refusal(one(PLAIN), patch, "unparsable")


def test_a_file_that_is_not_there_cannot_be_edited() -> None:
    said = refusal(one(PLAIN), edit("a\n", "b\n", "seed.py"), "unparsable")
    assert "there is no such file; there is 'candidate.py'" in said


# --- whole files ------------------------------------------------------------------------------------------------------


def test_a_whole_file_replaces_what_was_there() -> None:
    assert result(PLAIN, "### FILE: candidate.py\n```python\nx = 1\n```\n") == "x = 1\n"
    assert result(PLAIN, "Better:\n~~~\nx = 1\n~~~\nDone.") == "x = 1\n"
    assert result(PLAIN, "```\n### FILE: candidate.py\nx = 1\n```\n") == "x = 1\n"


def test_files_may_be_added_and_deleted() -> None:
    two = make_candidate({"candidate.py": PLAIN, "old.py": "x\n"})
    reply = (
        "### FILE: candidate.py\n```\nimport new\n```\n### FILE: ./lib/new.py\n```\ny = 1\n```\n### DELETE: old.py\n"
        + edit("", "z = 2\n", "more.toml")
    )
    made = applied(two, reply)
    assert {path: made.text(path) for path in made.files} == {
        "candidate.py": "import new\n",
        "lib/new.py": "y = 1\n",
        "more.toml": "z = 2\n",
    }
    assert "cannot be deleted" in refusal(two, "### DELETE: candidate.py", "unparsable")
    assert "no such file" in refusal(two, "### DELETE: none.py", "unparsable")


def test_a_new_file_alone_is_a_file_by_the_wrong_name() -> None:
    said = refusal(one(PLAIN), "### FILE: seed.py\n```\nx = 1\n```\n", "unparsable")
    assert "the one to change is 'candidate.py'" in said


def test_only_the_block_below_a_file_line_is_a_file() -> None:
    reply = "Use it so:\n```\nsolve(1)\n```\n### FILE: candidate.py\n```python\nx = 1\n```\nOutput:\n```\n2\n```\n"
    assert result(PLAIN, reply) == "x = 1\n"


def test_several_blocks_without_a_file_line_leave_it_open() -> None:
    said = refusal(one(PLAIN), "```\na\n```\nor\n```\nb\n```\n", "unparsable")
    assert "2 fenced blocks" in said
    # Unless one of them brings the markers.
    inside = "/* EVOLVE-BLOCK-START */\nint twice(int x) { return 2 * x; }\n/* EVOLVE-BLOCK-END */\n"
    made = result(MARKED, f"```\ntwice(2)\n```\n```c\n{inside}```\n", "candidate.c")
    assert "return 2 * x" in made


def test_fences_inside_of_a_file() -> None:
    text = '"""Example:\n\n```\nsolve(1)\n```\n"""\nx = 1\n'
    assert result(PLAIN, f"### FILE: candidate.py\n````python\n{text}````\n") == text
    # The model forgot to make its fence longer; the inner fence names a language, so the pair can be told.
    text = text.replace("```\nsolve", "```python\nsolve")
    assert result(PLAIN, f"### FILE: candidate.py\n```python\n{text}```\n") == text
    # An inner fence that is never closed must not swallow what follows.
    odd = "A = '''\n```python\n'''\n"
    two = make_candidate({"candidate.py": "a\n", "b.py": "b\n"})
    made = applied(two, f"### FILE: candidate.py\n```\n{odd}```\n### FILE: b.py\n```\nc\n```\n")
    assert made.text("candidate.py") == odd
    assert made.text("b.py") == "c\n"


def test_the_inside_of_the_region_stands_for_the_whole_file() -> None:
    inside = "int twice(int x) { return 2 * x; }\n"
    expected = MARKED.replace("int twice(int x) {\n    return x + x;\n}\n", inside)
    block = f"/* EVOLVE-BLOCK-START */\n{inside}/* EVOLVE-BLOCK-END */\n"
    without_markers = "".join(line for line in expected.splitlines(True) if "EVOLVE" not in line)
    trailing = expected.replace("#include <stdint.h>\n", "#include <stdint.h>  \n\n")
    for said in (inside, block, expected, without_markers, trailing):
        assert result(MARKED, f"### FILE: candidate.c\n```c\n{said}```\n", "candidate.c") == expected


def test_a_whole_file_that_differs_outside_the_region_is_refused() -> None:
    parent = one(MARKED, "candidate.c")
    reply = f"```c\n{MARKED.replace('return 7', 'return 8')}```\n"
    said = refusal(parent, reply, "outside_region", main="candidate.c")
    assert "`int fixed(void) { return 7; }` where the reply has `int fixed(void) { return 8; }`" in said
    twice = "/* EVOLVE-BLOCK-START */\na\n/* EVOLVE-BLOCK-END */\n" * 2
    assert "1 editable blocks and the reply has 2" in refusal(
        parent, f"```\n{twice}```\n", "outside_region", main="candidate.c"
    )
    open_end = "/* EVOLVE-BLOCK-START */\nint twice(int x) { return x; }\n"
    assert "never closed" in refusal(parent, f"```\n{open_end}```\n", "outside_region", main="candidate.c")


def test_with_several_regions_the_whole_file_is_wanted() -> None:
    text = "# EVOLVE-BLOCK-START\na\n# EVOLVE-BLOCK-END\nx\n# EVOLVE-BLOCK-START\nb\n# EVOLVE-BLOCK-END\n"
    assert "2 editable blocks" in refusal(one(text), "```\nc\n```\n", "outside_region")
    new = text.replace("\na\n", "\nA\n").replace("\nb\n", "\nB\n")
    assert result(text, f"```\n{new}```\n") == new
    assert result(text, edit("a\n", "A\n") + edit("b\n", "B\n")) == new


# --- bounds -----------------------------------------------------------------------------------------------------------


def test_a_reply_equal_to_the_parent_is_no_error() -> None:
    for text in (PLAIN, MARKED, "a\r\nb", "", "\n\n"):
        shown = text + "\n" if text and not text.endswith("\n") else text
        assert result(text, f"### FILE: candidate.py\n```\n{shown}```\n") == text
    assert applied(one(PLAIN), edit("    return y\n", "    return y\n")) == one(PLAIN)


@pytest.mark.parametrize(
    "path", ["../evil.py", "/etc/passwd", "a/../../b", "a\\b", "x" * 300, "candidate.py/b"]
)
def test_paths_that_lead_out_are_refused(path: str) -> None:
    reply = f"### FILE: candidate.py\n```\nx\n```\n### FILE: {path}\n```\ny\n```\n"
    with pytest.raises(CandidateInvalid):
        applied(one(PLAIN), reply)


def test_files_and_candidates_may_not_grow_without_end() -> None:
    long = "x = 1\n" * 100
    said = refusal(one(PLAIN), f"```\n{long}```\n", "over_long", max_file_chars=500)
    assert "'candidate.py' would have 600 characters, and 500 are allowed" in said
    # What was not changed may be as long as it is.
    two = make_candidate({"candidate.py": "a\n", "table.txt": long})
    assert applied(two, edit("a\n", "b\n"), max_file_chars=500).text("candidate.py") == "b\n"
    many = "".join(f"### FILE: f{i}.py\n```\nx\n```\n" for i in range(300))
    with pytest.raises(CandidateInvalid, match="256 files"):
        applied(two, many)


def test_a_cut_reply_counts_if_all_that_it_holds_is_whole() -> None:
    whole = edit("    y = x + 1\n", "    y = 0\n")
    assert "y = 0" in applied(one(PLAIN), whole + "\nThis should hel", cut=True).text("candidate.py")
    refusal(one(PLAIN), whole + "<<<<<<< SEARCH\n    ret", "cut", cut=True)
    refusal(one(PLAIN), "### FILE: candidate.py\n```\ndef so", "cut", cut=True)
    refusal(one(PLAIN), "Let me think about", "cut", cut=True)
    # Ended by the model itself, a last fence may be missing.
    assert result(PLAIN, "### FILE: candidate.py\n```\nx = 1\n") == "x = 1\n"


# --- properties -------------------------------------------------------------------------------------------------------

LINE = st.sampled_from(["a", "b", "  a", "    b", "", "=======", "x = 1", "Title", "```", "### note", "λ"])
TEXT = st.lists(LINE, max_size=12).map(lambda lines: "".join(line + "\n" for line in lines))


def fence_for(text: str) -> str:
    longest = max((len(line) - len(line.lstrip("`")) for line in text.split("\n")), default=0)
    return "`" * max(3, longest + 1)


def edits_between(old: str, new: str) -> str:
    """One edit for each stretch that differs, with as many lines around it as make it unique; the whole file if none do."""
    a, b = old.splitlines(True), new.splitlines(True)
    blocks = []
    for tag, i, j, k, m in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        reach = 1
        while True:
            first, last = max(0, i - reach), min(len(a), j + reach)
            quoted = a[first:last]
            if sum(a[at : at + len(quoted)] == quoted for at in range(len(a))) == 1:
                break
            reach += 1
        blocks.append(edit("".join(quoted), "".join([*a[first:i], *b[k:m], *a[j:last]])))
    return "".join(blocks)


@given(TEXT, TEXT)
@settings(max_examples=300, deadline=None)
def test_the_whole_file_as_an_edit_gives_the_other_text(old: str, new: str) -> None:
    made = apply_reply(one(old), edit(old, new), "edit", main="candidate.py") if old.strip() else None
    if made is not None:
        assert made.text("candidate.py") == new


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.data())
@settings(max_examples=200, deadline=None)
def test_edits_made_from_two_texts_give_the_second(numbers: list[int], data: st.DataObject) -> None:
    # Lines are numbered, so that a change of one is not undone by another with the same words.
    old = "".join(f"v{i} = {n}\n" for i, n in enumerate(numbers))
    at = data.draw(st.sets(st.integers(0, len(numbers) - 1), max_size=4))
    new = "".join(
        data.draw(st.sampled_from(["", f"w{i} = 1\n", f"w{i} = 1\n=======\nu{i} = 2\n"])) if i in at else line
        for i, line in enumerate(old.splitlines(True))
    )
    far_apart = all(abs(i - k) > 3 for i in at for k in at if i != k)
    if new != old and far_apart:
        assert result(old, edits_between(old, new)) == new


@given(TEXT, TEXT)
@settings(max_examples=300, deadline=None)
def test_a_whole_file_in_a_long_enough_fence_gives_its_text(old: str, new: str) -> None:
    fence = fence_for(new)
    assert result(old, f"### FILE: candidate.py\n{fence}\n{new}{fence}\n") == new


PIECES = (
    "### FILE: candidate.c", "### FILE: new.py", "### FILE: ../x", "### DELETE: candidate.c", "### DELETE: b", "",
    "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE", "```", "````", "```c", "~~~", " ", "/* EVOLVE-BLOCK-START */",
    "/* EVOLVE-BLOCK-END */", "#include <stdint.h>", "    return x + x;", "return x + x;", "int twice(int x) {", "}",
    "int fixed(void) { return 7; }",
)  # fmt: skip
PIECE = st.sampled_from(
    [*(piece + "\n" for piece in PIECES), "\r\n", "\x0c", "\u2028", "\ud800", "\x00", "x" * 50]
)
REPLY = st.lists(st.one_of(PIECE, st.text(max_size=8)), max_size=25).map("".join)
PARENT = st.one_of(
    st.just(MARKED),
    st.just(MARKED.replace("\n", "\r\n")),
    st.lists(PIECE, max_size=10).map("".join),
    st.just(""),
)


@given(PARENT, REPLY, st.booleans())
@settings(max_examples=600, deadline=None)
@example(MARKED, "<<<<<<< SEARCH\n=======\n=======\n>>>>>>> REPLACE\n", False)
@example("\x0c# EVOLVE-BLOCK-START\x0ca\x0c# EVOLVE-BLOCK-END", "```\nb\n```", False)
def test_no_reply_breaks_it_or_gets_out_of_the_region(text: str, reply: str, cut: bool) -> None:
    parent = make_candidate({"candidate.c": text.encode("utf-8", "replace"), "b": b"\xff\n"})
    for one_file in (parent, make_candidate({"candidate.c": parent.files["candidate.c"]})):
        try:
            made = apply_reply(one_file, reply, "rewrite", main="candidate.c", max_file_chars=2000, cut=cut)
        except (ProposalFailed, CandidateInvalid):
            continue
        assert "candidate.c" in made.files
        assert make_candidate(made.files) == made
        check_outside(one_file, made)


@pytest.mark.parametrize(
    "reply",
    [
        "#" + " " * 100_000 + "x",
        "### FILE: a" + " " * 100_000 + "x" + " " * 100_000,
        "```c\n```c\n```\n" * 5_000,
        "```\n" * 20_000,
        "<<<<<<< SEARCH\n" * 20_000,
        "<<<<<<< SEARCH\na\n" + "=======\n" * 20_000 + ">>>>>>> REPLACE\n",
        edit("x = 1\n" * 8_000 + "y\n", "z\n"),
        edit("  x = 1\n" * 4_000, "z\n"),
    ],
)
def test_a_hostile_reply_is_read_in_no_more_than_its_length_allows(reply: str) -> None:
    # Work that grows with the square of the reply would run into the time limit of the suite.
    for text in (PLAIN, "x = 1\n" * 16_000):
        with pytest.raises((ProposalFailed, CandidateInvalid)):
            applied(one(text), reply)


def test_a_long_quotation_is_followed_to_where_it_breaks_off() -> None:
    text = "".join(f"v{i} = {i}\n" for i in range(300))
    said = refusal(one(text), edit(text.replace("v250 = 250", "v250 = 0"), "x\n"), "unparsable")
    assert (
        "the 250 before it fit, and the next is line 251, `v250 = 250`, where the SEARCH text has `v250 = 0`"
        in said
    )


@given(st.text(), st.text())
@settings(max_examples=300, deadline=None)
def test_no_text_at_all_breaks_it(text: str, reply: str) -> None:
    try:
        made = apply_reply(one(text), reply, "edit", main="candidate.py")
    except (ProposalFailed, CandidateInvalid):
        return
    check_outside(one(text), made)
