"""The public names and their signatures are those of tests/surface.txt.

After a deliberate change, `make surface` writes the file anew (it prints what this module's `surface` returns).
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import journeyman

SNAPSHOT = Path(__file__).parent / "surface.txt"


def surface() -> str:
    """One line for each public name; the public methods and properties of a class below it."""
    lines: list[str] = []
    for name in sorted(journeyman.__all__):
        thing = getattr(journeyman, name)
        if name in ("distill", "foresee"):
            lines += [f"{name}  # a package with functions", *(f"    {line}" for line in package_lines(thing))]
        elif inspect.ismodule(thing):
            # A package that can be called: its function has the package's name, or `verify_candidate` for `verify`.
            function = getattr(thing, {"verify": "verify_candidate"}.get(name, name))
            lines.append(f"{name}{signature(function)}  # and a package")
        elif inspect.isclass(thing):
            lines.append(f"class {name}{_init(thing)}")
            lines += [f"    {line}" for line in _members(thing)]
        elif callable(thing):
            lines.append(f"{name}{signature(thing)}")
        else:
            lines.append(f"{name}: {type(thing).__name__}")
    return "\n".join(lines) + "\n"


def package_lines(package: Any) -> list[str]:
    """One line for each public name of a package whose functions are used as its attributes."""
    lines = []
    for name in sorted(package.__all__):
        thing = getattr(package, name)
        lines.append(f"class {name}{_init(thing)}" if inspect.isclass(thing) else f"{name}{signature(thing)}")
        if inspect.isclass(thing):
            lines += [f"    {line}" for line in _members(thing)]
    return lines


class Bare(str):
    """An annotation as it is written in the source."""

    def __repr__(self) -> str:
        return str(self)


def signature(function: Any) -> str:
    """The signature with annotations unquoted."""
    found = inspect.signature(function)

    def bare(annotation: Any) -> Any:
        return Bare(annotation) if isinstance(annotation, str) else annotation

    def short(default: Any) -> Any:
        """A default that is an object with many fields is not written out."""
        return Bare("...") if default is not inspect.Parameter.empty and len(repr(default)) > 100 else default

    parameters = [
        p.replace(annotation=bare(p.annotation), default=short(p.default)) for p in found.parameters.values()
    ]
    return str(found.replace(parameters=parameters, return_annotation=bare(found.return_annotation)))


def _init(cls: type) -> str:
    if issubclass(cls, Exception):
        return f" < {cls.__mro__[1].__name__}"
    return signature(cls)


def _members(cls: type) -> list[str]:
    lines = []
    for name, member in sorted(vars(cls).items()):
        if name.startswith("_"):
            continue
        if isinstance(member, property) or type(member).__name__ in ("cached_property", "member_descriptor"):
            lines.append(name)
        elif isinstance(member, classmethod | staticmethod):
            lines.append(f"{name}{signature(getattr(cls, name))}")
        elif inspect.isfunction(member):
            lines.append(f"{name}{signature(member)}")
    return lines


def test_the_public_surface_is_the_one_on_record() -> None:
    assert surface() == SNAPSHOT.read_text(), "the public surface changed; if that is meant, run 'make surface'"


def test_every_public_name_is_reachable_and_documented() -> None:
    for name in journeyman.__all__:
        thing = getattr(journeyman, name)
        if name != "__version__":
            assert (thing.__doc__ or "").strip(), f"{name} has no docstring"


def test_every_public_name_of_distill_is_documented_and_stays_a_function() -> None:
    import journeyman.distill.check.check
    import journeyman.distill.compare
    import journeyman.distill.train

    for name in journeyman.distill.__all__:
        thing = getattr(journeyman.distill, name)
        assert (thing.__doc__ or "").strip(), f"distill.{name} has no docstring"
        assert not inspect.ismodule(thing), f"distill.{name} is hidden by a module of the same name"
    assert not hasattr(journeyman.distill, "distil")


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(journeyman, "optimise")


def test_import_loads_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "msgspec", "typer", "rich", "matplotlib", "jinja2", "httpx", "cmaes", "psutil", "sqlite3")
    program = f"import sys, journeyman; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_import_of_distill_loads_neither_torch_nor_transformers() -> None:
    program = (
        "import sys, journeyman as jm; jm.distill.TrainSpec; jm.distill.LossSpec; jm.distill.Finding\n"
        "print([m for m in ('torch', 'transformers', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_loads_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "msgspec", "typer", "rich", "matplotlib", "jinja2")
    program = (
        "import sys, journeyman.cli as c; status = c.main(['--help'])\n"
        f"print([m for m in {heavy!r} if m in sys.modules], status, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[] 0"


if __name__ == "__main__":
    print(surface(), end="")
