"""Scripted models: the stand-in that nudges numbers, files of replies, programs; tokens, prices and cuts."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman import tasks
from journeyman.errors import (
    ModelConfigInvalid,
    ModelNotFound,
    ModelRejected,
    ModelUnavailable,
    UsageError,
)
from journeyman.models import Completion, Cost, Image, Message, Outcome, Price, Prompt, Usage
from journeyman.models.nudge import nudge
from journeyman.models.scripted import Reply, Scripted, open_scripted
from journeyman.optimize.propose.model import ModelProposer
from journeyman.testing.models import Counted
from journeyman.testing.proposers import request_for, seed_trial
from journeyman.verify import load_task, make_candidate
from journeyman.verify.region import check_outside, editable_spans


def prompt_of(text: str, key: str = "", **rest: Any) -> Prompt:
    return Prompt((Message("user", text),), key=key, **rest)


def shown(files: dict[str, str], form: str = "edit") -> str:
    """A prompt with a candidate, as the model proposer writes it."""
    parts = ["# Task\nMake it lighter.\n\n# Candidate to improve (trial 3)\n"]
    for path, text in files.items():
        runs = re.findall("`+", text)
        fence = "`" * max(3, 1 + max(map(len, runs), default=0))
        parts.append(f"### FILE: {path}\n{fence}python\n{text}{fence}\n")
    parts.append("# Other candidate 2\n\n### FILE: seed.py\n```\nother = 77\n```\n")
    parts.append(f"# Reply\n\nAnswer in this form.\n\nFORM: {form}\n")
    return "\n".join(parts)


def applied(files: dict[str, str], said: str) -> dict[str, str]:
    """The files after the edits or rewrites of a reply, read strictly."""
    files = dict(files)
    sections = re.split(r"^### FILE: (.+)\n", said, flags=re.MULTILINE)
    assert len(sections) > 1, said
    for path, section in zip(sections[1::2], sections[2::2], strict=True):
        whole = re.fullmatch(r"(`{3,})python\n(.*?)^\1\n+", section, re.MULTILINE | re.DOTALL)
        if whole:
            files[path] = whole[2]
            continue
        block = r"<<<<<<< SEARCH\n(.*?)^=======\n(.*?)^>>>>>>> REPLACE\n"
        edits = re.findall(block, section, re.MULTILINE | re.DOTALL)
        assert edits
        assert not re.sub(block, "", section, flags=re.MULTILINE | re.DOTALL).strip()
        for old, new in edits:
            assert files[path].count(old) == 1
            files[path] = files[path].replace(old, new)
    return files


SEED = """\
# weights of 3 beams
import math
limit = 20
# EVOLVE-BLOCK-START 7
x = 1.5  # not 9
y = [0, 12]
name = "beam 4"
'''of 5
and 6'''
z = y[1] + 1e-3 + x2
# Reply
# EVOLVE-BLOCK-END
worst = 5
"""
NUMBERS = {"1.5", "0", "12", "1e-3"}


@pytest.mark.parametrize("form", ["edit", "rewrite"])
def test_nudge_changes_one_or_two_numbers_of_the_editable_block_and_nothing_else(form: str) -> None:
    counts, touched = set(), set()
    for seed in range(60):
        said = nudge(prompt_of(shown({"seed.py": SEED}, form), seed=seed))
        made = applied({"seed.py": SEED}, said)["seed.py"]
        check_outside(make_candidate({"seed.py": SEED}), make_candidate({"seed.py": made}))
        number = re.compile(r"(?<![\w.])\d[\d.e-]*")
        assert number.sub("#", made) == number.sub("#", SEED)
        pairs = zip(number.findall(SEED), number.findall(made), strict=True)
        changed = [(old, new) for old, new in pairs if old != new]
        counts.add(len(changed))
        touched |= {old for old, _ in changed}
        for old, new in changed:
            assert float(old) != float(new)
            assert old.isdigit() == new.isdigit()
    assert counts == {1, 2}
    assert touched == NUMBERS


def test_nudge_answers_in_the_form_asked_for() -> None:
    edit, rewrite = (nudge(prompt_of(shown({"seed.py": SEED}, form), seed=1)) for form in ("edit", "rewrite"))
    assert "<<<<<<< SEARCH" in edit
    assert "```" not in edit
    assert "SEARCH" not in rewrite
    assert "```python\n# weights of 3 beams\n" in rewrite


def test_nudge_has_chance_from_seed_and_prompt_alone() -> None:
    prompt = prompt_of(shown({"seed.py": SEED}), key="1/call/1", seed=8)
    assert nudge(prompt) == nudge(prompt_of(shown({"seed.py": SEED}), key="9/call/2", seed=8))
    said = {nudge(prompt_of(shown({"seed.py": SEED}), seed=seed)) for seed in (*range(20), None)}
    assert len(said) > 15


def test_nudge_goes_through_several_files_and_quotes_what_is_found_once() -> None:
    files = {"a.py": "x = 1.0\n" * 6, "b.json": '{"w": 4, "n": "5"}\n', "c.c": "// 8\nint a = 3; /* 9 */\n"}
    touched = set()
    for seed in range(80):
        made = applied(files, nudge(prompt_of(shown(files), seed=seed)))
        touched |= {path for path in files if made[path] != files[path]}
        assert made["b.json"].endswith('"n": "5"}\n')
        assert made["c.c"].startswith("// 8\n")
        assert made["c.c"].endswith("/* 9 */\n")
    assert touched == set(files)


def test_nudge_reads_the_last_prompt_that_shows_a_candidate() -> None:
    talk = (
        Message("user", shown({"seed.py": "old = 1.5\n"})),
        Message("assistant", "no"),
        Message("user", shown({"seed.py": "new = 2.5\n"}, "rewrite")),
        Message("assistant", "I would rather not."),
        Message("user", "That was no edit. Try again."),
    )
    assert "### FILE: seed.py\n```python\nnew = " in nudge(Prompt(talk, seed=1))


def test_nudge_is_not_misled_by_headings_and_fences_inside_a_file() -> None:
    text = '"""\n# Other candidate\n### FILE: fake.py\n```\nq = 5\n```\n# Reply\nFORM: rewrite\n"""\nreal = 2.5\n'
    made = applied({"seed.py": text}, nudge(prompt_of(shown({"seed.py": text}), seed=1)))
    assert made["seed.py"].startswith(text[: text.index("real")])
    assert made["seed.py"] != text


