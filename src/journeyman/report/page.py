"""One HTML file that opens offline.

Nothing in the page is fetched and nothing in it runs: the content policy forbids every script and every source but
embedded pictures and the one style sheet, which is allowed by its hash. Links lead to places on the page itself, or from a
table's row to a file beside the page. All text goes through `visible` and is escaped.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from journeyman.errors import RunError
from journeyman.report.blocks import Block, Picture, Section
from journeyman.report.text import one_line, visible

if TYPE_CHECKING:
    import jinja2
    import markupsafe

_TEMPLATES = Path(__file__).parent / "templates"
_ANCHOR = re.compile(r"[a-z][a-z0-9-]*")
_BESIDE = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:#[a-z][a-z0-9-]*)?")


@dataclass(frozen=True)
class Page:
    """What stands on the page, top to bottom.

    `verdict` says in one sentence what came out; `caveats` what keeps it from meaning more. `facts` are short name-value
    pairs.
    """

    title: str
    verdict: str = ""
    caveats: Sequence[str] = ()
    subtitle: str = ""
    facts: Sequence[tuple[str, str]] = ()
    sections: Sequence[Section] = ()
    footer: str = ""


def render(page: Page) -> str:
    """The whole HTML document. Raises ValueError for an anchor that is no plain name, or a link that leads elsewhere than
    to a file beside the page."""
    style = house_style()
    return _environment().get_template("page.html").render(page=page, style=style, policy=policy(style))


def house_style() -> str:
    """The style sheet that all pages share."""
    return (_TEMPLATES / "style.css").read_text("utf-8")


def policy(style: str, script: str = "") -> str:
    """A content policy under which nothing is fetched, and nothing works but this style sheet and this script."""
    allowed = [f"style-src {_source(style)}", *([f"script-src {_source(script)}"] if script else [])]
    return f"default-src 'none'; img-src data:; {'; '.join(allowed)}; base-uri 'none'; form-action 'none'"


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def write_page(page: Page, path: Path) -> None:
    """Write a page to `path`, as `write_html`. Raises ValueError as `render`."""
    write_html(render(page), path)


def write_html(document: str, path: Path) -> None:
    """Write a document to `path`: a reader finds the old file or the new one, never a half.

    Raises RunError if `path` cannot be written.
    """
    text = document.encode()
    try:
        handle, scratch = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text)
            # A temporary file is for its owner alone; a page may be read by all who get into the folder.
            Path(scratch).chmod(0o644)
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RunError(f"the page {str(path)!r} cannot be written: {error.strerror or error}") from error


def diff_lines(text: str, limit: int) -> list[tuple[str, str]]:
    """A difference as runs of lines of one kind: added, removed, where or same."""
    lines = visible(text, limit=limit).split("\n")
    return [(kind, "\n".join(run)) for kind, run in groupby(lines, _kind)]


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.filters.update(
        visible=visible, one_line=one_line, breakable=_breakable, anchor=_anchor, block_kind=_block_kind,
        diff_lines=diff_lines, uri=_uri, beside=_beside,
    )  # fmt: skip
    return environment


def _kind(line: str) -> str:
    if line.startswith(("+++ ", "--- ", "@@")):
        return "where"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")


def _block_kind(block: Block) -> str:
    return type(block).__name__


def _anchor(name: str) -> str:
    if not _ANCHOR.fullmatch(name):
        raise ValueError(f"the anchor {name!r} is not made of letters, digits and hyphens")
    return name


def _beside(target: str) -> str:
    """A relative link that stays in the page's folder and below."""
    if not _BESIDE.fullmatch(target):
        raise ValueError(f"the link {target!r} does not lead to a file beside the page")
    return target


def _breakable(text: str) -> markupsafe.Markup:
    """A name on one line that may be broken after an underscore, where a long one has no blank."""
    import markupsafe

    return markupsafe.escape(one_line(text)).replace("_", markupsafe.Markup("_<wbr>"))


def _uri(picture: Picture) -> str:
    return f"data:{picture.media_type};base64,{base64.b64encode(picture.data).decode()}"
