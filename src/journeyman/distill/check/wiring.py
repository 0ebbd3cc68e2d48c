"""Does what the trainer is told arrive? One function a check; each gives a Finding with figure, threshold, cause, remedy.

    for finding in look(bench):
        print(finding.name, finding.passed, finding.measured, finding.cause, finding.remedy)

Nothing is trained. Each check isolates one fault: where another fault would show in its figures too, it says None.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from journeyman.distill.check.bench import Bench, logp_of, surprise, teacher_logq
from journeyman.distill.check.finding import Finding
from journeyman.distill.check.wiring_text import end_of_sequence, heads, padding, room, templates, vocabulary
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.rollout.rollouts import pack
from journeyman.distill.rollout.served import Served as SampledElsewhere
from journeyman.distill.teacher.served import Served
from journeyman.distill.teacher.signal import HiddenSignal, ServedSignal

Check = Callable[[Bench], Finding]
SIGMAS = 4.0
COLD = 0.25
CUT_ONCE = "State i predicts token i + 1: cut the last logit off and the first label, on exactly one side."
FOLLOW = "Follow the teacher's answers from the server to the loss; a batch that is re-ordered or filtered loses them."


def look(bench: Bench, *, alone: bool = False) -> list[Finding]:
    """Every check, in the order in which faults should be mended; `alone`: only those that are of the student."""
    return [check(bench) for check in (ALONE if alone else CHECKS)]


def finite(bench: Bench) -> Finding:
    """No log-probability of either model, and no part of loss or gradient, is infinite or not a number."""
    import torch

    student = logp_of(bench.hidden, bench.student.head(), bench.batch.tokens, bench.spec.temperature)
    teacher = teacher_logq(bench.signal, bench.batch.tokens, bench.spec.teacher_temperature)
    gradient = _gradient(bench, bench.signal)
    bad = {
        "student": int((~torch.isfinite(student)).sum()),
        "teacher": int((~torch.isfinite(teacher)).sum()),
        "gradient": int((~torch.isfinite(gradient)).sum()),
    }
    measured: dict[str, float | str] = {name: float(count) for name, count in bad.items()}
    worst = next((name for name, count in bad.items() if count), None)
    if worst is None:
        return Finding("finite", True, measured, "no value that is not finite")
    return Finding(
        "finite", False, measured, "no value that is not finite",
        f"{bad[worst]} values of the {worst} are not finite.",
        "Load the weights in float32 or bfloat16 instead of float16, or see whether their files are whole.",
    )  # fmt: skip


def identity(bench: Bench) -> Finding:
    """A model against itself gives nothing: by each sampler's log-probabilities, by the loss and its gradient, and by a
    served teacher where its weights are on this machine, too."""
    from journeyman.distill.rollout.decoder import cannot_decode
    from journeyman.distill.rollout.engines import sampler_for
    from journeyman.distill.rollout.score import agreement

    measured: dict[str, float | str] = {}
    engines = ["generate"] if cannot_decode(bench.student) else ["own", "generate"]
    short = replace(bench.sampling, max_tokens=min(16, bench.sampling.max_tokens), temperature=1.0)
    for engine in engines:
        rollouts = sampler_for(bench.student, engine).sample(bench.ids[:2], 1, short, bench.seed)
        agreed = agreement(bench.student, rollouts)
        if agreed is not None:
            measured[engine] = agreed.mean
    head, hidden = bench.student.head(), bench.hidden.detach().clone().requires_grad_()
    spec = replace(bench.spec, temperature=1.0, teacher_temperature=1.0)
    itself = _loss(hidden, head, HiddenSignal(bench.hidden, head), bench, spec)
    itself.loss.backward()
    measured["loss"] = float(itself.per_token.abs().max())
    measured["gradient"] = float(hidden.grad.norm())
    if isinstance(bench.signal, ServedSignal):
        apart = _served_apart(bench)
        if apart is not None:
            measured["served teacher"] = apart
    wrong = {name: value for name, value in measured.items() if not float(value) <= bench.rounding}
    threshold = f"at most {bench.rounding:g} nats a token"
    if not wrong:
        return Finding("identity", True, measured, threshold)
    if set(wrong) == {"served teacher"} and shift(bench).passed is False:
        return Finding("identity", None, measured, threshold, "The teacher's answers are off by one, see there.")
    name, value = next(iter(wrong.items()))
    return Finding(
        "identity", False, measured, threshold,
        f"A model against itself should give 0; by '{name}' it gives {value:.4g}.",
        "See that both sides load the same files in the same dtype: a server may quantise, or serve another revision."
        if name == "served teacher"
        else "Take another engine (--engine generate), and report this with the model's name: it is a fault of ours.",
    )  # fmt: skip


def shift(bench: Bench) -> Finding:
    """The teacher's log-probabilities stand at the tokens they belong to, not one before or after."""
    offsets = (-1, 0, 1)
    if isinstance(bench.signal, ServedSignal):
        if isinstance(bench.teacher, Served):
            return _served_shift(bench)
        scores = {offset: _correlation_at(bench, offset) for offset in offsets}
        what = "correlation with the student's own log-probabilities"
    else:
        scores = {offset: _likelihood_at(bench, offset) for offset in offsets}
        what = "mean log-likelihood of the student's tokens"
    measured: dict[str, float | str] = {f"{offset:+d}": score for offset, (score, _) in scores.items()}
    threshold = f"{what} is best at offset 0"
    best = max(offsets, key=lambda offset: (scores[offset][0], offset == 0))
    if any(math.isnan(score) for score, _ in scores.values()):
        return Finding("shift", None, measured, threshold, "The teacher's answers do not vary, so nothing can be aligned.")
    apart, error = scores[best][0] - scores[0][0], math.hypot(scores[best][1], scores[0][1])
    if best == 0:
        second = max(scores[offset][0] for offset in offsets if offset)
        clear = scores[0][0] - second > SIGMAS * error or scores[0][0] - second > 0.1
        if clear:
            return Finding("shift", True, measured, threshold)
        return Finding("shift", None, measured, threshold, "The three offsets are too close to tell: use more responses.")
    if apart <= SIGMAS * error:
        return Finding("shift", None, measured, threshold, "The three offsets are too close to tell: use more responses.")
    return Finding(
        "shift", False, measured, threshold,
        f"The teacher's answers fit the tokens best when moved by {best:+d}: they are off by one.", CUT_ONCE,
    )  # fmt: skip


