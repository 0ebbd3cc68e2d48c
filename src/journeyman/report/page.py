"""One HTML file that opens offline: a run's summary, its figure, its best design.

Nothing in the page is fetched and nothing in it runs: the content policy forbids every script and every source but the
embedded picture and the one style sheet, which is allowed by its hash. All text goes through `visible` and is escaped.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from journeyman.report.table import Table
from journeyman.report.text import one_line, visible

MAX_DIFF = 200_000  # characters; a longer difference is cut with a sentence


@dataclass(frozen=True)
class Page:
    """What stands on the page, top to bottom. `figure` is an SVG file; `figure_caption` says what it shows.

    `facts` are short name-value pairs; `diff` is in the unified format, `diff_title` stands above it.
    """

    title: str
    subtitle: str = ""
    facts: Sequence[tuple[str, str]] = ()
    tables: Sequence[Table] = ()
    figure: bytes | None = None
    figure_caption: str = ""
    diff: str = ""
    diff_title: str = "Best design, as a difference from the seed"
    footer: str = ""


def render(page: Page) -> str:
    """The whole HTML document."""
    import jinja2

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["visible"] = visible
    environment.filters["one_line"] = one_line
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    return environment.from_string(TEMPLATE).render(
        page=page,
        style=STYLE,
        policy=f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        picture=base64.b64encode(page.figure).decode() if page.figure else "",
        diff=[(_kind(line), line) for line in visible(page.diff, limit=MAX_DIFF).splitlines()],
    )


def _kind(line: str) -> str:
    if line.startswith(("+++", "---", "@@")):
        return "where"
    return {"+": "added", "-": "removed"}.get(line[:1], "same")


STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --soft: #606060; --line: #dcdcdc; --paper: #ffffff;
  --added: #e3f4e6; --removed: #fbe6e4; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --soft: #a0a0a0; --line: #3c3c3c; --paper: #181818; --added: #17361d; --removed: #431d1a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 3rem; max-width: 60rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.1rem; }
p { margin: .4rem 0; }
.soft, figcaption, footer { color: var(--soft); font-size: .9rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .9rem 1.25rem; margin: 1.5rem 0 0; }
dt { color: var(--soft); font-size: .8rem; }
dd { margin: 0; font-size: 1.1rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93rem; }
th, td { padding: .35rem 1.1rem .35rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
td { min-width: 3rem; max-width: 26rem; overflow-wrap: break-word; }
.number { text-align: right; }
.number, .short { white-space: nowrap; }
figure { margin: 0; }
figure img { display: block; width: 100%; max-width: 52rem; height: auto; padding: .5rem; background: #ffffff;
  border: 1px solid var(--line); border-radius: 4px; }
figcaption { margin-top: .4rem; }
pre { margin: 0; padding: .7rem 0; overflow-x: auto; border: 1px solid var(--line); border-radius: 4px;
  font: .82rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; tab-size: 4; }
pre code { display: inline-block; min-width: 100%; }
pre span { display: block; padding: 0 .8rem; min-height: 1.2em; }
.added { background: var(--added); } .removed { background: var(--removed); } .where { color: var(--soft); }
footer { margin-top: 2.5rem; }
"""

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{{ page.title | one_line }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<main>
<h1>{{ page.title | one_line }}</h1>
{% if page.subtitle %}<p class="soft">{{ page.subtitle | visible }}</p>{% endif %}

{% if page.facts %}
<dl>
{% for name, value in page.facts %}
<div><dt>{{ name | one_line }}</dt><dd>{{ value | one_line }}</dd></div>
{% endfor %}
</dl>
{% endif %}
{% if picture %}
<h2>Best so far</h2>
<figure><img alt="{{ page.figure_caption | one_line(limit=400) }}" src="data:image/svg+xml;base64,{{ picture }}">
<figcaption>{{ page.figure_caption | visible }}</figcaption></figure>
{% endif %}
{% for table in page.tables %}
<section>
{% if table.title %}<h2>{{ table.title | one_line }}</h2>{% endif %}

<div class="wide"><table>
<thead><tr>
{% for column in table.columns %}
<th scope="col"{% if column in table.numbers %} class="number"{% endif %}>{{ column | one_line }}</th>
{% endfor %}
</tr></thead>
<tbody>
{% for row in table.rows %}
<tr>
{% for cell in row %}
{% set number = table.columns[loop.index0] in table.numbers %}
<td class="{{ 'number' if number else 'short' if cell | length <= 20 else 'text' }}">{{ cell | one_line(limit=400) }}</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table></div>
{% if table.note %}<p class="soft">{{ table.note | visible }}</p>{% endif %}

</section>
{% endfor %}
{% if diff %}
<h2>{{ page.diff_title | one_line }}</h2>
<pre><code>{% for kind, line in diff %}<span class="{{ kind }}">{{ line }}</span>{% endfor %}</code></pre>
{% endif %}
</main>
{% if page.footer %}<footer>{{ page.footer | visible }}</footer>{% endif %}

</body>
</html>
"""