@pytest.mark.parametrize(
    "text", ["", "Write a poem.", shown({"a.py": "x = y\n"}), shown({"a.py": "# EVOLVE-BLOCK-START\n"})]
)
def test_nudge_says_so_when_there_is_no_number(text: str) -> None:
    assert nudge(prompt_of(text)) == "The candidate holds no number that may be changed."


LINES = st.lists(
    st.one_of(
        st.builds("{} = {}".format, st.sampled_from("abc"), st.floats(allow_nan=False, allow_infinity=False)),
        st.builds("{} = {}".format, st.sampled_from("abc"), st.integers(0, 10**400)),
        st.sampled_from(["# EVOLVE-BLOCK-START", "# EVOLVE-BLOCK-END", "=======", "a = 1", "", "```", "'''", "# Reply"]),
        st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=20),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(LINES, st.integers(0, 5), st.sampled_from(["edit", "rewrite"]))
def test_nudge_stays_inside_the_region_whatever_the_file(lines: list[str], seed: int, form: str) -> None:
    text = "".join(f"{line}\n" for line in lines)
    try:
        editable_spans(text)
    except Exception:  # noqa: BLE001  a file with unpaired markers is no candidate
        return
    said = nudge(prompt_of(shown({"seed.py": text}, form), seed=seed))
    if "### FILE" not in said:
        return
    made = applied({"seed.py": text}, said)
    assert made["seed.py"] != text
    check_outside(make_candidate({"seed.py": text}), make_candidate(made))


def builtin_tasks() -> list[Path]:
    return sorted(file.parent for file in Path(tasks.__file__).parent.rglob("task.toml"))


@pytest.mark.parametrize("folder", builtin_tasks(), ids=lambda folder: folder.name)
@pytest.mark.parametrize("mode", ["edit", "rewrite"])
def test_nudge_reads_the_real_prompts_and_its_replies_are_taken(folder: Path, mode: str) -> None:
    task = load_task(folder)
    with open_scripted("nudge") as model:
        proposer = ModelProposer.for_task(task, model)
        proposer.observe(seed_trial(task))
        made = set()
        for index in range(1, 9):
            request = request_for(task, index)
            request = msgspec.structs.replace(request, hint={**request.hint, "mode": mode})
            proposal = proposer.propose(request, np.random.default_rng((3, index)))
            assert proposal.data["mode"] == mode
            check_outside(task.seed, proposal.candidate)
            made.add(proposal.candidate.digest)
    assert task.seed.digest not in made
    assert len(made) > 4


# --- files of replies ---------------------------------------------------------------------------------------------


def write(path: Path, *replies: dict[str, Any]) -> str:
    path.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return str(path)


def test_replies_are_found_by_the_number_of_the_proposal_in_any_order(tmp_path: Path) -> None:
    script = write(tmp_path / "s.jsonl", {"text": "one"}, {"text": "two"}, {"text": "three"})
    with open_scripted(script) as model:
        asked = ["3/call/1", "1/call/1", "3/call/2", "2/call/1", ""]
        assert [model.complete(prompt_of("x", key)).text for key in asked] == [
            "three", "one", "three", "two", "one"
        ]  # fmt: skip


def test_a_key_comes_before_the_number(tmp_path: Path) -> None:
    script = write(
        tmp_path / "s.jsonl",
        {"text": "second try", "key": "2/call/2"},
        {"text": "one"},
        {"text": "two"},
    )
    with open_scripted(script) as model:
        asked = ["1/call/1", "2/call/1", "2/call/2"]
        assert [model.complete(prompt_of("x", key)).text for key in asked] == ["one", "two", "second try"]


@pytest.mark.parametrize("key", ["3/call/1", "0/call/1", "first"])
def test_past_its_end_a_script_is_unavailable(tmp_path: Path, key: str) -> None:
    meter = Counted()
    with (
        open_scripted(write(tmp_path / "s.jsonl", {"text": "one"}, {"text": "two"})) as model,
        pytest.raises(
            ModelUnavailable, match=rf"no reply for the call '{key}': it holds 2 in order and 0 by"
        ),
    ):
        model.complete(prompt_of("x", key), meter)
    assert meter.settled == [(Cost(), None)]


def test_a_reply_says_how_it_ended_and_what_it_took(tmp_path: Path) -> None:
    script = write(
        tmp_path / "s.jsonl",
        {"text": "", "refusal": "I would rather not."},
        {"text": " "},
        {"text": "", "reasoning": "hm, well"},
        {"text": "half of", "outcome": "cut"},
        {"text": "yes", "usage": {"input": 7, "output": 5, "reasoning": 2, "cached": 3}},
    )
    with open_scripted(script, Price(2.0, 8.0)) as model:
        said = [model.complete(prompt_of("x", str(number))) for number in range(1, 6)]
    assert [one.outcome for one in said] == [
        Outcome.REFUSED, Outcome.EMPTY, Outcome.EMPTY_AFTER_REASONING, Outcome.CUT, Outcome.ANSWERED
    ]  # fmt: skip
    assert [one.finish for one in said] == ["stop", "stop", "stop", "length", "stop"]
    assert said[2].usage == Usage(input=1, output=2, reasoning=2)
    assert said[4].usage == Usage(7, 5, 2, 3)
    assert said[4].micro_usd == 7 * 2 + 5 * 8


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"txt": "x"}', "line 2 of .* is no reply: .*txt"),
        ('{"text": 3}', "line 2 of .* is no reply"),
        ("text", "line 2 of .* is no reply"),
        ('{"text": "x", "outcome": "fine"}', "line 2 of .* is no reply: Invalid enum value 'fine'"),
        (
            '{"text": "x", "key": "a"}\n{"text": "y", "key": "a"}',
            "line 3 of .* has the key 'a' a second time",
        ),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(f'{{"text": "fine"}}\n{line}\n')
    with pytest.raises(ModelConfigInvalid, match=why):
        open_scripted(str(path))


