"""Models of the lab as folders: shipped, or built once and kept.

    path = lab_model("twin")                 # a Hugging Face folder, like any other model's

Two models come with the package. The others are built when they are first asked for, their parents before them, and kept
in a folder of the user's cache under a name that says what they were made from: the declaration, the parent, and the
code that carries recipes out. Whatever of this changes, the model is built anew; comments and docstrings do not count.
"""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.distill.lab.zoo import LANGUAGES, LabModel, Pretrain, declared
from journeyman.errors import ModelUnavailable, TrainingFailed

if TYPE_CHECKING:
    from journeyman.distill.lab.make import OnProgress

SHIPPED = Path(__file__).parent / "shipped"
MANIFEST = "lab.json"
MEASURED_ON = 1024

# Two threads that parse at once break each other in Python 3.11 ("AST constructor recursion depth mismatch").
_ONE_PARSER = threading.Lock()

# Files whose code decides what a recipe makes of a declaration.
_CODE = (
    "lab/language.py", "lab/tokenizer.py", "lab/templates/T0.jinja", "lab/templates/T1.jinja", "lab/corpus.py",
    "lab/make.py", "sft.py",
)  # fmt: skip


def lab_model(
    name: str | LabModel, *, cache: Path | None = None, shipped: bool = True, on_progress: OnProgress | None = None
) -> Path:
    """The folder of the declared model `name`; built, parents first, where it is not there yet.

    Args:
        name: of a model in `zoo.ZOO`, or a declaration of your own, whose parent is one of them.
        cache: where built models are kept; None: `cache_folder()`.
        shipped: take it from the package where it came with it; false builds it again.
        on_progress: told how far the building is.

    Raises:
        UsageError: no such model is declared.
        TrainingFailed: it was built, and its accuracy misses the declared band. Nothing is kept.
        ModelUnavailable: the cache folder cannot be written to.
    """
    model = declared(name) if isinstance(name, str) else name
    if shipped and name == model.name and (SHIPPED / name / MANIFEST).is_file():
        return SHIPPED / name
    root = cache_folder() if cache is None else cache
    folder = root / f"{model.name}-{key_of(model, shipped=shipped)}"
    if folder.is_dir():
        return folder
    parent = None if isinstance(model.recipe, Pretrain) else lab_model(
        model.recipe.parent, cache=cache, shipped=shipped, on_progress=on_progress
    )  # fmt: skip
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _alone(root / f".{folder.name}.lock"):
            if not folder.is_dir():
                _build(model, folder, parent, on_progress)
    except OSError as error:
        raise ModelUnavailable(
            f"lab model '{model.name}' cannot be kept in {root} ({error}); set JOURNEYMAN_CACHE to a folder of yours"
        ) from error
    return folder


def cache_folder() -> Path:
    """Where built models are kept: $JOURNEYMAN_CACHE/lab, else `journeyman/lab` in the user's cache folder."""
    if "JOURNEYMAN_CACHE" in os.environ:
        return Path(os.environ["JOURNEYMAN_CACHE"]) / "lab"
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "journeyman" / "lab"


def is_built(name: str, *, cache: Path | None = None) -> bool:
    """Whether `lab_model(name)` would return at once."""
    model = declared(name)
    if (SHIPPED / name / MANIFEST).is_file():
        return True
    return ((cache_folder() if cache is None else cache) / f"{name}-{key_of(model)}").is_dir()


def key_of(model: LabModel, *, shipped: bool = True) -> str:
    """Twelve hexadecimal digits that change with the declaration, its parents, or the code of recipes."""
    told = {"declared": plain(model), "code": code_digest()}
    if not isinstance(model.recipe, Pretrain):
        parent = declared(model.recipe.parent)
        come = SHIPPED / parent.name / MANIFEST
        told["parent"] = read_manifest(come.parent)["key"] if shipped and come.is_file() else key_of(parent, shipped=shipped)
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=6).hexdigest()


def plain(model: LabModel) -> dict[str, Any]:
    """The declaration as plain data, with its language written out, and without its sentence."""
    data = dataclasses.asdict(model) | {"language": dataclasses.asdict(LANGUAGES[model.language])}
    data["recipe"]["kind"] = type(model.recipe).__name__
    del data["says"]
    found: dict[str, Any] = json.loads(json.dumps(data))
    return found


def code_digest() -> str:
    """Of the code that carries recipes out, comments and docstrings left out."""
    digest = hashlib.blake2b(digest_size=8)
    for name in _CODE:
        text = (Path(__file__).parents[1] / name).read_text(encoding="utf-8")
        digest.update((_without_comments(text) if name.endswith(".py") else text).encode())
    return digest.hexdigest()


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a folder says of its making: name, key, declaration, accuracy, seconds of processor time."""
    found: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return found


def _build(model: LabModel, folder: Path, parent: Path | None, on_progress: OnProgress | None) -> None:
    from journeyman.distill.lab.make import accuracy, make, save

    begun = time.process_time()
    made = make(model, parent, on_progress)
    reached = accuracy(made, LANGUAGES[model.language], model.template, count=MEASURED_ON)
    low, high = model.accuracy
    if not low <= reached <= high:
        raise TrainingFailed(
            f"lab model '{model.name}' reached an accuracy of {reached:.3f}, outside of its band {low} to {high}; "
            "its recipe in lab/zoo.py has to change, or this machine computes something wrongly"
        )
    with _written_whole(folder) as half:
        save(made, half)
        manifest = {
            "name": model.name, "key": folder.name.rpartition("-")[2], "declared": plain(model),
            "accuracy": round(reached, 4), "problems": MEASURED_ON, "cpu_s": round(time.process_time() - begun, 1),
        }  # fmt: skip
        (half / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


@contextlib.contextmanager
def _written_whole(folder: Path) -> Iterator[Path]:
    """A folder under a temporary name that takes its own name only when all of it is there."""
    half = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        yield half
        half.chmod(0o755)
        for file in half.iterdir():
            file.chmod(0o644)
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait until no other process builds the same model. The kernel gives the lock back when its holder dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _without_comments(source: str) -> str:
    with _ONE_PARSER:
        tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)
