"""Prompts that suit a teacher: compare templates, pick prompts, drop known ones, mix in others and watch the entropy.

Source: section 5.2 of arXiv 2604.13016. A template and prompts that the teacher was trained on raise the agreement and the
accuracy reached, and lower the student's entropy; the paper warns of that and advises to mix in other prompts, without
saying how many. Each function here measures first, on the student's own responses, and says what it found in a sentence.

    seen = compare_templates(student, teacher, prompts, ("dapo", "boxed"))
    picked = select_prompts(student, teacher, prompts, keep=0.5, template=seen.best)
    mixed = mix_prompts(student, picked.prompts, others, start=prompts, template=seen.best)
    write_recipe("mine.jsonl", mixed.prompts, picked, mixed)
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from journeyman.distill.data.dedup import Deduplicated, deduplicate
from journeyman.distill.data.files import write_whole
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.prompts import write_prompts
from journeyman.distill.recipes.by_template import TemplateComparison, compare_templates
from journeyman.distill.recipes.mixing import Mix, mix_prompts
from journeyman.distill.recipes.selection import SCORES, Selection, select_prompts
from journeyman.errors import DataInvalid

__all__ = [
    "SCORES", "Cleaned", "Mix", "Selection", "TemplateComparison", "Told", "compare_templates", "drop_known", "mix_prompts",
    "select_prompts", "write_recipe",
]  # fmt: skip


class Told(Protocol):
    """A result that can be written beside the prompts it led to."""

    def plain(self) -> dict[str, Any]:
        """What was measured, as plain data."""
        ...


@dataclass(frozen=True)
class Cleaned:
    """`prompts` that are not in the references, and what was `found`."""

    prompts: list[Prompt] = field(repr=False)
    found: Deduplicated
    sentence: str

    def plain(self) -> dict[str, Any]:
        """What was removed, as plain data."""
        removed = [{"index": r.index, "kind": r.kind, "of": r.of, "cosine": r.cosine} for r in self.found.removed]
        return {
            "what": "de-duplication", "method": self.found.method, "threshold": self.found.threshold,
            "sentence": self.sentence, "removed": removed,
        }  # fmt: skip


def drop_known(prompts: Sequence[Prompt], references: Sequence[Prompt] | None = None, **options: Any) -> Cleaned:
    """`prompts` without those that are in `references` or near to one; without references, without repeats.

    `options` and errors are those of `data.dedup.deduplicate`.
    """
    found = deduplicate(prompts, references, **options)
    equal = sum(removed.kind == "exact" for removed in found.removed)
    sentence = (
        f"{len(found.kept)} of {len(prompts)} prompts stay; {equal} were equal to another and {len(found.removed) - equal} "
        f"near to one ({found.method}, cosine {found.threshold:g} or more). {found.why}"
    ).strip()
    return Cleaned([prompts[i] for i in found.kept], found, sentence)


def write_recipe(path: str | Path, prompts: Sequence[Prompt], *measured: Told) -> tuple[Path, Path]:
    """Write the prompts as jsonl and, beside it as NAME.measured.json, what led to them; each whole or not at all.

    Raises as `write_prompts`.
    """
    path = Path(path)
    if not prompts:
        raise DataInvalid(f"there is no prompt left to write to {path}")
    beside = path.with_name(f"{path.stem}.measured.json")
    text = json.dumps({"prompts": len(prompts), "steps": [one.plain() for one in measured]}, indent=2, ensure_ascii=False)
    write_prompts(path, prompts)
    write_whole(beside, (text + "\n").encode("utf-8", "surrogatepass"))
    return path, beside
