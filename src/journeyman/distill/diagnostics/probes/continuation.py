"""How much a teacher can still save: it finishes the student's responses from several depths on.

    found = continuation_gain(student, teacher, rollouts, [256, 1024], grader, answers, sampling=Sampling(max_tokens=4096))
    found.by_depth                  # ((256, .31), (1024, .02))

Where the teacher does no better than the student from the same prefix, its next-token distribution there cannot be worth
much as a target (section 6.1 of arXiv 2604.13016: +.366 at 1K tokens, +.024 at 16K).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from journeyman.distill.data.grade import Grader
from journeyman.distill.diagnostics.probes.cost import Cost
from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.rollouts import Rollouts
from journeyman.distill.rollout.sampling import Sampler, Sampling
from journeyman.errors import UsageError

Progress = Callable[[int, int], None]
"""on_progress(tokens generated so far, the most it can be)."""


@dataclass(frozen=True)
class DepthGain:
    """What the teacher gains from one depth on.

    Attributes:
        depth: tokens of the student's response that stay.
        gain: accuracy of the teacher's endings minus that of the student's own from the same prefixes, in [-1, 1].
        standard_error: of the gain, over the prompts (prefixes of one prompt are not independent); None for one prompt.
        teacher, student: the two accuracies.
        prefixes, prompts: how many they rest on.
        no_room: prefixes left out since they and a response do not fit into a model's context.
    """

    depth: int
    gain: float
    standard_error: float | None
    teacher: float
    student: float
    prefixes: int
    prompts: int
    no_room: int = 0


@dataclass(frozen=True)
class Continuation:
    """Attributes:
    gains: one for each depth that any rollout with a known answer reaches, shallow to deep.
    unreached: depths that none reaches.
    cost: counted.
    """

    gains: tuple[DepthGain, ...]
    unreached: tuple[int, ...] = ()
    cost: Cost = field(default_factory=Cost)

    @property
    def by_depth(self) -> tuple[tuple[int, float], ...]:
        """(depth, gain) pairs, shallow to deep."""
        return tuple((found.depth, found.gain) for found in self.gains)


def continuation_gain(
    student: LanguageModel,
    teacher: LanguageModel | None,
    rollouts: Rollouts,
    depths: Sequence[int],
    grader: Grader,
    answers: Sequence[str | None],
    *,
    n: int = 1,
    sampling: Sampling,
    seed: int = 0,
    resample: bool = True,
    limit: int | None = None,
    student_sampler: Sampler | None = None,
    teacher_sampler: Sampler | None = None,
    batch: int = 32,
    on_progress: Progress | None = None,
) -> Continuation:
    """Cut the student's `rollouts` at each of `depths` and compare how teacher and student end them.

    Only rollouts longer than a depth are cut there. Both models draw with the same seeds, so that chance is shared between
    them as far as the sampler does; a model against itself gains exactly nothing.

    Args:
        teacher: None for one that is only served, through `teacher_sampler`.
        answers: one for each rollout; None: not known, left out.
        n: endings for each prefix and model.
        sampling: how endings are drawn; `max_tokens` is of the whole response, the prefix included.
        resample: draw the student's endings anew. False: take the ending that each rollout had, which costs nothing; fair
            only if the rollouts were sampled with this same `sampling`.
        limit: at most this many prefixes at a depth, drawn by `seed`.
        student_sampler, teacher_sampler: any engine; None takes the fastest in this process.
        batch: prefixes sampled at a time. Part of the result, since seeds depend on it.

    Raises:
        UsageError: no depth, a depth below 1 or not below `max_tokens`, n below 1, or not one answer for each rollout.
    """
    _check(rollouts, depths, answers, n, sampling, batch)
    from journeyman.distill.rollout.engines import sampler_for

    if teacher is None and teacher_sampler is None:
        raise UsageError("no teacher: pass a model, or a teacher_sampler for one that is served")
    samplers = [teacher_sampler or sampler_for(teacher)]  # type: ignore[arg-type]
    if resample:
        samplers.append(student_sampler or sampler_for(student))
    context = min(model.context for model in (student, teacher) if model is not None)
    total = predict(rollouts, depths, answers, n=n, sampling=sampling, resample=resample, limit=limit).generated
    gains, generated = [], 0
    for depth in sorted(set(depths)):
        long_enough = _prefixes(rollouts, answers, depth, limit, seed)
        rows = [row for row in long_enough if len(_prompt(rollouts, row)) + depth < context]
        if not rows:
            continue
        scores: list[list[float]] = [[] for _ in samplers]
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            for score, sampler in zip(scores, samplers, strict=True):
                drawn = _endings(rollouts, part, depth, sampler, n, sampling, _seed_of(seed, depth, start))
                generated += int(drawn.lengths.sum())
                score += [_right(student, rollouts, row, depth, drawn, i, n, grader, answers) for i, row in enumerate(part)]
                if on_progress is not None:
                    on_progress(generated, total)
        if not resample:
            scores.append([float(grader(_text(student, rollouts.response(row)), answers[row] or "")) for row in rows])
        prompts = [int(rollouts.prompt_of[row]) for row in rows]
        gains.append(_gain(depth, scores[0], scores[1], prompts, len(long_enough) - len(rows)))
    reached = {found.depth for found in gains}
    return Continuation(tuple(gains), tuple(d for d in sorted(set(depths)) if d not in reached), Cost(generated=generated))


def predict(
    rollouts: Rollouts,
    depths: Sequence[int],
    answers: Sequence[str | None],
    *,
    n: int = 1,
    sampling: Sampling,
    resample: bool = True,
    limit: int | None = None,
) -> Cost:
    """The most that `continuation_gain` with these arguments can take: every ending runs to the limit."""
    models = 2 if resample else 1
    return Cost(
        generated=sum(
            len(_prefixes(rollouts, answers, depth, limit, 0)) * n * models * (sampling.max_tokens - depth)
            for depth in set(depths)
        )
    )


def paired(gains: Sequence[float], groups: Sequence[int]) -> tuple[float, float | None]:
    """Mean and its standard error where values of one group hang together; None for the latter with one group.

    The mean of all values; its error from the groups' summed deviations, times sqrt(G / (G - 1)).
    """
    mean = math.fsum(gains) / len(gains)
    ordered = sorted(zip(groups, gains, strict=True), key=lambda pair: pair[0])
    sums = [math.fsum(gain - mean for _, gain in members) for _, members in groupby(ordered, key=lambda pair: pair[0])]
    if len(sums) < 2:
        return mean, None
    variance = math.fsum(value**2 for value in sums) * len(sums) / (len(sums) - 1)
    return mean, math.sqrt(variance) / len(gains)


def _check(
    rollouts: Rollouts, depths: Sequence[int], answers: Sequence[str | None], n: int, sampling: Sampling, batch: int
) -> None:
    if not depths:
        raise UsageError("no depth to cut at; name at least one, in tokens")
    for depth in depths:
        if not 1 <= depth < sampling.max_tokens:
            raise UsageError(
                f"depth {depth} leaves nothing to measure: depths lie from 1 to below max_tokens, {sampling.max_tokens}"
            )
    if n < 1 or batch < 1:
        raise UsageError(f"n is {n} and batch {batch}; both are at least 1")
    if len(answers) != len(rollouts):
        raise UsageError(f"{len(answers)} answers for {len(rollouts)} rollouts; give one for each, None where nobody knows")


def _prefixes(rollouts: Rollouts, answers: Sequence[str | None], depth: int, limit: int | None, seed: int) -> list[int]:
    """Rows that are longer than `depth` and can be graded; of too many, some by lot."""
    rows = [row for row, length in enumerate(rollouts.lengths.tolist()) if length > depth and answers[row] is not None]
    if limit is not None and len(rows) > limit:
        rows = sorted(sorted(rows, key=lambda row: _seed_of(seed, depth, row))[:limit])
    return rows


def _prompt(rollouts: Rollouts, row: int) -> list[int]:
    return list(rollouts.prompts[int(rollouts.prompt_of[row])])


def _endings(
    rollouts: Rollouts, rows: Sequence[int], depth: int, sampler: Sampler, n: int, sampling: Sampling, seed: int
) -> Rollouts:
    prompts = [_prompt(rollouts, row) + rollouts.response(row)[:depth] for row in rows]
    return sampler.sample(prompts, n, replace(sampling, max_tokens=sampling.max_tokens - depth), seed)


def _right(
    student: LanguageModel,
    rollouts: Rollouts,
    row: int,
    depth: int,
    drawn: Rollouts,
    place: int,
    n: int,
    grader: Grader,
    answers: Sequence[str | None],
) -> float:
    """Share of right responses among the `n` endings of the prefix at `place`."""
    prefix, answer = rollouts.response(row)[:depth], answers[row] or ""
    texts = (_text(student, prefix + drawn.response(place * n + i)) for i in range(n))
    return sum(grader(text, answer) for text in texts) / n


def _text(model: LanguageModel, ids: Sequence[int]) -> str:
    return str(model.tokenizer.decode(list(ids), skip_special_tokens=True))


def _gain(
    depth: int, teacher: Sequence[float], student: Sequence[float], prompts: Sequence[int], no_room: int
) -> DepthGain:
    gain, error = paired([t - s for t, s in zip(teacher, student, strict=True)], prompts)
    mean_teacher, mean_student = (math.fsum(scores) / len(scores) for scores in (teacher, student))
    return DepthGain(depth, gain, error, mean_teacher, mean_student, len(teacher), len(set(prompts)), no_room)


def _seed_of(seed: int, depth: int, place: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{seed}/{depth}/{place}".encode()).digest()[:7], "big")
