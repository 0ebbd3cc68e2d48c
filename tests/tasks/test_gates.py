"""Every built-in task passes its admission gate, by the command that a maintainer runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from journeyman import list_tasks


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_built_in_task_passes_its_gate_and_has_a_complete_set_of_controls() -> None:
    command = [sys.executable, "-m", "journeyman", "task", "check", "--all", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1100, check=False)
    reports = json.loads(done.stdout)
    failed = [f"{r['task']}: {c['name']}: {c['detail']}" for r in reports for c in r["checks"] if c["passed"] is False]
    assert failed == []
    assert done.returncode == 0
    assert [r["task"] for r in reports] == [task.id for task in list_tasks()]
    for report in reports:
        # For a user's own task an incomplete set is a remark; one that comes with the package has them all.
        assert {c["name"]: c["passed"] for c in report["checks"]}["control set"] is True, report["task"]
        assert f"✓ {report['task']}: {len(report['checks'])} checks" in done.stderr