def _served_shift(bench: Bench) -> Finding:
    """A server scores tokens that it drew itself: with the log-probabilities it drew them with, unless it is moved."""
    apart = _served_apart(bench) or 0.0
    measured: dict[str, float | str] = {"served_against_itself": apart}
    threshold = f"scores of its own tokens within {bench.limits.served_shift:g} nats of what they were drawn with"
    if apart <= bench.limits.served_shift:
        return Finding("shift", True, measured, threshold)
    return Finding(
        "shift", False, measured, threshold,
        f"The server's scores of its own tokens are {apart:.1f} nats off what it drew them with: they stand elsewhere.",
        CUT_ONCE,
    )  # fmt: skip


def gradient(bench: Bench) -> Finding:
    """The gradient depends on what the teacher says: it changes with the answers, and they are computed, not filled in."""
    answers = teacher_logq(bench.signal, bench.batch.tokens, bench.spec.teacher_temperature)
    zeros = float((answers == 0).float().mean())
    spread = float(answers.float().std()) if len(answers) > 1 else 0.0
    mine, others = _gradient(bench, bench.signal), _gradient(bench, _another(bench.signal))
    change = float((mine - others).norm() / max(float(mine.norm()), float(others.norm()), 1e-12))
    measured: dict[str, float | str] = {
        "change": change, "norm": float(mine.norm()), "zero_answers": zeros, "spread_of_answers": spread,
    }  # fmt: skip
    limits = bench.limits
    threshold = (
        f"the gradient changes by {limits.gradient_change:.0%} or more when the answers are another's, and at most "
        f"{limits.zeros:.0%} of them are exactly 0"
    )
    if zeros > limits.zeros:
        cause = f"{zeros:.0%} of the teacher's log-probabilities are exactly 0: they were filled in, not computed."
    elif spread < 1e-6:
        cause = f"All of the teacher's log-probabilities are {float(answers[0]):.4g}: it does not look at the tokens."
    elif not change >= limits.gradient_change:
        cause = f"The gradient changes by {change:.2%} when the teacher's answers are another's: the signal is dropped."
    else:
        return Finding("gradient", True, measured, threshold)
    return Finding("gradient", False, measured, threshold, cause, FOLLOW)


def no_signal(said: str) -> Finding:
    """The check `gradient` where the teacher's answers were found to be none when they were asked for."""
    return Finding("gradient", False, {}, "every token of the student is scored", said.rstrip(".") + ".", FOLLOW)


