"""Every number that a check or a verdict is held against, in one place, each with where it comes from.

The numbers for verdicts were fixed on one published pair (R1-Distill-1.5B from JustRL and from R1-Distill-7B, section 4.1
of arXiv 2604.13016), on the response-length sweep of that pair (section 6.1), on the arm of a replication that collapsed
within 20 steps, on the lab's shipped student and twin in both directions, and on four arms of a first trial in the lab (a
student from its improved twin, from a bigger model of the same corpus, and both in reverse). Everything else, the other
published arms and the lab's other pairs, seeds, sizes and formats, was looked at after that and changed nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Thresholds:
    """Limits of verdicts and of wiring checks. Entropies and divergences in nats per token, shares in 0..1."""

    # --- the pair, before training ----------------------------------------------------------------------------------

    # A teacher must be 10 points ahead of its student: below that gap recovery means nothing, because its denominator is
    # noise. In section 3.3 a teacher that is as good as its student (.55 to .54) takes the student down to .33.
    min_gap: float = 0.10

    # A score gap counts beyond two standard errors: about one chance in forty to be wrong in that direction.
    errors: float = 2.0

    # Divergence over the student's entropy: which part of its uncertainty the teacher would change. The lab's shipped pair:
    # .115 for the twin that teaches its student, .044 the other way round, which undoes; the first trial: .009 nats, about
    # .02, for the bigger model that taught nothing. The published pair that worked: about .33. The limit is the geometric
    # mean of .115 and .044.
    quiet: float = 0.07

    # Where the divergence of two students that differ by their seed is known, news must be twice as loud as that.
    quiet_floor: float = 2.0

    # Divergence above the student's own entropy: the teacher finds the typical token of the student surprising by more than
    # the student's whole uncertainty. The published pair that worked stands at .33, the lab's at .12: three times and more.
    loud: float = 1.0

    # Probability on shared tokens: .97 to .99 at every step of both published arms of section 4.1. A teacher that puts 15 %
    # of its mass elsewhere has five times as much there as the worst of them.
    shared_mass: float = 0.85

    # A template is better if its overlap is this much higher: section 5.2 has .74 against .82, so half of that difference;
    # equal arms of the replication differ by .015 at the start.
    template_overlap: float = 0.04

    # Student entropy at which a replication collapsed within 20 steps was 1.14; an arm that ended at 1.05 had lived through
    # 200.
    entropy: float = 1.10

    # Useful depth: where the teacher's continuation still gains half of what it gains at the shallowest prefix. On the
    # published probe (.366 at 1K, .271 at 4K, .152 at 8K, .024 at 16K) that is 7.1K; caps of 3K and 7K were best, 10K and
    # 15K collapsed.
    depth_gain: float = 0.5

    # How far beyond the useful depth training may reach: between 7,168 (fine) and 10,240 (collapsed) over 7.1K.
    depth_slack: float = 1.25

    # Where fewer responses than this hit the limit, responses end by themselves; that less is left to save near their end is
    # then no fault. On the published pair .6 hit it.
    depth_truncated: float = 0.05

    # Shallow gains below this leave no depth to find: the teacher rescues nothing anywhere.
    depth_least: float = 0.05

    # --- the course of a run ----------------------------------------------------------------------------------------

    # Steps before a course says anything: the published pair that worked had moved by .06 of overlap at 60.
    course_steps: int = 20

    # Entropy twice its start and rising. Below .2 nats relative changes are an effect of the floor; shares of the entropy
    # (`quiet`, `loud`) take it for .2 then, too, which a student that repeats itself without end showed to be needed.
    entropy_growth: float = 2.0
    entropy_least: float = 0.2

    # Overlap lost since the start: the published mismatch fell from .72 to .49; both good and flat arms never lost .03.
    overlap_fall: float = 0.10

    # ... while the entropy gap grows by half.
    entropy_gap_growth: float = 1.5

    # Student's mass on the tokens it is trained on, lost since the start while the loss falls. In both published arms it
    # stays within .02; where the set is the student's own top-k of a healthy run, it rises.
    mass_fall: float = 0.05

    # The exact divergence may not grow by a fifth while the loss, which stands for it, falls.
    divergence_growth: float = 1.2

    # Sampler against scorer, mean |difference| of log-probabilities: rounding in bf16 gives .01 to .02.
    sampler_gap: float = 0.05

    # A flat second half: less overlap gained than the failing published arm lost and won in its last 180 steps (.03), and
    # more than seven tenths of the divergence still there. The one that worked gained .14 of overlap.
    flat_overlap: float = 0.03
    flat_divergence: float = 0.7

    # ... but not where less than three tenths of the first divergence are left: that is a run which is done.
    learned_divergence: float = 0.3

    # ... nor where evaluations say that a fifth of the gap to the teacher's score, or more, is closed: "partly" of the
    # published outcomes. Curves of few rollouts a step can look flat while the score climbs.
    recovered: float = 0.2

    # Responses at the limit: a fifth more than at the start, and half of all.
    truncated_rise: float = 0.2
    truncated: float = 0.5

    # The same where sampler and scorer compute in float32 in this process: they differ by rounding, below .00001.
    sampler_gap_exact: float = 0.005

    # --- wiring -----------------------------------------------------------------------------------------------------

    # A model against itself, per token, in nats: float32 rounding through a few dozen layers; bfloat16 has 8 bits.
    identity: float = 1e-3
    identity_half: float = 0.05

    # Changed padding may move a log-probability by rounding only.
    padding: float = 1e-3

    # A sampler that ends no response although the scorer would have ended this many of them.
    ends_expected: float = 3.0

    # A served teacher's scores of its own greedy tokens against the log-probabilities it drew them with: beyond a nat they
    # are scores of other tokens; below, of other weights or in another precision.
    served_shift: float = 1.0

    # Log-probability difference that a doubled temperature must at least make, in nats per token.
    temperature: float = 0.01

    # Relative change of the gradient when the teacher's answers are replaced by another's.
    gradient_change: float = 0.01

    # Share of teacher answers that may be exactly zero: log q = 0 is certainty, which softmax gives to no sampled token of a
    # text with any uncertainty.
    zeros: float = 0.5


THRESHOLDS = Thresholds()
