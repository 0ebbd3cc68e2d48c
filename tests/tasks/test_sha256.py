"""The task computing/sha256: the chain, the harness, the yardstick, and the verdicts of its controls."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from journeyman.errors import CandidateFailure, WrongAnswer
from journeyman.sandbox import Sandbox
from journeyman.sandbox.build import Build
from journeyman.sandbox.compiler import Compiler
from journeyman.tasks.computing.sha256 import chain, verifier
from journeyman.verify import DEV, HELD_OUT, Instance, Status, Task, load_task
from journeyman.verify.gate import REQUIRED_CONTROLS, control_candidate, read_controls
from journeyman.verify.region import fixed_text


@pytest.fixture(scope="module")
def task() -> Task:
    return load_task("computing/sha256")


@pytest.fixture(scope="module")
def compiler(task: Task) -> Iterator[Compiler]:
    with Sandbox() as sandbox, Compiler(sandbox, task.file.build, task.folder) as compiler:
        yield compiler


def small(length: int = 100, count: int = 3) -> Instance:
    return Instance("small", {"length": length}, {"chain": count})


# --- the chain ------------------------------------------------------------------------------------------------------


def plain_chain(message: bytes, nonce: bytes, count: int) -> bytes:
    """The definition, byte by byte."""
    data, digest = bytearray(message), nonce
    for _ in range(count):
        for i in range(len(data)):
            data[i] ^= digest[i % 32]
        digest = hashlib.sha256(data).digest()
    return digest


@given(st.binary(max_size=300), st.binary(min_size=32, max_size=32), st.integers(1, 5))
def test_the_quick_chain_is_the_plain_one(message: bytes, nonce: bytes, count: int) -> None:
    assert chain.chain(message, nonce, count) == plain_chain(message, nonce, count)


@pytest.mark.parametrize("length", [2048, 2049, 4095, 4096, 5003])
def test_the_same_for_long_messages(length: int) -> None:
    message, nonce = verifier.fresh(length), secrets.token_bytes(32)
    assert chain.chain(message, nonce, 3) == plain_chain(message, nonce, 3)


def test_the_judge_names_both_digests() -> None:
    judge = chain.check(b"", bytes(32), 1)
    empty = hashlib.sha256(b"").digest()
    assert judge(empty) is None
    assert empty.hex() in str(judge(b""))
    assert "nothing" in str(judge(b""))


# --- the programs ---------------------------------------------------------------------------------------------------


def test_seed_oracle_and_openssl_agree_with_hashlib_at_every_length(task: Task, compiler: Compiler) -> None:
    lengths = [*range(260), 1000, 4096, 65537]
    blocks = [verifier.block(n, 1) for n in lengths] + [verifier.block(n, 4) for n in (0, 1, 31, 32, 33, 64, 777)]
    for candidate in (task.seed, control_candidate(task, "tuned"), control_candidate(task, "oracle")):
        with Build(compiler, candidate.files, task.limits) as build:
            build.try_out(blocks)
    with Build(compiler, task.seed.files, task.limits) as build:
        for block in blocks:
            answer, _ = build.reference().answer(block)
            assert block.judge(answer) is None


TUNED = re.compile(r"^(#define \w+ +)(\d+)( +// tune: )(.+)$", re.MULTILINE)


def test_every_annotated_number_may_take_its_first_and_last_value(task: Task, compiler: Compiler) -> None:
    text = task.seed.text(task.main)
    found = TUNED.findall(text)
    assert len(found) == text.count("// tune:") >= 6
    for end in (0, -1):

        def chosen(match: re.Match[str], end: int = end) -> str:
            return match[1] + re.split(r" \| | \.\. ", match[4])[end] + match[3] + match[4]

        with Build(compiler, {task.main: TUNED.sub(chosen, text).encode()}, task.limits) as build:
            build.try_out(verifier.single_answers(200))


def test_a_score_has_its_interval_speed_and_processor(task: Task, compiler: Compiler) -> None:
    with Build(compiler, task.seed.files, task.limits) as build:
        outcome = verifier.score(small(256, 50), build)
    assert outcome.status is Status.OK
    assert outcome.objective is not None
    assert 0 < outcome.metrics["ratio_low"].value <= outcome.objective <= outcome.metrics["ratio_high"].value
    assert compiler.cpu.digest in outcome.feedback


@pytest.mark.parametrize("name", ["infeasible", "near_infeasible", "two_faced"])
def test_wrong_digests_have_no_score(task: Task, compiler: Compiler, name: str) -> None:
    with Build(compiler, control_candidate(task, name).files, task.limits) as build:
        outcome = verifier.score(small(64, 600), build)
    assert outcome.status is Status.INFEASIBLE
    assert "digest" in outcome.feedback


@pytest.mark.parametrize(
    ("name", "ends"),
    [("malformed", {"compile"}), ("crashing", {"killed"}), ("exiting", {"exited"}), ("endless", {"cpu", "timeout"})],
)
def test_failures_are_named(task: Task, compiler: Compiler, name: str, ends: set[str]) -> None:
    files = control_candidate(task, name).files
    with Build(compiler, files, task.limits) as build, pytest.raises(CandidateFailure) as failure:
        verifier.score(small(), build)
    assert failure.value.end in ends


# --- cheats that need to know this task -------------------------------------------------------------------------------


def cheat(task: Task, body: str) -> dict[str, bytes]:
    """The seed with its function renamed to `honest`, and `body` after it."""
    text = task.seed.text(task.main)
    function = "void sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {"
    end = "/* EVOLVE-BLOCK-END */"
    assert text.count(function) == 1
    text = text.replace(function, "static " + function.replace("sha256", "honest")).replace(end, body + "\n" + end)
    return {task.main: text.encode()}


@pytest.mark.parametrize(
    "body",
    [
        # the last answer again
        """static uint8_t last[32]; static int calls;
        void sha256(const uint8_t *d, size_t n, uint8_t out[32]) {
            if (calls++ < 400) honest(d, n, last);
            memcpy(out, last, 32);
        }""",
        # answers kept by the first bytes of the message
        """static uint8_t seen[256][32], is[256];
        void sha256(const uint8_t *d, size_t n, uint8_t out[32]) {
            uint8_t k = n ? d[0] : 0;
            if (!is[k] || n < 64) { honest(d, n, seen[k]); is[k] = n >= 64; }
            memcpy(out, seen[k], 32);
        }""",
        # only the first and the last block are hashed
        """void sha256(const uint8_t *d, size_t n, uint8_t out[32]) { honest(d, n > 5000 ? 5000 : n, out); }""",
        # the message is changed, so that the next one is easier
        """void sha256(const uint8_t *d, size_t n, uint8_t out[32]) {
            honest(d, n, out);
            if (n > 6000) memset((uint8_t *)d, 0, n);
        }""",
    ],
    ids=["last", "table", "short", "erase"],
)
def test_cheats_are_wrong_answers(task: Task, compiler: Compiler, body: str) -> None:
    with Build(compiler, cheat(task, body), task.limits) as build, pytest.raises(WrongAnswer):
        build.compare([verifier.block(n, c) for n, c in ((64, 300), (64, 300), (6001, 3), (6001, 3))])


def test_reading_past_the_end_crashes(task: Task, compiler: Compiler) -> None:
    body = """void sha256(const uint8_t *d, size_t n, uint8_t out[32]) {
        honest(d, n, out);
        if (n) out[0] ^= 0 & *(volatile const uint8_t *)(d + n);
    }"""
    with Build(compiler, cheat(task, body), task.limits) as build, pytest.raises(CandidateFailure) as failure:
        build.try_out([verifier.block(64, 1)])
    assert failure.value.end == "killed"


# --- the folder -------------------------------------------------------------------------------------------------------


def test_the_folder_is_complete(task: Task) -> None:
    controls = read_controls(task)
    assert set(REQUIRED_CONTROLS) <= {control.name for control in controls}
    assert task.noisy
    assert [i.public["length"] for i in task.instances(DEV)] == [64, 1024, 65536, 1 << 20]
    assert not {i.public["length"] for i in task.instances(DEV)} & {i.public["length"] for i in task.instances(HELD_OUT)}


def test_controls_keep_what_stands_outside_the_block(task: Task) -> None:
    outside = fixed_text(task.seed.text(task.main))
    assert outside is not None
    for control in read_controls(task):
        assert fixed_text(control.candidate(task).text(task.main)) == outside, control.name


def test_the_statement_is_right_about_its_example_and_lengths(task: Task) -> None:
    assert hashlib.sha256(b"abc").hexdigest() in task.statement.replace(" ", "")
    assert hashlib.sha256(b"").hexdigest() in task.statement.replace(" ", "")
    named = re.search(r"messages of ([\d, \n]+ and \d+) bytes and of\s+lengths drawn", task.statement)
    assert named is not None
    assert [int(n) for n in re.findall(r"\d+", named[1])] == list(verifier.EDGES)


def test_a_picture_only_when_asked(task: Task, compiler: Compiler, tmp_path: Path) -> None:
    with Build(compiler, control_candidate(task, "oracle").files, task.limits) as build:
        pictures = verifier.draw(task.instances(DEV)[0], build)
    assert pictures["throughput.png"].startswith(b"\x89PNG")
