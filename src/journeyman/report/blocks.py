"""What a page is made of, as plain data. All text in it is made visible and escaped where it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from journeyman.report.table import Table

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Text:
    """A paragraph. `soft`: in the colour of what is said aside; `warning`: set off, for what a reader must not miss."""

    text: str
    soft: bool = False
    warning: bool = False


@dataclass(frozen=True)
class Links:
    """A line of links to places on the same page: what is said before each, its text, the place's id."""

    items: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Picture:
    """A picture file, embedded as an image: whatever an SVG holds, nothing in it runs or is fetched."""

    data: bytes
    media_type: str
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class Drawings:
    """Drawings of `report.draw`, side by side where there is room. `legend`: class of the colour and its name.

    `wide`: a single one that keeps its size and scrolls on a narrow screen. `small`: many small ones, four in a row.
    """

    drawings: Sequence[Markup]
    caption: str = ""
    legend: Sequence[tuple[str, str]] = ()
    wide: bool = False
    small: bool = False


@dataclass(frozen=True)
class Source:
    """A text as it was written, in a box of its own. `limit`: characters that are shown. `label` names it."""

    text: str
    limit: int = 60_000
    label: str = ""


@dataclass(frozen=True)
class Diff:
    """A difference in the unified format."""

    text: str
    limit: int = 200_000
    label: str = "difference"


@dataclass(frozen=True)
class Heading:
    """A heading inside a section or fold. `level`: 3 or 4."""

    text: str
    level: int = 3


@dataclass(frozen=True)
class Tokens:
    """A text in coloured pieces: (piece, level 0 to 5, what a pointer on it shows). `hidden`: pieces left out at the end."""

    parts: Sequence[tuple[str, int, str]]
    label: str = "text in coloured tokens"
    hidden: int = 0


@dataclass(frozen=True)
class Scale:
    """The five colours of `Tokens` between the words for their ends."""

    low: str
    high: str


@dataclass(frozen=True)
class Views:
    """Up to six views of the same thing, one of which is shown: the first, until another's name is chosen.

    No script is needed; on paper all are shown. `anchor`: a plain name that no other views on the page have.
    """

    views: Sequence[tuple[str, Sequence[Block]]]
    anchor: str
    label: str = "views"


@dataclass(frozen=True)
class Fold:
    """Something that is opened by hand, or by a link to `anchor`. `summary`: class and text of each part of its line."""

    summary: Sequence[tuple[str, str]]
    blocks: Sequence[Block]
    anchor: str = ""


Block = Text | Links | Picture | Drawings | Source | Diff | Heading | Fold | Tokens | Scale | Views | Table


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading. `anchor` is its id; `short` its name in the page's line of contents."""

    title: str
    blocks: Sequence[Block]
    anchor: str
    short: str = ""


MEDIA_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"RIFF", "image/webp"),
)
MAX_PICTURE = 8 * 2**20


def picture(data: bytes, alt: str, caption: str = "") -> Picture | None:
    """`data` as a picture, by what it is and not by its name; None where no browser would show it, or it is too large."""
    if len(data) > MAX_PICTURE:
        return None
    for magic, media_type in MEDIA_TYPES:
        if data.startswith(magic):
            return Picture(data, media_type, alt, caption)
    return Picture(data, "image/svg+xml", alt, caption) if _is_svg(data) else None


def _is_svg(data: bytes) -> bool:
    from xml.etree import ElementTree

    # Own entities could unfold without end, and no drawing library writes any.
    if b"<svg" not in data or b"<!ENTITY" in data:
        return False
    try:
        return ElementTree.fromstring(data).tag == "{http://www.w3.org/2000/svg}svg"
    except ElementTree.ParseError:
        return False
