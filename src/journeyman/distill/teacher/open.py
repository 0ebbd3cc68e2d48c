"""A teacher from what a person writes: a folder or hub name, or the address of a server."""

from __future__ import annotations

from pathlib import Path

from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.signal import Teacher


def open_teacher(
    spec: str | Path | LanguageModel, *, dtype: str = "float32", device: str = "cpu", student: LanguageModel | None = None
) -> Teacher:
    """A teacher.

    Args:
        spec: a folder, a hub name, a model in memory, or "http://host:port/v1#name" of a vLLM server.
        dtype: of the weights, for a folder or hub name.
        device: where they go.
        student: must share its vocabulary.

    Raises:
        ModelNotFound, ModelUnsuitable: as `open_model`; also where the vocabularies differ.
        ModelUnavailable: the server does not answer.
    """
    model = spec if isinstance(spec, LanguageModel) else open_model(spec, dtype=dtype, device=device)
    return InProcess(model)
