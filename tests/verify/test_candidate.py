from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import CandidateInvalid
from journeyman.verify import Candidate, make_candidate, read_candidate
from journeyman.verify.region import END, START, check_outside, editable_spans, fixed_text

NAMES = st.text("abcxyz._-", min_size=1, max_size=8).filter(lambda n: n not in (".", ".."))
TREES = st.dictionaries(NAMES, st.binary(max_size=50), min_size=1, max_size=5)


@given(TREES)
def test_digest_depends_on_content_only(tree: dict[str, bytes]) -> None:
    backwards = dict(reversed(list(tree.items())))
    assert make_candidate(tree).digest == make_candidate(backwards).digest


@given(TREES, NAMES, st.binary(max_size=20))
def test_any_change_changes_the_digest(tree: dict[str, bytes], path: str, data: bytes) -> None:
    before = make_candidate(tree)
    after = before.replace(path, data)
    assert (before.digest == after.digest) == (tree.get(path) == data)


def test_content_cannot_move_between_files_unnoticed() -> None:
    assert Candidate({"a": b"bc", "d": b""}).digest != Candidate({"a": b"b", "d": b"c"}).digest
    assert Candidate({"ab": b"c"}).digest != Candidate({"a": b"bc"}).digest


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "a/../b", "a//b", "./a", "a\\b", "a\nb", "a\0b", "x" * 201, "a/."]
)
def test_unplain_paths_are_refused(path: str) -> None:
    with pytest.raises(CandidateInvalid, match="not allowed"):
        make_candidate({path: b""})


def test_size_and_shape_are_bounded() -> None:
    with pytest.raises(CandidateInvalid, match="at least one file"):
        make_candidate({})
    with pytest.raises(CandidateInvalid, match="256 files"):
        make_candidate({f"f{i}": b"" for i in range(257)})
    with pytest.raises(CandidateInvalid, match="bytes in all"):
        make_candidate({"a": b"x" * (4 * 2**20 + 1)})
    with pytest.raises(CandidateInvalid, match="both a file and a folder"):
        make_candidate({"a": b"", "a/b": b""})


def test_folder_round_trip(tmp_path: Path) -> None:
    tree = make_candidate({"main.py": b"x = 1\n", "lib/part.py": b"y = 2\n"})
    tree.write_to(tmp_path / "tree")
    (tmp_path / "tree" / ".git").mkdir()
    (tmp_path / "tree" / "__pycache__").mkdir()
    assert read_candidate(tmp_path / "tree", "main.py") == tree


def test_links_and_strangers_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "main.py").symlink_to(secret)
    with pytest.raises(CandidateInvalid, match="not a plain file"):
        read_candidate(folder, "main.py")
    (folder / "main.py").unlink()
    os.mkfifo(folder / "main.py")
    with pytest.raises(CandidateInvalid, match="not a plain file"):
        read_candidate(folder, "main.py")
    with pytest.raises(CandidateInvalid, match="no candidate"):
        read_candidate(tmp_path / "absent", "main.py")
    with pytest.raises(CandidateInvalid, match=r"has no 'main.py'"):
        read_candidate(_folder_with(tmp_path / "other", "x.py"), "main.py")


def _folder_with(folder: Path, name: str) -> Path:
    folder.mkdir()
    (folder / name).write_text("")
    return folder


LINES = st.lists(st.text("ab =\t#", max_size=6), max_size=4).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@given(st.lists(LINES, min_size=3, max_size=7).filter(lambda pieces: len(pieces) % 2 == 1))
def test_spans_are_what_stands_between_markers(pieces: list[str]) -> None:
    text = pieces[0]
    for inside, after in zip(pieces[1::2], pieces[2::2], strict=True):
        text += f"# {START}\n{inside}# {END}\n{after}"
    assert [text[a:b] for a, b in editable_spans(text)] == pieces[1::2]
    fixed = fixed_text(text)
    assert fixed is not None
    assert "".join(fixed) == text.replace("\0", "") if not any(pieces[1::2]) else True
    assert len(fixed) == len(pieces[1::2]) + 1


def test_a_file_without_markers_is_editable_as_a_whole() -> None:
    assert editable_spans("abc\n") == [(0, 4)]
    assert fixed_text("abc\n") is None


@pytest.mark.parametrize(
    "text", [f"{START}\n", f"{END}\n", f"{START}\n{START}\n{END}\n", f"{END}\n{START}\n"]
)
def test_unpaired_markers_are_named(text: str) -> None:
    with pytest.raises(CandidateInvalid, match=f"{START}|{END}"):
        editable_spans(text)


def test_edits_outside_the_block_are_refused() -> None:
    seed = make_candidate({"c.py": f"fixed\n# {START}\nx = 1\n# {END}\nend\n"})
    check_outside(seed, seed.replace("c.py", f"fixed\n# {START}\nx = 2\ny = 3\n# {END}\nend\n"))
    check_outside(seed, seed.replace("more.py", "anything"))
    for text in (
        f"changed\n# {START}\nx = 1\n# {END}\nend\n",
        f"fixed\n# {START}\nx = 1\n# {END}\n",
        f"fixed\n# {START}\nx = 1\n# {END}\nend\n# {START}\nmore\n# {END}\n",
        "x = 1\n",
    ):
        with pytest.raises(CandidateInvalid):
            check_outside(seed, seed.replace("c.py", text))
    with pytest.raises(CandidateInvalid, match="missing"):
        check_outside(seed, make_candidate({"other.py": b""}))
