"""The command line: parse, call the library, show progress and results. No logic.

Each command is a module of this package, imported when it is called, so `journeyman --help` answers at once. Every
command keeps one contract: results on stdout, progress and complaints on stderr; with `--json` exactly one JSON document
on stdout; exit status 0 done, 1 the work failed, 2 the call was wrong; one sentence and no traceback for any failure.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from collections.abc import Sequence

COMMANDS = {
    "optimize": "improve a design against its verifier, under an exact budget",
    "foresee": "measure whether an agent uses a world model before it acts, and whether it pays",
    "distill": "check a pair of student and teacher, train the student, say why it fails",
    "run": "list, show, watch, resume, replay and export runs",
    "task": "list, show, make, wrap, check tasks; verify one candidate",
    "model": "list the language models of models.toml; try one with a small prompt",
    "claim": "test the papers' claims again, by criteria fixed beforehand",
    "demo": "optimize five tasks and a simulator, distill two small pairs (about 4 minutes, no key)",
    "doctor": "say what this machine offers, what it lacks and how to mend it",
}

HELP = f"""\
Usage: journeyman COMMAND [ARGUMENTS]

Let models and agents learn from feedback (a verifier, a world model, a teacher), and measure honestly what it was worth.

Commands:
{chr(10).join(f"  {name:<10} {what}" for name, what in COMMANDS.items())}

Options:
  --version  print the version
  --help     print this; 'journeyman COMMAND --help' explains a command

First steps:
  journeyman doctor
  journeyman optimize operations/job_shop --evaluations 100
  journeyman task wrap my_task --run 'python sim.py {{design}} {{out}}' --params params.toml \\
      --minimize mass_kg --constraint 'stress_mpa<=250'
  journeyman optimize my_task
  journeyman optimize my_task --model openai/gpt-5-mini --search islands
  journeyman foresee lake-6 --agent scripted:perception=0.15 --mode invisible --mode normal --mode force
  journeyman distill check STUDENT TEACHER --prompts prompts.jsonl
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status. `arguments` default to the process's own."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        status = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough. Python would complain again when it flushes stdout at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    return status


def _dispatch(words: list[str]) -> int:
    match words:
        case []:
            sys.stderr.write(HELP)
            return 2
        case ["--help" | "-h" | "help"]:
            sys.stdout.write(HELP)
            return 0
        case ["--version"]:
            from journeyman import __version__

            print(f"journeyman {__version__}")
            return 0
        case ["help", name]:
            words = [name, "--help"]
    name, *rest = words
    if name not in COMMANDS:
        return _unknown(name, as_json="--json" in rest)
    from journeyman.cli.call import call

    return call(importlib.import_module(f"journeyman.cli.{name}").app, name, rest)


def _unknown(name: str, *, as_json: bool) -> int:
    import difflib

    from journeyman.cli.call import complain

    near = difflib.get_close_matches(name, COMMANDS, n=1)
    meant = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(COMMANDS)}"
    return complain(f"there is no command {name!r}; {meant}", kind="UsageError", status=2, as_json=as_json)
