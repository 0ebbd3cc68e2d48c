"""A teacher from what a person writes: a folder or hub name, or the address of a server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.distill.model import LanguageModel, open_model, same_vocabulary
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.signal import Teacher

if TYPE_CHECKING:
    from journeyman.distill.teacher.served import Served


def open_teacher(
    spec: str | Path | LanguageModel,
    *,
    dtype: str = "float32",
    device: str = "cpu",
    student: LanguageModel | None = None,
    k: int = 20,
    store: str | Path | None = None,
) -> Teacher:
    """A teacher.

    Args:
        spec: a folder, a hub name, a model in memory, or "http://host:port/v1#name" of a vLLM server.
        dtype, device: of a folder's or hub name's weights.
        student: whose vocabulary a teacher in process must share. A server does not tell its vocabulary: that is for
            `check` to find out by its scores.
        k: of a server, how many of its own likeliest tokens it tells at each position.
        store: a folder in which scores are kept and looked up.

    Raises:
        ModelNotFound, ModelUnsuitable, UsageError: as `open_model`; also where the vocabularies differ.
        ModelUnavailable: the server does not answer.
    """
    teacher: InProcess | Served
    if isinstance(spec, str) and spec.startswith(("http://", "https://")):
        from journeyman.distill.teacher import served

        teacher = served.Served(spec, k=k)
    else:
        model = spec if isinstance(spec, LanguageModel) else open_model(spec, dtype=dtype, device=device)
        if student is not None:
            same_vocabulary(student, model)
        teacher = InProcess(model)
    if store is None:
        return teacher
    from journeyman.distill.teacher.store import Stored

    return Stored(teacher, store)
