"""What this host offers: each level is really started once and asked for one value."""

from __future__ import annotations

from journeyman.errors import JourneymanError, NoSandbox
from journeyman.sandbox.box import Sandbox
from journeyman.sandbox.level import Level, LevelReport
from journeyman.sandbox.start import mend_namespaces

_ONE = {"one.py": b"def one():\n    return 1\n"}
_RESTRICTED_MEND = "use Linux 6.12 or newer with Landlock enabled (boot parameter lsm=landlock,...)"


def probe() -> list[LevelReport]:
    """A report for each level, strongest first. Never raises for what the host lacks."""
    return [
        _try(Level.NAMESPACES, mend_namespaces()),
        _try(Level.RESTRICTED, _RESTRICTED_MEND),
        LevelReport(Level.CONTAINER, False, "not offered yet", None),
        _try(Level.NONE, None),
    ]


def _try(level: Level, mend: str | None) -> LevelReport:
    try:
        with Sandbox(level=level) as sandbox:
            ended = sandbox.run(_ONE, "one:one", ())
            detail = sandbox.detail
    except JourneymanError as error:
        return LevelReport(level, False, str(error), mend)
    if ended.end != "returned":
        return LevelReport(level, False, ended.message, mend)
    return LevelReport(level, True, detail)


def best_level() -> Level:
    """The strongest level this host offers; never `none`, which is only for those who ask for it. Raises NoSandbox."""
    reports = [_try(level, None) for level in (Level.NAMESPACES,)]
    if not reports[0].available:
        reports.append(_try(Level.RESTRICTED, None))
    if reports[-1].available:
        return reports[-1].level
    raise NoSandbox("; ".join(report.detail for report in reports))
