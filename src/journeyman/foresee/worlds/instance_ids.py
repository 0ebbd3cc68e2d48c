"""Ids of fixed instances: "lake-6/test/17" is the instance 17 of the test split of lake-6, today and in five years."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from journeyman.errors import UsageError

SPLITS = ("test", "train")
PER_SPLIT = 500


class Id(NamedTuple):
    """An id, taken apart."""

    world: str
    split: str
    number: int

    def __str__(self) -> str:
        return f"{self.world}/{self.split}/{self.number}"


def ids(world: str, n: int | None, split: str) -> list[Id]:
    """The first `n` ids of a split; None: all.

    Raises UsageError: no such split, or not so many.
    """
    if split not in SPLITS:
        raise UsageError(f"{world} has no split '{split}'; it has {' and '.join(SPLITS)}")
    wanted = PER_SPLIT if n is None else n
    if not 0 <= wanted <= PER_SPLIT:
        raise UsageError(f"{world} has {PER_SPLIT} {split} instances, not {wanted}; ask for 0 to {PER_SPLIT}")
    return [Id(world, split, number) for number in range(wanted)]


def read_id(text: str, world: str) -> Id:
    """The parts of an id of this world. Raises UsageError for anything else."""
    parts = text.rsplit("/", 2) if isinstance(text, str) else []
    if len(parts) == 3 and parts[0] == world and parts[1] in SPLITS and parts[2].isdecimal():
        found = Id(world, parts[1], int(parts[2]))
        if found.number < PER_SPLIT and str(found) == text:
            return found
    raise UsageError(f"'{text}' is no instance of {world}; ids are {world}/test/0 to {world}/train/{PER_SPLIT - 1}")


def belongs(content: bytes, split: str) -> bool:
    """Whether a map may be of this split: each half of all maps is one split's alone, so no test map is ever trained on."""
    return hashlib.blake2b(content, digest_size=1).digest()[0] % 2 == SPLITS.index(split)
