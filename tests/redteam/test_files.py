"""Candidates as files on this host: links, pipes and changes after they were read. No candidate runs while it is read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from arena import Arena, Host

from journeyman.errors import CandidateInvalid
from journeyman.verify import read_candidate
from journeyman.verify.candidate import make_candidate

pytestmark = pytest.mark.redteam
HONEST = "def solve(instance):\n    return {'x': list(instance['rough'])}\n"


def folder(tmp_path: Path) -> Path:
    made = tmp_path / "candidate"
    made.mkdir()
    (made / "candidate.py").write_text(HONEST)
    return made


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder", "dangling link", "pipe", "device"])
def test_what_is_no_plain_file_is_refused(kind, tmp_path, host: Host):
    made = folder(tmp_path)
    odd = made / "data"
    if kind == "link to a file":
        odd.symlink_to(host.folder / "key.txt")
    elif kind == "link to a folder":
        odd.symlink_to(host.home)
    elif kind == "dangling link":
        odd.symlink_to("/nowhere")
    elif kind == "pipe":
        os.mkfifo(odd)
    else:
        (made / "candidate.py").unlink()
        (made / "candidate.py").symlink_to("/dev/zero")
    with pytest.raises(CandidateInvalid):
        read_candidate(made, "candidate.py")


def test_the_candidate_itself_may_not_be_a_link(tmp_path, host: Host):
    link = tmp_path / "candidate.py"
    link.symlink_to(host.folder / "key.txt")
    with pytest.raises(CandidateInvalid):
        read_candidate(link, "candidate.py")


@pytest.mark.parametrize(
    "path",
    [
        "../evil.py",
        "/tmp/evil.py",
        "a/../../evil.py",
        "a//b",
        "./a",
        "",
        "a\0b",
        "a\nb",
        "\x1b[2J",
        "a\\b",
        "x" * 300,
    ],
)
def test_paths_that_lead_elsewhere_are_refused(path):
    with pytest.raises(CandidateInvalid):
        make_candidate({"candidate.py": b"", path: b""})


def test_a_change_after_reading_changes_nothing(tmp_path, arena):
    here: Arena = arena("data", "embedded")
    made = folder(tmp_path)
    read = read_candidate(made, "candidate.py")
    digest = read.digest
    (made / "candidate.py").write_text("def solve(instance):\n    return {'x': [9.0] * 8}\n")
    assert here.verifier.evaluate(read).score == here.seed.score
    assert read.digest == digest


def test_names_that_shadow_the_library_reach_only_the_candidate(arena):
    """A candidate may bring a json.py; the code that reads its answer is not in its process."""
    here: Arena = arena("data", "embedded")
    shadows = dict.fromkeys(
        (
            "json.py",
            "os.py",
            "io.py",
            "numpy.py",
            "struct.py",
            "random.py",
            "encodings/__init__.py",
            "sitecustomize.py",
        ),
        b"raise SystemExit(0)\n",
    )
    verdict = here.verifier.evaluate(make_candidate({**shadows, "candidate.py": HONEST}))
    assert verdict.score in (None, here.seed.score)
    assert verdict.status in ("ok", "candidate_error")
    assert here.verifier.evaluate(here.task.seed).score == here.seed.score


@pytest.mark.parametrize(
    "path",
    [
        "-fplugin=x.c",
        "@args.c",
        "-o.c",
        "a b.c",
        "$(id).c",
        "`id`.c",
        "blocks.h",
        "harness.c",
        "reference.c",
        "stdint.h",
        "x.S",
    ],
)
def test_names_that_a_compiler_might_obey(path, arena):
    """Options, response files and names of the harness, as names of further sources."""
    here: Arena = arena("build", "embedded")
    seed = here.task.seed.files["candidate.c"]
    verdict = here.verifier.evaluate(
        make_candidate({"candidate.c": seed, path: b"typedef int uint_of_mine;\n"})
    )
    assert verdict.status in ("ok", "candidate_error"), verdict.feedback
    if verdict.ok:
        assert verdict.score < 4 * here.seed.score
    assert here.verifier.evaluate(here.task.seed).ok
