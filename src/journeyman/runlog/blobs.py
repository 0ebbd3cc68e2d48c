"""Content-addressed bytes: inside the database up to 1 MiB, beside it above, always checked against their digest."""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from pathlib import Path

from journeyman.errors import RunCorrupt, RunError

INSIDE_BYTES = 1 << 20
FOLDER = "blobs"
_WORTH_COMPRESSING = 64


def store(connection: sqlite3.Connection, folder: Path, digest: str, data: bytes) -> None:
    """Store `data` under its digest, inside the caller's transaction. A large one is on disk before its row is."""
    if len(data) > INSIDE_BYTES:
        _write_file(folder / FOLDER, digest, data)
        codec, packed = "file", None
    else:
        codec, packed = _pack(data)
    connection.execute(
        "INSERT OR IGNORE INTO blob (digest, codec, size, data) VALUES (?, ?, ?, ?)",
        (digest, codec, len(data), packed),
    )


def exists(connection: sqlite3.Connection, digest: str) -> bool:
    return connection.execute("SELECT 1 FROM blob WHERE digest = ?", (digest,)).fetchone() is not None


def load(connection: sqlite3.Connection, folder: Path, digest: str) -> bytes:
    """The bytes whose digest this is.

    Raises:
        RunError: the run never stored them.
        RunCorrupt: what is stored does not have this digest any more.
    """
    row = connection.execute("SELECT codec, size, data FROM blob WHERE digest = ?", (digest,)).fetchone()
    if row is None:
        raise RunError(f"the run in {folder} has no blob {digest}")
    codec, size, packed = row
    if codec == "file":
        try:
            data = (folder / FOLDER / digest).read_bytes()
        except FileNotFoundError:
            raise RunCorrupt(
                f"blob {digest} of the run in {folder} is gone: its file in {FOLDER}/ is missing"
            ) from None
    else:
        data = _unpack(codec, size, packed)
    if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
        raise RunCorrupt(f"blob {digest} of the run in {folder} is damaged: its content has another digest")
    return data


def digests(connection: sqlite3.Connection) -> list[str]:
    return [digest for (digest,) in connection.execute("SELECT digest FROM blob ORDER BY digest")]


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed writer was writing. Only for the one writer, before it writes."""
    for unfinished in (folder / FOLDER).glob(".*"):
        unfinished.unlink()


def _pack(data: bytes) -> tuple[str, bytes | None]:
    if len(data) >= _WORTH_COMPRESSING:
        import zstandard

        packed = zstandard.ZstdCompressor(level=3).compress(data)
        if len(packed) < len(data):
            return "zstd", packed
    return "raw", data


def _unpack(codec: str, size: int, packed: bytes) -> bytes:
    # Damage comes back as bytes of another digest; what is checked here only keeps it from filling the memory.
    if codec == "raw":
        return packed
    import zstandard

    try:
        if not 0 <= size <= INSIDE_BYTES or zstandard.frame_content_size(packed) != size:
            return b""
        return zstandard.ZstdDecompressor().decompress(packed)
    except zstandard.ZstdError:
        return b""


def _write_file(folder: Path, digest: str, data: bytes) -> None:
    if not folder.is_dir():
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
    unfinished = folder / f".{digest}.{secrets.token_hex(4)}"
    try:
        with unfinished.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(folder / digest)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Make renames and new files in `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
