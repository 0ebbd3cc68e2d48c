"""Scores kept on disk, so that replays and ablations on the same rollouts do not ask the teacher again.

    teacher = Stored(open_teacher("http://127.0.0.1:8000/v1#teacher"), "scores")

One file for each response, named by the SHA-256 of what it answers: the teacher's identity, the prompt's tokens and the
response's. A file is written under another name, forced to the disk and renamed, so a name always stands for a whole
answer, however the process ends. Any number of processes may share a folder.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
from pathlib import Path
from typing import Any

import torch

from journeyman.distill.rollout.rollouts import Batch
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.served import Served
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal


class Stored:
    """A `Teacher` that remembers. `asked` and `known` count rows that the teacher scored, and rows found on disk.

    Args:
        teacher: who scores what is not there yet. Hidden states of one in process take 2 H or 4 H bytes a token.
        folder: where the files are.
    """

    def __init__(self, teacher: InProcess | Served, folder: str | Path) -> None:
        self.teacher = teacher
        self.name = teacher.name
        self.folder = Path(folder)
        self.identity = teacher.identity
        self.asked = 0
        self.known = 0

    def signal(self, batch: Batch) -> HiddenSignal | ServedSignal:
        """See `Teacher.signal`. Only rows that are not on disk are scored."""
        keys = self._keys(batch)
        found = [self._read(key) for key in keys]
        missing = [row for row, tensors in enumerate(found) if tensors is None]
        self.asked += len(missing)
        self.known += len(keys) - len(missing)
        if missing:
            signal = self.teacher.signal(batch.select(missing))
            lengths = [int(batch.lengths[row]) for row in missing]
            for row, tensors in zip(missing, _split(signal, lengths), strict=True):
                self._write(keys[row], tensors)
                found[row] = tensors
        joined = _join([tensors for tensors in found if tensors is not None], batch.ids.device)
        if "hidden" in joined:
            assert isinstance(self.teacher, InProcess)
            return HiddenSignal(joined["hidden"], self.teacher.model.head())
        return ServedSignal(joined["logq_token"], joined.get("ids"), joined.get("logq"))

    def path(self, key: str) -> Path:
        """Where the scores with this key are."""
        return self.folder / key[:2] / f"{key[2:]}.safetensors"

    def _keys(self, batch: Batch) -> list[str]:
        keys = []
        for row, length in enumerate(batch.mask.sum(dim=1).tolist()):
            ids = batch.ids[row, :length].tolist()
            found = hashlib.sha256(self.identity.encode() + b"\n")
            found.update(struct.pack(f"<q{length}q", length - int(batch.lengths[row]), *ids))
            keys.append(found.hexdigest())
        return keys

    def _read(self, key: str) -> dict[str, Any] | None:
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            return dict(load(self.path(key).read_bytes()))
        except FileNotFoundError:
            return None
        except SafetensorError:  # a disk's fault, not ours: score it again
            return None

    def _write(self, key: str, tensors: dict[str, Any]) -> None:
        from safetensors.torch import save

        path = self.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}")
        with part.open("wb") as file:
            file.write(save({name: tensor.contiguous().cpu() for name, tensor in tensors.items()}))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def _split(signal: HiddenSignal | ServedSignal, lengths: list[int]) -> list[dict[str, Any]]:
    if isinstance(signal, HiddenSignal):
        return [{"hidden": part} for part in signal.hidden.split(lengths)]
    parts = {"logq_token": signal.logq_token.split(lengths)}
    if signal.ids is not None:
        parts |= {"ids": signal.ids.split(lengths), "logq": signal.logq.split(lengths)}
    return [{name: part[row] for name, part in parts.items()} for row in range(len(lengths))]


def _join(rows: list[dict[str, Any]], device: Any) -> dict[str, Any]:
    return {name: torch.cat([row[name].to(device) for row in rows]) for name in rows[0]}
