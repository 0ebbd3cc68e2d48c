"""`journeyman doctor`."""

from __future__ import annotations

from pathlib import Path

from .conftest import Call


def test_every_finding_is_listed_and_every_lack_has_a_way_to_mend_it(call: Call) -> None:
    done = call("doctor", "--json")
    found = {finding["subject"]: finding for finding in done.document["findings"]}
    assert {"Python", "core packages", "machine", "runs folder", "built-in tasks", "C compiler", "GPU"} <= set(found)
    assert any(subject.startswith("sandbox: ") for subject in found)
    assert done.status == (0 if done.document["can_run"] else 1)
    plain = call("doctor").out
    for finding in found.values():
        assert finding["state"] in ("here", "missing", "broken")
        assert finding["subject"] in plain
        if finding["state"] == "broken":
            assert finding["mend"]


def test_no_key_password_or_token_is_shown(call: Call) -> None:
    env = {"OPENAI_API_KEY": "sk-SECRET1", "OPENAI_BASE_URL": "https://user:SECRET2@models.example:8443/v1?token=SECRET3"}
    for words in (["doctor"], ["doctor", "--json"]):
        done = call(*words, env=env)
        assert "models.example" in done.out
        assert "SECRET" not in done.out + done.err


def test_a_missing_compiler_is_named_with_its_command(call: Call, home: Path) -> None:
    done = call("doctor", "--json", env={"PATH": str(home)})
    compiler = next(f for f in done.document["findings"] if f["subject"] == "C compiler")
    assert compiler["state"] == "missing"
    assert "install gcc" in compiler["mend"]


def test_a_runs_folder_that_cannot_be_made_stops_everything(call: Call, home: Path) -> None:
    done = call("doctor", env={"JOURNEYMAN_RUNS": "/proc/nowhere/runs"})
    assert done.status == 1
    assert "JOURNEYMAN_RUNS" in done.out
