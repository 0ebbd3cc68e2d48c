"""A world of one's own: fill a tank to its mark without spilling, with valves of which nobody knows how much they let in.

It is a Gymnasium environment that can be saved. What each valve does is drawn for each instance and is not to be seen, so
an agent can find out by trying, at the risk of spilling, or by asking a world model first.
"""

import json
import random

import gymnasium
from gymnasium import spaces

from journeyman.foresee.worlds.world import About, Instance, Observation

CAPACITY = 24
ACTIONS = ("Open red", "Open green", "Open blue", "Drain")


class Tank(gymnasium.Env):
    """Observations are the level, 0 .. CAPACITY + 1 (spilled); reward is 1 at the mark."""

    about = About(
        name="tank",
        role="You fill a tank.",
        rules=(
            f"The tank holds {CAPACITY} liters. Each of three valves lets in a fixed amount, which you do not know; the "
            "drain lets out 4. Reach the mark exactly: that is success. Spilling ends the attempt without success."
        ),
        legend={"=": "a liter of water", ".": "a liter of air", "|": "the mark, after the liter before it"},
        actions=ACTIONS,
        formats=("symbols",),
    )
    action_space = spaces.Discrete(len(ACTIONS))
    observation_space = spaces.Discrete(CAPACITY + 2)

    def instances(self, n=None, split="test"):
        """Problems are drawn from their ids, so the same id is the same problem everywhere."""
        return [Instance(f"tank/{split}/{number}", cap=12) for number in range(50 if n is None else n)]

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        name = (options or {}).get("instance") or f"tank/train/{self.np_random.integers(50)}"
        draw = random.Random(name)
        self.valves, self.level = draw.sample(range(2, 12), 3), 0
        # A mark that some valves reach: what two to four of them let in, one after the other.
        reachable = [sum(draw.choices(self.valves, k=draw.randint(2, 4))) for _ in range(100)]
        self.mark = next(level for level in [*reachable, self.valves[0]] if level <= CAPACITY)
        return self.level, {}

    def step(self, action):
        if not self.digest()["terminal"]:
            self.level = max(0, self.level - 4) if action == 3 else min(CAPACITY + 1, self.level + self.valves[action])
        now = self.digest()
        return self.level, float(now["success"]), now["terminal"], False, {}

    def snapshot(self):
        return json.dumps([self.level, self.mark, self.valves]).encode()

    def restore(self, snapshot):
        self.level, self.mark, self.valves = json.loads(snapshot)

    def digest(self):
        success = self.level == self.mark
        return {"level": self.level, "terminal": success or self.level > CAPACITY, "success": success}

    def observe(self, format="symbols"):
        now = self.digest()
        end = "success" if now["success"] else "no success"
        text = f"The level is {self.level}, the mark is at {self.mark}."
        text += f" The episode is over: {end}." if now["terminal"] else ""
        bar = "".join("=" if liter < self.level else "." for liter in range(CAPACITY))
        return Observation(text, f"{bar[: self.mark]}|{bar[self.mark :]}" if format == "symbols" else "")
