"""A candidate: a small tree of files, named by its content.

Two candidates with the same files are the same candidate, wherever they came from. A candidate is data here; nothing in
this module, nor in the process that imports it, ever runs one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from journeyman.errors import CandidateInvalid

MAX_FILES = 256
MAX_BYTES = 4 * 2**20
MAX_PATH = 200


class Candidate(msgspec.Struct, frozen=True):
    """`files`: POSIX path relative to the candidate's root -> content. Treat as immutable."""

    files: dict[str, bytes]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the sorted paths and contents, each preceded by its length."""
        h = hashlib.sha256()
        for path in sorted(self.files):
            name, data = path.encode(), self.files[path]
            h.update(b"%d:%d:" % (len(name), len(data)) + name + data)
        return h.hexdigest()

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(map(len, self.files.values()))

    def text(self, path: str) -> str:
        """The file at `path` as text; undecodable bytes become U+FFFD."""
        return self.files[path].decode("utf-8", errors="replace")

    def replace(self, path: str, content: str | bytes) -> Candidate:
        """A new candidate in which one file is replaced or added."""
        data = content.encode() if isinstance(content, str) else content
        return make_candidate({**self.files, path: data})

    def write_to(self, folder: Path) -> None:
        """Write the tree below `folder`, which is made if absent."""
        for path, data in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def make_candidate(files: Mapping[str, bytes | str]) -> Candidate:
    """A checked candidate. Raises CandidateInvalid: no file, too many or too large, or a path that is not plain."""
    if not files:
        raise CandidateInvalid("a candidate needs at least one file, this one has none")
    if len(files) > MAX_FILES:
        raise CandidateInvalid(f"a candidate may have {MAX_FILES} files, this one has {len(files)}")
    tree = {path: data.encode() if isinstance(data, str) else bytes(data) for path, data in files.items()}
    for path in tree:
        _check_path(path)
    folders = {str(parent) for path in tree for parent in Path(path).parents}
    both = sorted(folders & set(tree))
    if both:
        raise CandidateInvalid(f"the path {both[0]!r} is both a file and a folder in this candidate")
    total = sum(map(len, tree.values()))
    if total > MAX_BYTES:
        raise CandidateInvalid(f"a candidate may have {MAX_BYTES} bytes in all, this one has {total}")
    return Candidate(tree)


def read_candidate(path: str | Path, main: str) -> Candidate:
    """Read a candidate from disk: a folder as it stands, or a single file, which takes the place of `main`.

    Links are refused, hidden files and byte-code caches left out. Raises CandidateInvalid.
    """
    source = Path(path)
    if source.is_symlink():
        raise CandidateInvalid(
            f"the candidate {str(source)!r} is a symbolic link; give the file or folder itself"
        )
    if source.is_file():
        if source.stat().st_size > MAX_BYTES:
            raise CandidateInvalid(f"the candidate {str(source)!r} is larger than {MAX_BYTES} bytes")
        return make_candidate({main: source.read_bytes()})
    if not source.is_dir():
        raise CandidateInvalid(f"there is no candidate at {str(source)!r}; give a file or a folder")
    files: dict[str, bytes] = {}
    for folder, names, leaves in os.walk(source):
        names[:] = sorted(n for n in names if not n.startswith(".") and n != "__pycache__")
        # A link to a folder is listed among the folders; it would not be entered, but silence would mislead.
        for leaf in sorted([*leaves, *(n for n in names if Path(folder, n).is_symlink())]):
            file = Path(folder, leaf)
            if leaf.startswith("."):
                continue
            if file.is_symlink() or not file.is_file():
                raise CandidateInvalid(f"the candidate has {str(file)!r}, which is not a plain file")
            if len(files) >= MAX_FILES or file.stat().st_size > MAX_BYTES:
                raise CandidateInvalid(
                    f"the folder {str(source)!r} is too large for a candidate ({MAX_FILES} files, {MAX_BYTES} bytes)"
                )
            files[file.relative_to(source).as_posix()] = file.read_bytes()
    if main not in files:
        raise CandidateInvalid(f"the folder {str(source)!r} has no {main!r}, the file this task runs")
    return make_candidate(files)


def _check_path(path: str) -> None:
    plain = (
        0 < len(path) <= MAX_PATH
        and path.isprintable()
        and "\\" not in path
        and all(part not in ("", ".", "..") for part in path.split("/"))
    )
    if not plain:
        raise CandidateInvalid(
            f"the path {path[:MAX_PATH]!r} is not allowed in a candidate: use a relative path without '..'"
        )
