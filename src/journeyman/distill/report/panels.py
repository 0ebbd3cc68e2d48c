"""Which metrics stand together in one small figure, under which heading, and how each is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Bounds = tuple[float | None, float | None]
SHARE: Bounds = (0.0, 1.0)
POSITIVE: Bounds = (0.0, None)
ANY: Bounds = (None, None)


@dataclass(frozen=True)
class Panel:
    """One figure. `lines`: (metric, what its line is called); `bounds`: what its values cannot pass.

    `read`: one sentence on how it looks where training works and where it fails.
    """

    title: str
    unit: str
    lines: Sequence[tuple[str, str]]
    bounds: Bounds = ANY
    read: str = ""
    changing: bool = False
    """Whether it is worth a figure only where it changes."""


@dataclass(frozen=True)
class Group:
    """Figures under one heading."""

    title: str
    anchor: str
    panels: Sequence[Panel]


GROUPS = (
    Group("Objective", "objective", (
        Panel("loss", "", (("loss", "loss"),), ANY,
              "large at first and falling; small and flat where there is nothing to learn"),
        Panel("divergence", "nats", (("divergence/full", "exact"), ("divergence/sampled", "of the sampled token")), ANY,
              "mean reverse KL per token: falls where the student takes the teacher over"),
        Panel("gradient norm", "", (("gradient/norm", "before clipping"),), POSITIVE,
              "large and sustained where something is learnt; spikes come before a collapse"),
        Panel("learning rate", "", (("lr", "learning rate"),), POSITIVE, "", changing=True),
        Panel("updates left out", "", (("update/skipped", "left out"),), SHARE,
              "1 where the gradient's norm was not finite, so that nothing was changed", changing=True),
        Panel("sampler against scorer", "nats", (("sampler/gap", "mean |difference|"),), POSITIVE,
              "log-probabilities of the same tokens; a gap means stale weights or another precision"),
        Panel("mass on the training set", "", (("mass/on_set", "student"),), SHARE,
              "falling while the loss falls: probability leaks out of the token set"),
        Panel("sequence reward", "nats", (("sequence/reward", "mean over rollouts"),), ANY,
              "mean log-ratio of teacher to student along a rollout; 0 where both agree"),
        Panel("AUROC of the sequence reward", "", (("sequence/auroc", "right against wrong"),), SHARE,
              "how well the teacher ranks right above wrong rollouts; 0.5 is chance, and failing runs rank well, too"),
    )),
    Group("Overlap of the likeliest tokens", "overlap", (
        Panel("overlap ratio", "", (("overlap/ratio", "plain"), ("overlap/chance_corrected", "corrected for chance"),
                                    ("overlap/mass_weighted", "weighted by mass")), (None, 1.0),
              "rises where training works; flat or falling where it does not"),
        Panel("mass on shared tokens", "", (("overlap/mass_student", "student"), ("overlap/mass_teacher", "teacher")),
              SHARE, "97 to 99 % in good and bad pairs alike; a plunge is a warning"),
        Panel("advantage on shared tokens", "nats",
              (("overlap/advantage", "Eq 7"), ("overlap/advantage_logged", "as logged")), (None, None),
              "begins below 0 and rises to 0 where training works"),
        Panel("mass, where any token is shared", "", (
            ("overlap/mass_student_nonempty", "student"), ("overlap/mass_teacher_nonempty", "teacher")), SHARE, ""),
        Panel("difference at the extreme token", "", (("extreme/difference", "student's top tokens"),
                                                      ("extreme/difference_shared", "shared tokens")), ANY,
              "probability of student minus teacher where they differ most"),
    )),
    Group("Entropies", "entropies", (
        Panel("entropy", "nats", (("entropy/student", "student"), ("entropy/teacher", "teacher")), POSITIVE,
              "of the next token, at the student's states; a rise without end is a collapse"),
        Panel("student's entropy by place", "nats", (
            ("entropy/student/early", "first third"), ("entropy/student/late", "last third")), POSITIVE,
            "where the last third rises away from the first, responses are too long"),
        Panel("entropy gap", "nats", (("entropy/gap", "mean of |.|"), ("entropy/gap_of_means", "of the means")), POSITIVE,
              "closes where training works"),
    )),
    Group("The teacher on the student's tokens", "teacher", (
        Panel("rank of the sampled token", "", (("teacher/rank_mean", "mean"), ("teacher/rank_median", "median")), POSITIVE,
              "1 is the teacher's own first choice"),
        Panel("sampled token among the teacher's top", "", (("teacher/in_top_k", "share of tokens"),), SHARE, ""),
        Panel("tokens in repeated passages", "", (("repetition/share", "share of tokens"),), SHARE,
              "a student that repeats itself is stuck"),
        Panel("divergence by repetition", "nats", (("repetition/divergence", "repeated"),
                                                   ("repetition/divergence_other", "other")), ANY, ""),
        Panel("log-ratio by repetition", "nats",
              (("repetition/log_ratio", "repeated"), ("repetition/log_ratio_other", "other")), ANY,
              "teacher minus student on the sampled token"),
    )),
    Group("Lengths", "lengths", (
        Panel("response length", "tokens", (("response/length", "mean"),), POSITIVE, ""),
        Panel("truncated", "", (("response/truncated", "share of rollouts"),), SHARE,
              "rollouts that hit the limit: their ends are where instability begins"),
    )),
    Group("Scores", "scores", (
        Panel("right answers in the rollouts", "", (("score/rollouts", "training prompts"),), SHARE, ""),
        Panel("gap recovery", "", (("gap_recovery", "share of the gap"),), (None, None),
              "0: as before, 1: as good as the teacher"),
    )),
)  # fmt: skip

HEAT = (
    ("entropy/student", "student's entropy", "nats"),
    ("entropy/teacher", "teacher's entropy", "nats"),
    ("divergence/full", "divergence", "nats"),
    ("overlap/ratio", "overlap ratio", ""),
)
"""Maps of position and step: metric, title, unit."""

TOKENS = (
    ("divergence", "divergence", "nats", False),
    ("entropy/student", "student's entropy", "nats", False),
    ("entropy/teacher", "teacher's entropy", "nats", False),
    ("overlap/ratio", "overlap ratio", "", True),
)
"""Views of a sample's tokens: value, title, unit, and whether low values are the ones that stand out."""

UNSEEN = frozenset({"observed/tokens"})
"""Metrics that are no figure of the training."""

KEY = (
    "loss", "divergence/full", "divergence/sampled", "overlap/ratio", "overlap/mass_student", "overlap/advantage",
    "entropy/gap", "entropy/student", "entropy/teacher", "gradient/norm", "response/length", "response/truncated",
    "score/rollouts", "gap_recovery",
)  # fmt: skip
"""The metrics of a short table."""


def groups_of(metrics: Iterable[str]) -> list[Group]:
    """The groups that have something to show, and one more for metrics that no panel knows."""
    there = list(dict.fromkeys(metrics))
    found = []
    for group in GROUPS:
        panels = [kept for panel in group.panels if (kept := _kept(panel, there)).lines]
        if panels:
            found.append(Group(group.title, group.anchor, panels))
    known = {metric for group in GROUPS for panel in group.panels for metric, _ in panel.lines}
    others = [Panel(name, "", ((name, name),)) for name in there if name not in known | UNSEEN]
    return [*found, Group("Other metrics", "others", others)] if others else found


def _kept(panel: Panel, there: Sequence[str]) -> Panel:
    lines = [(metric, name) for metric, name in panel.lines if metric in there]
    return Panel(panel.title, panel.unit, lines, panel.bounds, panel.read, panel.changing)
