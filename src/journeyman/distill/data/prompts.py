"""Prompts from published files as they are, and a file of our own that reads back equal.

    prompts = read_prompts("dapo-math-17k.parquet", limit=500)
    write_prompts("mine.jsonl", prompts)
    assert read_prompts("mine.jsonl") == prompts
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from journeyman.distill.data.files import SUFFIXES, source, write_whole
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.schemas import recognise
from journeyman.errors import DataInvalid, UsageError


def read_prompts(path: str | Path, *, limit: int | None = None, schema: str = "auto") -> list[Prompt]:
    """The first `limit` prompts of a jsonl, json or Parquet file, or of all such files in a folder, by name.

    The schema is recognised by the columns, `data.schemas` lists them; `schema` names one instead. Templates in the
    texts stay as published, duplicates are kept. Parquet is read in batches and only the columns that are needed.

    Raises:
        DataInvalid: not there, damaged, no known columns, or a row without its prompt; the text names file, row and field.
        MissingExtra: a Parquet file without pyarrow.
        UsageError: `limit` below 1.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise UsageError(f"limit is {limit}; at least 1 prompt is read")
    files = [path] if not path.is_dir() else sorted(f for f in path.iterdir() if f.suffix in SUFFIXES)
    if not files:
        raise DataInvalid(f"{path} is a folder without any {', '.join(SUFFIXES)} file")
    found: list[Prompt] = []
    for file in files:
        opened = source(file)
        known = recognise(opened.columns, schema, file)
        columns = tuple(c for c in opened.columns if c.lower() in known.reads)
        left = None if limit is None else limit - len(found)
        for where, row in opened.rows(columns, left):
            found.append(known.convert({name.lower(): value for name, value in row.items()}, where))
        if limit is not None and len(found) >= limit:
            break
    return found


def write_prompts(path: str | Path, prompts: Iterable[Prompt]) -> Path:
    """Write prompts as jsonl, whole or not at all; `read_prompts` gives them back equal, their messages as tuples.

    Field `prompt` is a list of messages with role and content, or text, so other trainers read the file, too.

    Raises DataInvalid where the file cannot be written, UsageError for another ending than .jsonl.
    """
    path = Path(path)
    if path.suffix != ".jsonl":
        raise UsageError(f"prompts are written as .jsonl, not as '{path.suffix}': {path}")
    lines = [json.dumps(_plain(prompt), ensure_ascii=False) + "\n" for prompt in prompts]
    write_whole(path, "".join(lines).encode("utf-8", "surrogatepass"))
    return path


def _plain(prompt: Prompt) -> dict[str, object]:
    messages = [{"role": role, "content": text} for role, text in prompt.messages]
    return {
        "prompt": messages or prompt.text,
        "text": prompt.text,
        "answer": prompt.answer,
        "id": prompt.id,
        "source": prompt.source,
    }
