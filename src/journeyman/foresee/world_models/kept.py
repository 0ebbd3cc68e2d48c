"""What was learned is kept on disk, under a name that says what it was learned from."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import inspect
import json
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.errors import ModelUnavailable
from journeyman.foresee.worlds.world import World

if TYPE_CHECKING:
    from numpy.typing import NDArray

Arrays = Mapping[str, "NDArray[Any]"]

_CODE = ("clone.py", "logged.py", "table.py", "ensemble.py", "network.py")


def kept(kind: str, world: World, settings: Mapping[str, Any], learn: Callable[[], Arrays]) -> Arrays:
    """What `learn` gave when it was first called for this kind, world and settings and this code; else what it gives now.

    Processes that ask for the same at once wait for the first of them. A file that cannot be read is made anew.

    Raises ModelUnavailable: the cache folder cannot be written to. And whatever `learn` raises.
    """
    file = cache_folder() / f"{kind}-{key_of(world, settings)}.npz"
    found = _read(file)
    if found is not None:
        return found
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with _alone(file.with_suffix(".lock")):
            found = _read(file)
            if found is None:
                found = learn()
                _write(file, found)
    except OSError as error:
        raise ModelUnavailable(
            f"world model '{kind}' cannot be kept in {file.parent} ({error}); set JOURNEYMAN_CACHE to a folder of yours"
        ) from error
    return found


def cache_folder() -> Path:
    """$JOURNEYMAN_CACHE/world-models, else `journeyman/world-models` in the user's cache folder."""
    if "JOURNEYMAN_CACHE" in os.environ:
        return Path(os.environ["JOURNEYMAN_CACHE"]) / "world-models"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "journeyman" / "world-models"


def key_of(world: World, settings: Mapping[str, Any]) -> str:
    """Sixteen hexadecimal digits that change with the world's name, the settings, and the code of world and learning."""
    told = {"world": world.about.name, "settings": dict(settings), "code": _code_digest(world)}
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()


def _code_digest(world: World) -> str:
    """Of the learning's modules and the world's: a package's folder as a whole, a user's file alone."""
    files = [Path(__file__).parent / name for name in _CODE]
    source = inspect.getsourcefile(type(world))
    if source is not None:
        own = Path(source)
        files += sorted(own.parent.glob("*.py")) if (own.parent / "__init__.py").is_file() else [own]
    digest = hashlib.blake2b(digest_size=8)
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _read(file: Path) -> Arrays | None:
    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return None


def _write(file: Path, arrays: Arrays) -> None:
    """Under a temporary name first, so that nobody ever finds half of it."""
    import numpy as np

    descriptor, half = tempfile.mkstemp(prefix=f".{file.stem}-", suffix=".npz", dir=file.parent)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            np.savez(opened, **arrays)  # type: ignore[arg-type]
        os.chmod(half, 0o644)
        os.replace(half, file)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(half)
        raise


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process learns the same. The kernel gives the lock back when its holder dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
