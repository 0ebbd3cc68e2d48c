"""How good a model is on problems with known answers: avg@n, pass@n, lengths, truncation, and how sure that is.

    found = evaluate(model, read_prompts("AIME24.parquet"), grader=grader("math"), n=16)
    found.avg, found.interval.low, found.interval.high, found.pass_n

The paper's protocol (arXiv 2604.13016): 16 samples at temperature 0.7 and top-p 0.95, up to 31,744 tokens, the unweighted
mean over AIME24, AIME25 and AMC23: `evaluate_sets`.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from journeyman.distill.data.grade import Grader, answer_of, names_its_answer
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.templates import render_all
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.distill.saving import digest
from journeyman.errors import DataInvalid, UsageError
from journeyman.stats.interval import Interval, bootstrap_interval, t_interval

if TYPE_CHECKING:
    from journeyman.report.table import Table

PAPER = Sampling(temperature=0.7, top_p=0.95, max_tokens=31_744)
"""How the paper samples for its benchmarks."""

Progress = Callable[[int, int], None]
"""on_progress(prompts done, prompts in all)."""


@dataclass(frozen=True)
class Row:
    """One prompt: its n responses. `named`: the grader found an answer to look at; `distinct`: see Evaluation.distinct_4."""

    id: str
    answer: str
    correct: tuple[bool, ...]
    lengths: tuple[int, ...]
    finished: tuple[bool, ...]
    named: tuple[bool, ...]
    distinct: float | None
    texts: tuple[str, ...] = ()

    @property
    def share(self) -> float:
        """Of the n responses, how many are right."""
        return sum(self.correct) / len(self.correct)


@dataclass(frozen=True)
class Evaluation:
    """Attributes:
    avg: avg@n, the mean over prompts of the share of right responses.
    pass_n: pass@n, the share of prompts with at least one right response of n.
    pass_at: pass@k for k = 1, 2, 4 ... n, each by the unbiased estimator from the n samples.
    interval: 95 % bootstrap interval of `avg`, prompts drawn anew (what other prompts of this kind would give).
    mean_length: tokens a response, its end token included.
    truncated: share of responses that hit the limit, that of `sampling` or of the model's context.
    distinct_4: distinct token 4-grams over all 4-grams of a prompt's responses, mean over prompts; low: it repeats itself.
    none_right, all_right: shares of prompts that no response, or every one, solved.
    unnamed: share of responses in which the grader found no answer to look at; None where it does not tell.
    n: responses a prompt. prompts: how many were asked. dropped: too long. unanswered: left out, without known answer.
    sampling: as asked for; a prompt whose context has less room gets what there is.
    rows: one a prompt.
    """

    avg: float
    pass_n: float
    pass_at: dict[int, float]
    interval: Interval
    mean_length: float
    truncated: float
    distinct_4: float | None
    none_right: float
    all_right: float
    unnamed: float | None
    n: int
    prompts: int
    dropped: int
    unanswered: int
    sampling: Sampling
    rows: tuple[Row, ...] = field(repr=False)

    def plain(self) -> dict[str, Any]:
        """All but the rows, as plain data for a log."""
        found = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in _NOT_PLAIN}
        found["pass_at"] = {str(k): value for k, value in self.pass_at.items()}
        return found | {"low": self.interval.low, "high": self.interval.high, "sampling": asdict(self.sampling)}


_NOT_PLAIN = ("rows", "interval", "sampling", "pass_at")


def evaluate(
    model: LanguageModel,
    prompts: Sequence[Prompt],
    *,
    grader: Grader,
    sampler: Sampler | None = None,
    sampling: Sampling = PAPER,
    n: int = 16,
    seed: int = 0,
    template: str = "chat",
    enable_thinking: bool | None = None,
    system: str | None = None,
    batch: int = 8,
    keep_texts: int = 1,
    resume: Path | None = None,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Sample `n` responses to each prompt with a known answer, grade them and count.

    Args:
        sampler: any engine; None takes the fastest that can run the model.
        batch: prompts sampled at a time. The seed of a batch depends on `seed` and its place, so it is part of the result.
        keep_texts: so many responses a prompt stay in its row as text.
        resume: a file that takes each batch as it is done; if it holds batches of this same call, by the same weights, they
            are not made again. The grader is not part of the call: take another file for another one.

    Raises:
        UsageError: n or batch below 1; `resume` is of another call; and as `data.templates.render`.
        DataInvalid: no prompt has an answer, or none fits into the context.
    """
    if n < 1 or batch < 1:
        raise UsageError(f"n is {n} and batch {batch}; both are at least 1")
    known = [prompt for prompt in prompts if prompt.answer is not None]
    if not known:
        raise DataInvalid(f"none of {len(prompts)} prompts has an answer to grade with; name the answer field 'answer'")
    rendered = render_all(known, model, template, enable_thinking=enable_thinking, system=system)
    if sampler is None:
        from journeyman.distill.rollout.engines import sampler_for

        sampler = sampler_for(model)
    rows: list[Row] = []
    if resume is not None:
        call = {"n": n, "seed": seed, "batch": batch, "sampling": asdict(sampling), "texts": keep_texts}
        call["sampler"], call["model"] = type(sampler).__name__, digest(model)[:16]
        call["prompts"] = _digest([rendered.ids, [prompt.answer for prompt in rendered.prompts]])
        rows = _begin(resume, call)
    for start in range(len(rows), len(rendered.ids), batch):
        part = slice(start, start + batch)
        rollouts = sampler.sample(rendered.ids[part], n, sampling, batch_seed(seed, start // batch))
        made = _rows(rollouts, rendered.prompts[part], model, grader, n, keep_texts)
        rows += made
        if resume is not None:
            _append(resume, made)
        if on_progress is not None:
            on_progress(len(rows), len(rendered.ids))
    return _counted(rows, n, rendered.dropped, len(prompts) - len(known), sampling, names_its_answer(grader), seed)


@dataclass(frozen=True)
class Evaluations:
    """Several sets: `average` is the unweighted mean of their avg, so that a set counts once however long it is."""

    sets: dict[str, Evaluation]
    average: float

    def table(self) -> Table:
        """A row for each set and one for the mean."""
        return evaluation_table(self.sets)


def evaluate_sets(model: LanguageModel, sets: Mapping[str, Sequence[Prompt]], **options: Any) -> Evaluations:
    """`evaluate` on each of `sets`, by name, with the same options. Raises as `evaluate`, UsageError without any set."""
    if not sets:
        raise UsageError("there is no set to evaluate on; name at least one file of prompts")
    found = {}
    for name, prompts in sets.items():
        resume = options.get("resume")
        mine = options if resume is None else options | {"resume": resume.with_name(f"{resume.stem}-{name}{resume.suffix}")}
        found[name] = evaluate(model, prompts, **mine)
    return Evaluations(found, math.fsum(one.avg for one in found.values()) / len(found))


def evaluation_table(sets: Mapping[str, Evaluation], *, title: str = "") -> Table:
    """A row for each evaluation, and the unweighted mean of several; shares as fractions of 1, lengths in tokens."""
    from journeyman.report.table import Table

    n = sorted({found.n for found in sets.values()})
    at = str(n[0]) if len(n) == 1 else "n"
    columns = (
        "set", f"avg@{at}", "95 % interval", f"pass@{at}", "tokens", "truncated", "none right", "all right", "no answer",
        "prompts",
    )  # fmt: skip
    rows: list[tuple[str, ...]] = [
        (
            name, f"{e.avg:.3f}", _spread(e.interval), f"{e.pass_n:.3f}", f"{e.mean_length:.0f}", f"{e.truncated:.3f}",
            f"{e.none_right:.3f}", f"{e.all_right:.3f}", "" if e.unnamed is None else f"{e.unnamed:.3f}", str(e.prompts),
        )
        for name, e in sets.items()
    ]  # fmt: skip
    if len(sets) > 1:
        average = math.fsum(found.avg for found in sets.values()) / len(sets)
        rows.append(("mean", f"{average:.3f}", *[""] * 8))
    return Table(columns, rows, title, frozenset(columns[1:]))


def difference(before: Evaluation, after: Evaluation, *, level: float = 0.95) -> Interval:
    """By how much `after` is better on the prompts both were asked, paired by prompt: t interval of the mean difference.

    Raises UsageError where they share no prompt.
    """
    theirs = {(row.id, row.answer): row.share for row in before.rows}
    pairs = [row.share - theirs[row.id, row.answer] for row in after.rows if (row.id, row.answer) in theirs]
    if not pairs:
        raise UsageError("the two evaluations have no prompt in common, so nothing can be compared")
    return t_interval(pairs, level=level)


def pass_at_k(right: int, n: int, k: int) -> float:
    """Chance that k of n samples, drawn without replacement, hold a right one when `right` of the n are right.

    Unbiased for pass@k (Chen et al., arXiv 2107.03374). Raises UsageError unless 1 <= k <= n and 0 <= right <= n.
    """
    if not (1 <= k <= n and 0 <= right <= n):
        raise UsageError(f"pass@k needs k in 1 .. n and right in 0 .. n, not k {k}, n {n}, right {right}")
    return 1.0 - math.comb(n - right, k) / math.comb(n, k)


def distinct_ngrams(sequences: Sequence[Sequence[int]], size: int = 4) -> float | None:
    """Distinct n-grams over all n-grams of the sequences together, in (0, 1]; None where none is that long."""
    grams = [tuple(ids[i : i + size]) for ids in sequences for i in range(len(ids) - size + 1)]
    return len(set(grams)) / len(grams) if grams else None


def batch_seed(seed: int, number: int) -> int:
    """The seed of batch `number`: unrelated for different seeds and numbers, the same on every machine."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{number}".encode()).digest()[:7], "big")


def _rows(
    rollouts: Rollouts, prompts: Sequence[Prompt], model: LanguageModel, grader: Grader, n: int, keep: int
) -> list[Row]:
    made = []
    responses, finished = responses_of(rollouts), rollouts.finished.tolist()
    for at, prompt in enumerate(prompts):
        mine = slice(at * n, at * n + n)
        sequences = responses[mine]
        texts = [response_text(model, ids) for ids in sequences]
        answer = prompt.answer or ""
        made.append(
            Row(
                id=prompt.id,
                answer=answer,
                correct=tuple(grader(text, answer) for text in texts),
                lengths=tuple(map(len, sequences)),
                finished=tuple(map(bool, finished[mine])),
                named=tuple(answer_of(grader, text) is not None for text in texts),
                distinct=distinct_ngrams(sequences),
                texts=tuple(texts[:keep]),
            )
        )
    return made


def responses_of(rollouts: Rollouts) -> list[list[int]]:
    """The token ids of every response, fetched from the device at once."""
    return [ids[:length] for ids, length in zip(rollouts.ids.tolist(), rollouts.lengths.tolist(), strict=True)]


def response_text(model: LanguageModel, ids: Sequence[int]) -> str:
    """A response as text, special tokens left out: what graders see."""
    return str(model.tokenizer.decode(list(ids), skip_special_tokens=True))


def _counted(
    rows: Sequence[Row], n: int, dropped: int, unanswered: int, sampling: Sampling, names: bool, seed: int
) -> Evaluation:
    right = [sum(row.correct) for row in rows]
    powers = sorted({*(2**i for i in range(n.bit_length()) if 2**i <= n), n})
    pass_at = {k: math.fsum(pass_at_k(r, n, k) for r in right) / len(rows) for k in powers}
    distinct = [row.distinct for row in rows if row.distinct is not None]
    interval = bootstrap_interval([row.share for row in rows], seed=seed)
    return Evaluation(
        avg=interval.mean, pass_n=pass_at[n], pass_at=pass_at, interval=interval,
        mean_length=_mean([length for row in rows for length in row.lengths]),
        truncated=_mean([not finished for row in rows for finished in row.finished]),
        distinct_4=_mean(distinct) if distinct else None,
        none_right=_mean([r == 0 for r in right]), all_right=_mean([r == n for r in right]),
        unnamed=_mean([not found for row in rows for found in row.named]) if names else None,
        n=n, prompts=len(rows), dropped=dropped, unanswered=unanswered, sampling=sampling, rows=tuple(rows),
    )  # fmt: skip


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _spread(interval: Interval) -> str:
    return "" if interval.low is None or interval.high is None else f"{interval.low:.3f} .. {interval.high:.3f}"


def _digest(what: Any) -> str:
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:16]


def _begin(path: Path, call: dict[str, Any]) -> list[Row]:
    """Rows of whole batches that the file holds; a new file begins with what the call was."""
    if not path.exists() or "\n" not in path.read_text(encoding="utf-8"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(call) + "\n", encoding="utf-8")
        return []
    first, *lines = path.read_text(encoding="utf-8").split("\n")
    if first != json.dumps(call):
        raise UsageError(f"{path} holds an evaluation of another model, other prompts or other settings; name another file")
    whole = lines[:-1]  # what follows the last line end was cut off, or is empty
    with path.open("r+b") as file:
        file.truncate(sum(len(line.encode()) + 1 for line in (first, *whole)))
    return [_row(found) for line in whole for found in json.loads(line)]


def _append(path: Path, rows: Sequence[Row]) -> None:
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps([asdict(row) for row in rows]) + "\n")
        out.flush()
        os.fsync(out.fileno())


def _row(plain: dict[str, Any]) -> Row:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return Row(**values)