def temperature(bench: Bench) -> Finding:
    """The temperature acts in the sampling, in the loss, and at a served teacher."""
    from journeyman.distill.rollout.score import states_of

    ours, spec = bench.sampling.temperature, bench.spec
    measured: dict[str, float | str] = {
        "sampling": ours, "loss": spec.temperature, "teacher": spec.teacher_temperature,
    }  # fmt: skip
    threshold = "each temperature changes what it should, and sampling and loss have the same one"
    if ours and ours != spec.temperature:
        return Finding(
            "temperature", False, measured, threshold,
            f"Responses are sampled at {ours:g}, but the loss divides the student's logits by {spec.temperature:g}.",
            f"Set the loss's temperature to {ours:g}.",
        )  # fmt: skip
    if isinstance(bench.signal, ServedSignal):
        measured["served"] = bench.signal.temperature
        if bench.signal.temperature != spec.teacher_temperature:
            return Finding(
                "temperature", False, measured, threshold,
                f"The teacher should answer at temperature {spec.teacher_temperature:g}; its server answers at "
                f"{bench.signal.temperature:g} whatever is asked.",
                f"Set the teacher's temperature to {bench.signal.temperature:g}, or take the teacher into this process.",
            )  # fmt: skip
    cold = replace(bench.sampling, temperature=COLD, top_p=1.0, top_k=0, max_tokens=bench.rollouts.ids.shape[1])
    each = 2 * len(bench.rollouts) // len(bench.ids)
    batch = pack(bench.sampler.sample(bench.ids, each, cold, bench.seed), bench.student.pad_id)
    states = states_of(bench.student, batch)
    head = bench.student.head()
    at_low, error = surprise(states, head, batch, COLD)
    measured["excess_when_cold"] = at_low
    acts_in_loss = _temperature_in_loss(bench)
    measured["loss_change"] = acts_in_loss
    if at_low > SIGMAS * error and at_low > bench.limits.temperature:
        if sampler(bench).passed is False:
            return Finding("temperature", None, measured, threshold, "The engine has other weights, see 'sampler'.")
        return Finding(
            "temperature", False, measured, threshold,
            f"Asked for temperature {COLD:g}, the sampler drew tokens {at_low:.3f} nats less likely than that has it.",
            "The engine does not pass the temperature on; take another one (--engine own).",
        )  # fmt: skip
    if acts_in_loss < bench.limits.temperature:
        return Finding(
            "temperature", False, measured, threshold,
            f"Doubling the student's temperature changes the loss by {acts_in_loss:.2g} nats: it does not reach the loss.",
            "Divide the student's logits by the temperature before the softmax.",
        )  # fmt: skip
    return Finding("temperature", True, measured, threshold)


def sampler(bench: Bench) -> Finding:
    """The sampler's log-probabilities are those of the weights that are trained: no other engine, no older weights."""
    from journeyman.distill.rollout.score import log_probs_of

    exact = not isinstance(bench.sampler, SampledElsewhere) and bench.rounding == bench.limits.identity
    limit = bench.limits.sampler_gap_exact if exact else bench.limits.sampler_gap
    threshold = f"at most {limit:g} nats a token between sampler and scorer"
    at = bench.sampling.temperature or 1.0
    scored = logp_of(bench.hidden, bench.student.head(), bench.batch.tokens, at)
    if bench.rollouts.logp is None:
        excess, error = surprise(bench.hidden, bench.student.head(), bench.batch, at)
        measured: dict[str, float | str] = {"excess": excess, "standard_error": error}
        stale = abs(excess) > SIGMAS * error and abs(excess) > limit
        gap = excess
    else:
        sampled = bench.rollouts.logp[bench.rollouts.mask].to(scored)
        gap = float((sampled - scored).abs().mean())
        measured = {"gap": gap, "sampler": float(sampled.mean()), "scorer": float(scored.mean())}
        stale = not gap <= limit
        if stale and at != 1.0:
            plain = log_probs_of(bench.student, bench.batch, 1.0)
            if float((sampled - plain).abs().mean()) <= limit:
                return Finding("sampler", None, measured, threshold, "The sampler's temperature is not that of the scorer.")
    if not stale:
        return Finding("sampler", True, measured, threshold)
    return Finding(
        "sampler", False, measured, threshold,
        f"The sampler is {gap:.3f} nats a token off the scorer: it has other weights (stale ones, or quantised), or another "
        "implementation.",
        "Hand the engine the weights before every rollout, and serve them in the dtype that is trained.",
    )  # fmt: skip


CHECKS: tuple[Check, ...] = (
    vocabulary, heads, room, templates, end_of_sequence, padding, finite, identity, shift, gradient, temperature, sampler,
)  # fmt: skip

ALONE: tuple[Check, ...] = (heads, room, templates, end_of_sequence, padding, finite, identity, temperature, sampler)
"""Those that say something where there is no teacher: the student stands in for it."""


# --- parts ------------------------------------------------------------------------------------------------------------


