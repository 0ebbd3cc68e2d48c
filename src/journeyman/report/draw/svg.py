"""SVG elements whose text and attributes are always escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

from journeyman.report.text import one_line

Value = str | int | float


def element(tag: str, *children: str | Markup, **attributes: Value | None) -> Markup:
    """One element. `class_` is `class`, an underscore a hyphen, an attribute that is None left out.

    Children that are no Markup are text: made visible, on one line, escaped. Coordinates are rounded to a tenth.
    """
    said = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    inner = "".join(
        child if isinstance(child, Markup) else escape(one_line(child, limit=400)) for child in children
    )
    return Markup(f"<{tag}{said}>{inner}</{tag}>" if inner else f"<{tag}{said}/>")


def drawing(width: float, height: float, label: str, *children: Markup) -> Markup:
    """The whole picture, in a frame of `width` by `height` CSS pixels. `label` says what it shows to who cannot see it."""
    return element(
        "svg", *children, viewBox=f"0 0 {_written(width)} {_written(height)}", width=width, height=height, role="img",
        aria_label=one_line(label, limit=400),
    )  # fmt: skip


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """A straight line."""
    return element("path", d=f"M{_written(x1)} {_written(y1)}L{_written(x2)} {_written(y2)}", class_=class_)


def text(
    x: float, y: float, said: str, *, class_: str = "tick", anchor: str = "middle", turned: bool = False
) -> Markup:
    """A line of text at (x, y). `anchor`: start, middle or end; `turned`: reads upwards."""
    turn = f"rotate(-90 {_written(x)} {_written(y)})" if turned else None
    return element("text", said, x=x, y=y, text_anchor=anchor, class_=class_, transform=turn)


def dot(x: float, y: float, radius: float, class_: str, title: str = "", href: str | None = None) -> Markup:
    """A filled circle; `title` is what a pointer on it shows, `href` where a click leads."""
    told = (element("title", title),) if title else ()
    return linked(element("circle", *told, cx=x, cy=y, r=radius, class_=class_), href, title)


def linked(drawn: Markup, href: str | None, label: str = "") -> Markup:
    """`drawn` as a link to a place on the page.

    For a pointer only: a picture is one thing to a keyboard and a screen reader, and the page lists the same places below.
    """
    return (
        drawn
        if href is None
        else element("a", drawn, href=href, tabindex=-1, aria_label=one_line(label) or None)
    )


def polyline(points: list[tuple[float, float]], class_: str) -> Markup:
    """A line through `points`."""
    path = "L".join(f"{_written(x)} {_written(y)}" for x, y in points)
    return element("path", d=f"M{path}", class_=class_)


def _written(value: Value) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