# --- tokens -------------------------------------------------------------------------------------------------------


def test_a_token_is_estimated_for_every_four_bytes() -> None:
    with Scripted("s", lambda prompt: Reply("é" * 5), price=Price(1.0, 3.0)) as model:
        prompt = Prompt((Message("system", "abc"), Message("user", "de")), max_tokens=10)
        completion = model.complete(prompt)
        assert completion.usage == Usage(input=2, output=3)
        assert completion.micro_usd == 2 + 9
        assert model.worst_case(prompt) == Cost(tokens=12, micro_usd=2 + 30)


def test_without_a_price_nothing_is_said_of_money() -> None:
    with Scripted("s", lambda prompt: Reply("x")) as model:
        assert model.price is None
        assert model.complete(prompt_of("x")).micro_usd is None
        assert model.worst_case(prompt_of("x")).micro_usd == 0


def test_what_is_longer_than_the_cap_is_cut_between_characters() -> None:
    with Scripted("s", lambda prompt: Reply("aé" * 100), max_tokens=2) as model:
        completion = model.complete(prompt_of("x"))
    assert completion.text == "aéaéa"
    assert (completion.outcome, completion.finish) == (Outcome.CUT, "length")
    assert completion.usage == Usage(1, 2)


def test_reasoning_can_use_up_the_cap() -> None:
    with Scripted("s", lambda prompt: Reply("text", reasoning="hm " * 100), max_tokens=50) as model:
        completion = model.complete(prompt_of("x", max_tokens=10))
    assert (completion.text, completion.outcome) == ("", Outcome.EMPTY_AFTER_REASONING)
    assert completion.usage == Usage(1, 10, reasoning=10)