def _served_apart(bench: Bench) -> float | None:
    """A served teacher against the same weights here, or against the log-probabilities that it samples with itself."""
    from journeyman.distill.rollout.score import log_probs_of

    assert isinstance(bench.signal, ServedSignal)
    if bench.teacher_model is not None:
        local = log_probs_of(bench.teacher_model, bench.batch, bench.signal.temperature)
        return float((local - bench.signal.logq_token).abs().mean())
    if isinstance(bench.teacher, Served):
        return bench.teacher.self_agreement(bench.ids[0])[0]
    return None


def _loss(hidden: Any, head: Any, signal: HiddenSignal | ServedSignal, bench: Bench, spec: LossSpec) -> Any:
    from journeyman.distill.losses.divergence import divergence
    from journeyman.distill.losses.weights import token_weights

    weights = token_weights(bench.batch.lengths, "token-mean").to(hidden.device)
    # The states alone get a gradient: one left at the head of a student that is about to be trained would be its first step.
    head = replace(head, weight=head.weight.detach(), bias=None if head.bias is None else head.bias.detach())
    if isinstance(signal, HiddenSignal):
        return divergence(hidden, head, signal.hidden, signal.head, bench.batch.tokens, weights, spec)
    from journeyman.distill.losses.served import divergence_served

    return divergence_served(hidden, head, signal, bench.batch.tokens, weights, spec)


def _gradient(bench: Bench, signal: HiddenSignal | ServedSignal) -> Any:
    """Gradient [N, H] of the loss with respect to the student's states; for a served teacher of the sampled-token form."""
    hidden = bench.hidden.detach().clone().requires_grad_()
    spec = bench.spec if isinstance(signal, HiddenSignal) else LossSpec(form="sampled", temperature=bench.spec.temperature)
    _loss(hidden, bench.student.head(), signal, bench, spec).loss.backward()
    return hidden.grad


def _another(signal: HiddenSignal | ServedSignal) -> HiddenSignal | ServedSignal:
    """The same answers given to other tokens: what another teacher would say, at no cost."""
    if isinstance(signal, HiddenSignal):
        return HiddenSignal(signal.hidden.roll(max(1, len(signal.hidden) // 2), 0), signal.head)
    moved = max(1, len(signal.logq_token) // 2)
    roll = [None if values is None else values.roll(moved, 0) for values in (signal.ids, signal.logq)]
    return ServedSignal(signal.logq_token.roll(moved, 0), roll[0], roll[1], signal.temperature)


def _pairs_at(bench: Bench, offset: int) -> tuple[Any, Any]:
    """Places of the flat tokens (i, i + offset) that lie in the same response, the same places i for every offset."""
    import torch

    lengths = bench.batch.lengths.cpu()
    ends = torch.repeat_interleave(lengths, lengths)
    positions = bench.batch.positions.cpu()
    here = ((positions >= 1) & (positions < ends - 1)).nonzero().squeeze(1)
    return here, here + offset


def _likelihood_at(bench: Bench, offset: int) -> tuple[float, float]:
    """Mean log-likelihood under the teacher's state i of token i + offset, and its standard error."""
    assert isinstance(bench.signal, HiddenSignal)
    here, there = _pairs_at(bench, offset)
    if len(here) < 2:
        return float("nan"), 0.0
    tokens = bench.batch.tokens[there.to(bench.batch.tokens.device)]
    values = logp_of(bench.signal.hidden[here.to(tokens.device)], bench.signal.head, tokens).double()
    if float(values.std()) == 0:
        return float("nan"), 0.0
    return float(values.mean()), float(values.std()) / math.sqrt(len(values))


def _correlation_at(bench: Bench, offset: int) -> tuple[float, float]:
    """Correlation of the teacher's answer i with the student's own log-probability of token i + offset, and its error."""
    import torch

    here, there = _pairs_at(bench, offset)
    own = logp_of(bench.hidden, bench.student.head(), bench.batch.tokens).double().cpu()
    answers = teacher_logq(bench.signal, bench.batch.tokens).double().cpu()
    if len(here) < 8 or float(answers[here].std()) == 0 or float(own[there].std()) == 0:
        return float("nan"), 0.0
    value = float(torch.corrcoef(torch.stack([answers[here], own[there]]))[0, 1])
    return value, (1 - value**2) / math.sqrt(len(here) - 1)


def _temperature_in_loss(bench: Bench) -> float:
    """Mean change of the exact divergence of the student from itself when only the one side's temperature is doubled."""
    import torch

    head = bench.student.head()
    spec = LossSpec(form="full", temperature=2.0, teacher_temperature=1.0)
    with torch.no_grad():
        found = _loss(bench.hidden, head, HiddenSignal(bench.hidden, head), bench, spec)
    return float(found.per_token.mean())
