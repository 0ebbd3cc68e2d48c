"""The difference of two candidates, for reading."""

from __future__ import annotations

import difflib
from collections import Counter

from journeyman.verify import Candidate

_EFFORT = (
    60_000  # pairs of equal lines that are compared; a candidate's lines may be made to be slow to match
)


def difference(
    old: Candidate, new: Candidate, before: str = "seed", after: str = "best", *, context: int = 3
) -> str:
    """All files of two candidates in the unified format; `before` and `after` stand in front of the paths.

    Lines that are too alike to be matched in reasonable time are shown as removed and added as a whole.
    """
    lines: list[str] = []
    for path in sorted({*old.files, *new.files}):
        if old.files.get(path) == new.files.get(path):
            continue
        was = old.text(path).splitlines() if path in old.files else []
        is_ = new.text(path).splitlines() if path in new.files else []
        names = (f"{before}/{path}", f"{after}/{path}")
        if _effort(was, is_) > _EFFORT:
            lines += [f"--- {names[0]}", f"+++ {names[1]}", f"@@ -1,{len(was)} +1,{len(is_)} @@"]
            lines += [*(f"-{line}" for line in was), *(f"+{line}" for line in is_)]
        else:
            lines += difflib.unified_diff(was, is_, *names, n=context, lineterm="")
    return "\n".join(lines)


def _effort(old: list[str], new: list[str]) -> int:
    """Pairs of equal lines that one pass of difflib looks at: it passes over lines that make up more than 1 % of a file."""
    counts = Counter(new)
    popular = len(new) // 100 + 1 if len(new) >= 200 else len(new)
    return sum(n * counts[line] for line, n in Counter(old).items() if counts[line] <= popular)
