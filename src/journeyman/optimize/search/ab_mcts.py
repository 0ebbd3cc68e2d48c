"""AB-MCTS, variant A: a tree in which every node may always get one more child, so that the search widens or deepens as
the rewards say.

Example: 100 candidates, two models, each asked in proportion to what it brings.

    jm.optimize("operations/job_shop", search="ab_mcts", model=["small", "large"], evaluations=100)

Y. Inoue, K. Misaki et al., "Wider or deeper? Scaling LLM inference-time compute with adaptive branching tree search",
arXiv 2503.04412; the numbers are those of the authors' library (TreeQuest 0.3.3, `ABMCTSA` with its default
`multiarm_bandit_thompson`), and a test holds ours against it.

From the root, the seed, a step goes down by Thompson sampling. At each node one draw stands for a new child (GEN) and one
for going on with a child there is (CONT); the larger wins. CONT then draws once for each child and goes to the largest.
A reward counts, in each node above the new one,

    for GEN          of its parent
    for CONT         of every node further up
    for a child      of every node on the way, and for the new one itself

and for its proposer, whatever the node: who is asked is a third draw, among proposers. Asks that come together are
independent draws, as in the library's `ask_batch`; there is no virtual loss, the draws spread by themselves.

The library keeps lists of rewards and looks nodes up by sorting the tree. Here a reward is added to sums: a tell takes as
many steps as the node is deep, and an ask one draw for each child on the way.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from journeyman.errors import UsageError
from journeyman.optimize.search.posterior import Arms, Prior, prior_of, steps_of
from journeyman.optimize.trial import SEED, Request, Trial
from journeyman.verify import POLICY

GEN, CONT = 0, 1
"""The two arms of `Node.choice`."""


class Node:
    """A trial in the tree. `children` stand in the order of their indices, in whatever order they were told."""

    __slots__ = ("arms", "children", "choice", "parent", "trial")

    def __init__(self, trial: Trial, parent: Node | None) -> None:
        self.trial = trial
        self.parent = parent
        self.children: list[Node] = []
        self.choice: Arms | None = None
        """GEN: what its children brought. CONT: what all further down brought. None before the first child."""
        self.arms: Arms | None = None
        """One for each child: what it and all below it brought."""

    def position(self, index: int) -> int:
        """Where the child with this index stands, or would."""
        return bisect_left(self.children, index, key=lambda child: child.trial.index)

    def adopt(self, node: Node, prior: Prior, steps: int) -> None:
        """A new child, with its reward."""
        if self.choice is None or self.arms is None:
            self.choice, self.arms = Arms(prior, 2), Arms(prior)
        at = self.position(node.trial.index)
        self.children.insert(at, node)
        self.arms.insert(at)
        self.arms.add(at, steps)
        self.choice.add(GEN, steps)

    def went_on(self, index: int, steps: int) -> None:
        """A reward from below the child with this index."""
        assert self.choice is not None
        assert self.arms is not None
        self.arms.add(self.position(index), steps)
        self.choice.add(CONT, steps)


class AbMcts:
    """Asks for a child of the node that the draws lead to; never None.

    A candidate without a score has reward 0 and is a node like any other. A repeated candidate, a failed proposal and a
    verdict that is not the candidate's fault teach nothing.

    Args:
        better: whether the first score is strictly better than the second.
        posterior: "gaussian" or "beta".
        prior: values in place of the prior's defaults, by name: m, kappa, nu, tau_square; or a, b.
        scale: > 0. A score has the reward σ(±(slog(score) - slog(seed's score)) / scale), with slog(x) = sign(x)·ln(1+|x|)
            and + if larger is better; the seed would have 1/2. The default is that of Frontier-Eng's published adapter
            (`reward.scale`): with it a large score e times the seed's has 0.73, one 5 % above it 0.51. Where scores
            differ by per cents, 0.1 tells them apart.
        seed: of the draws.
        proposers: names to choose from; of fewer than two none is chosen.
    """

    def __init__(
        self,
        better: Callable[[float, float], bool],
        *,
        posterior: str = "gaussian",
        prior: Mapping[str, float] | None = None,
        scale: float = 1.0,
        seed: int = 0,
        proposers: Sequence[str] = (),
    ) -> None:
        if not scale > 0:
            raise UsageError(f"the scale of rewards must be above 0, not {scale}")
        self.prior = prior_of(posterior, prior)
        self.root: Node | None = None
        self.proposers = Arms(self.prior, len(proposers))
        """One for each proposer: what it brought, over the whole tree."""
        self._names = tuple(proposers)
        self._sign = 1.0 if better(1.0, 0.0) else -1.0
        self._scale = scale
        self._seed = seed
        self._under_way: dict[int, tuple[Node, int | None]] = {}

    def ask(self, index: int) -> Request | None:
        """A child of the node that the draws lead to."""
        if self.root is None:
            return None
        # A generator for each ask: nothing depends on how much others drew. numpy takes no negative seeds.
        rng = np.random.default_rng((self._seed & (2**64 - 1), index))
        node, depth = self.root, 1
        while node.choice is not None and node.arms is not None and node.choice.choose(rng) == CONT:
            node = node.children[node.arms.choose(rng)]
            depth += 1
        hint = {"step": depth, "roles": ["parent"]}
        chosen = None
        if len(self._names) > 1:
            chosen = self.proposers.choose(rng)
            hint["proposer"] = self._names[chosen]
        self._under_way[index] = node, chosen
        return Request(index, (node.trial,), hint)

    def tell(self, trial: Trial) -> None:
        """Add the node, and its reward to all above it."""
        if trial.index == SEED:
            self.root = self.root or Node(trial, None)
            return
        asked = self._under_way.pop(trial.index, None)
        if asked is None or trial.same_as is not None or not POLICY[trial.status].charged:
            return
        node, chosen = asked
        steps = steps_of(self.reward(trial.score))
        node.adopt(Node(trial, node), self.prior, steps)
        while node.parent is not None:
            node.parent.went_on(node.trial.index, steps)
            node = node.parent
        if chosen is not None:
            self.proposers.add(chosen, steps)

    def failed(self, index: int) -> None:
        """Nothing is learned."""
        self._under_way.pop(index, None)

    def reward(self, score: float | None) -> float:
        """A score's reward in [0, 1]; 0 without a score."""
        if score is None or self.root is None:
            return 0.0
        centre = _slog(self.root.trial.score or 0.0)
        return _sigmoid(self._sign * (_slog(score) - centre) / self._scale)


def _slog(x: float) -> float:
    return math.copysign(math.log1p(abs(x)), x)


def _sigmoid(z: float) -> float:
    # exp of a large number overflows, of a very negative one it does not.
    return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else 1.0 - 1.0 / (1.0 + math.exp(z))
