"""`journeyman doctor`: what is here, what is missing, how to mend it."""

from __future__ import annotations

from journeyman.cli.call import make_app
from journeyman.cli.out import Json, stdout, write_json

app = make_app()


@app.command()
def doctor(json: Json = False) -> int:
    """Say what this machine offers, what it lacks and which command mends each lack.

    Nothing is changed, nothing is sent. Exit status 1 only if nothing can run here.
    """
    from journeyman.health import doctor as look
    from journeyman.report.text import rich_text

    checkup = look()
    if json:
        write_json({"can_run": checkup.can_run, "findings": checkup.findings})
        return 0 if checkup.can_run else 1
    out = stdout()
    signs = {"here": ("✓", "green"), "missing": ("–", "yellow"), "broken": ("✗", "red")}
    width = max(len(finding.subject) for finding in checkup.findings)
    for finding in checkup.findings:
        sign, colour = signs[finding.state]
        line = rich_text(f"{sign} ", colour)
        line.append_text(rich_text(f"{finding.subject:<{width}}  ", "bold"))
        line.append_text(rich_text(finding.detail))
        out.print(line, soft_wrap=True)
        if finding.state != "here" and finding.mend:
            out.print(rich_text(f"  {'':<{width}}  → {finding.mend}", "cyan"), soft_wrap=True)
    out.print()
    if not checkup.can_run:
        out.print(rich_text("Nothing can run here until what is marked ✗ is mended.", "red"))
        return 1
    out.print(rich_text("Ready. Lines marked – cost a feature each; the arrow says how to get it."))
    return 0