def test_images_are_for_those_that_see() -> None:
    image = Image("image/png", b"\x89PNG\r\n\x1a\n")
    prompt = Prompt((Message("user", "look", (image,)),))
    with open_scripted("nudge", None, True) as model:
        usage = model.complete(prompt).usage
        assert usage is not None
        assert usage.input == 1001
    with open_scripted("nudge") as model, pytest.raises(UsageError, match="'scripted/nudge' takes no images"):
        model.complete(prompt)


# --- programs -----------------------------------------------------------------------------------------------------


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "answers.py"
    path.write_text(text)
    return str(path)


def test_a_program_is_given_messages_and_seed(tmp_path: Path) -> None:
    text = 'def reply(messages, seed):\n    return f"{messages[-1].role} {messages[-1].text} {seed}"\n'
    with open_scripted(program(tmp_path, text)) as model:
        assert model.complete(prompt_of("hello", seed=4)).text == "user hello 4"
        assert model.name == f"scripted/{tmp_path}/answers.py"


def test_a_program_may_answer_with_a_document_and_hold_dataclasses(tmp_path: Path) -> None:
    text = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
        "@dataclass\nclass Said:\n    text: str\n\n"
        "def reply(messages, seed):\n    return {'text': Said('hi').text, 'usage': {'input': 3, 'output': 2}}\n"
    )
    with open_scripted(program(tmp_path, text), name="mine") as model:
        completion = model.complete(prompt_of("x"))
    assert (completion.text, completion.usage, completion.model) == ("hi", Usage(3, 2), "mine")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("x = {}\n    return x['no']", r"reply\(\) of .*answers.py raised KeyError: 'no' \(line 3\)"),
        ("import json\n    return json.loads('{')", r"raised JSONDecodeError: .* \(line 3\)"),
        ("raise SystemExit(3)", r"raised SystemExit: 3 \(line 2\)"),
        ("return 5", "returned int, not a text or a dict"),
        ("return {'texts': ''}", "returned no reply: .*texts"),
    ],
)
def test_what_a_program_does_wrong_is_told_with_its_line(tmp_path: Path, body: str, why: str) -> None:
    meter = Counted()
    with (
        open_scripted(program(tmp_path, f"def reply(messages, seed):\n    {body}\n")) as model,
        pytest.raises(ModelUnavailable, match=why),
    ):
        model.complete(prompt_of("x"), meter)
    assert meter.course == ["reserve", "settle"]
    assert meter.settled == [(Cost(), None)]


def test_a_program_may_say_itself_that_it_is_of_no_use(tmp_path: Path) -> None:
    text = (
        "from journeyman.errors import ModelRejected\n"
        "def reply(messages, seed):\n    raise ModelRejected('no such key')\n"
    )
    with open_scripted(program(tmp_path, text)) as model, pytest.raises(ModelRejected, match="no such key"):
        model.complete(prompt_of("x"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def reply(messages, seed)\n", r"cannot be loaded: SyntaxError: expected ':' \(line 1\)"),
        ("x = 1\ny = x / 0\n", r"cannot be loaded: ZeroDivisionError: division by zero \(line 2\)"),
        ("x = 1\n", r"has no function reply\(messages, seed\)"),
    ],
)
def test_a_program_that_cannot_be_used_is_refused_when_it_is_opened(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(ModelConfigInvalid, match=why):
        open_scripted(program(tmp_path, text))


@pytest.mark.parametrize("rest", ["nudges", "nowhere.jsonl", "nowhere.py", ""])
def test_an_unknown_script_is_not_found(rest: str) -> None:
    with pytest.raises(ModelNotFound):
        open_scripted(rest)


def test_closing_ends_a_call_that_waits_for_a_program(tmp_path: Path) -> None:
    asked, go_on, ended = threading.Event(), threading.Event(), []

    def slowly(prompt: Prompt) -> Reply:
        asked.set()
        go_on.wait()
        return Reply("late")

    meter, model = Counted(), Scripted("s", slowly)

    def call() -> None:
        try:
            ended.append(model.complete(prompt_of("x"), meter))
        except ModelUnavailable as error:
            ended.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    asked.wait()
    model.close()
    caller.join()
    go_on.set()
    assert not isinstance(ended[0], Completion)
    assert "'s' was closed" in str(ended[0])
    assert meter.settled == [(Cost(), None)]
