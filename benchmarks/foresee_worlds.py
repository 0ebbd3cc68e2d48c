"""The worlds of `foresee` against Gymnasium's FrozenLake and gym-sokoban: the same maps, the same actions, steps per second.

First it is checked that both sides do the same: each replays the same random actions on the same maps, and after every step
the state and whether the episode is over must agree; else there is no row. Then each side is timed on them in processor
time, a reset at every end included, the best of the rounds. Ours gives its grid as an array at each step, FrozenLake the
number of a tile. gym-sokoban is timed in three ways: with its observation left out, with its smallest one, and with its
picture. A call of the exact clone is restore, one step, digest and the observation as text.

    python benchmarks/foresee_worlds.py [--json] [--rounds 5] [--maps 60] [--steps 500]

gym-sokoban's rows need an environment of their own (gym, on which it rests, is no longer maintained):

    python -m venv .venv-sokoban && .venv-sokoban/bin/pip install gym-sokoban==0.0.6 "setuptools<81"
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import rows

from journeyman.foresee.draws import Draws
from journeyman.foresee.worlds.lake import Lake
from journeyman.foresee.worlds.lake_rules import unpack
from journeyman.foresee.worlds.push import Push

ROOT = Path(__file__).parent.parent
SOKOBAN = ROOT / ".venv-sokoban" / "bin" / "python"
PEER = Path(__file__).parent / "peers" / "foresee_sokoban.py"
Starts = Sequence[Callable[[], Any]]
LETTERS = bytes.maketrans(b"S_OG", b"SFHG")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    for name, value in (("rounds", 5), ("maps", 60), ("steps", 500)):
        parser.add_argument(f"--{name}", type=int, default=value)
    return parser.parse_args()


def played(options: argparse.Namespace) -> list[list[int]]:
    """Random actions for each map."""
    draws = Draws(0)
    return [[draws.below(4, "policy", m, n) for n in range(options.steps)] for m in range(options.maps)]


def rate(worlds: Sequence[Any], starts: Starts, actions: Sequence[Sequence[int]], rounds: int) -> float:
    """Steps per second over all maps, the best round."""
    best = 0.0
    for _ in range(rounds):
        begun = time.process_time()
        for world, start, along in zip(worlds, starts, actions, strict=True):
            step = world.step
            start()
            for action in along:
                if step(action)[2]:
                    start()
        best = max(best, sum(map(len, actions)) / (time.process_time() - begun))
    return best


def starts_of(world: Any, instances: Sequence[Any]) -> list[Callable[[], Any]]:
    """For each instance, what sets the world to its beginning."""
    found = []
    for instance in instances:
        world.reset(options={"instance": instance.id})
        state = world.snapshot()
        found.append(lambda state=state: world.restore(state))
    return found


def lake_rows(options: argparse.Namespace) -> list[rows.Row]:
    """Lake-8 and FrozenLake."""
    from gymnasium.envs.toy_text.frozen_lake import FrozenLakeEnv

    actions = played(options)
    table = []
    for slip in (0.0, 0.1):
        ours = Lake(8, slip)
        instances = ours.instances(options.maps)
        starts = starts_of(ours, instances)
        peers = []
        for start in starts:
            start()
            tiles = unpack(ours.snapshot()).tiles.translate(LETTERS).decode()
            desc = [tiles[at : at + 8] for at in range(0, 64, 8)]
            peers.append(FrozenLakeEnv(desc=desc, is_slippery=slip > 0, success_rate=1 - slip))
        if slip:
            same_chances(peers[0], slip)
        else:
            same_steps(ours, starts, peers, actions)
        mine = rate([ours] * len(starts), starts, actions, options.rounds)
        theirs = rate(peers, [peer.reset for peer in peers], actions, options.rounds)
        what = f"lake-8 step, slip {slip:g}"
        table.append(rows.row(what, "steps/s", mine, theirs, "Gymnasium FrozenLake", ">= FrozenLake's", more_is_better=True))
    return table


def same_steps(ours: Lake, starts: Starts, peers: Sequence[Any], actions: Sequence[Sequence[int]]) -> None:
    """Raises SystemExit at the first step after which the two are not at the same tile, or not both over."""
    for start, peer, along in zip(starts, peers, actions, strict=True):
        start()
        peer.reset()
        for number, action in enumerate(along):
            over = ours.step(action)[2]
            tile, _, done, *_ = peer.step(action)
            if (unpack(ours.snapshot()).at, over) != (tile, done):
                raise SystemExit(f"lake-8 and FrozenLake differ after step {number} of {unpack(ours.snapshot())}")
            if over:
                start()
                peer.reset()
    rows.say(f"lake-8 and FrozenLake agree on {sum(map(len, actions))} steps")


def same_chances(peer: Any, slip: float) -> None:
    """FrozenLake's table of transitions must be ours: 1 - slip for the move, slip / 2 for each perpendicular one."""
    for tile, ways in peer.P.items():
        for action, outcomes in ways.items():
            if len(outcomes) == 3:
                chances = sorted(probability for probability, *_ in outcomes)
                if any(abs(a - b) > 1e-12 for a, b in zip(chances, (slip / 2, slip / 2, 1 - slip), strict=True)):
                    raise SystemExit(f"FrozenLake's chances at tile {tile}, action {action} are {chances}")


def push_rows(options: argparse.Namespace) -> list[rows.Row]:
    """Push-8 and gym-sokoban, or ours alone where that is not installed."""
    ours, pictured = Push(8), Pictured(8)
    instances = ours.instances(options.maps)
    starts, actions = starts_of(ours, instances), played(options)
    mine = rate([ours] * len(starts), starts, actions, options.rounds)
    some = starts_of(pictured, instances[::10])
    picture = rate([pictured] * len(some), some, actions[::10], options.rounds)
    plain, drawn = "push-8 step, grid as an array", "push-8 step, picture"
    if not SOKOBAN.exists():
        return [rows.row(plain, "steps/s", mine), rows.row(drawn, "steps/s", picture)]
    peer = sokoban(ours, starts, actions, options.rounds)
    return [
        rows.row(plain, "steps/s", mine, peer["bare"], "gym-sokoban, nothing observed", more_is_better=True),
        rows.row(plain, "steps/s", mine, peer["tiny"], "gym-sokoban, a pixel a tile", ">= 1 x", more_is_better=True),
        rows.row(drawn, "steps/s", picture, peer["picture"], "gym-sokoban, its picture", ">= 1 x", more_is_better=True),
    ]


class Pictured(Push):
    """With a picture at each step, as gym-sokoban has it."""

    def step(self, action: int) -> Any:
        _, *rest = super().step(action)
        return self._picture(self._state), *rest


def sokoban(ours: Push, starts: Starts, actions: Sequence[Sequence[int]], rounds: int) -> dict[str, Any]:
    """gym-sokoban's rates. Raises SystemExit where a step of it leads elsewhere than ours."""
    first = []
    for start in starts:
        start()
        first.append(ours.observe().symbols)
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.json"
        given.write_text(json.dumps({"rooms": first, "actions": actions, "rounds": rounds}))
        command = [str(SOKOBAN), "-W", "ignore", str(PEER), str(given)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    for start, along, trace in zip(starts, actions, found.pop("traces"), strict=True):
        start()
        for number, (action, (grid, over)) in enumerate(zip(along, trace, strict=True)):
            mine = ours.step(action)[2]
            if (ours.observe().symbols, mine) != (grid, over):
                raise SystemExit(f"push-8 and gym-sokoban differ after step {number}:\n{ours.observe().symbols}\n\n{grid}")
            if mine:
                start()
    rows.say(f"push-8 and gym-sokoban agree on {sum(map(len, actions))} steps")
    return found


def call_rows(options: argparse.Namespace) -> list[rows.Row]:
    """Microseconds of one call of the exact clone: restore, step, digest, observe as text. The best round."""
    table = []
    for world in (Lake(6), Lake(6, 0.1), Push(8)):
        starts = starts_of(world, world.instances(options.maps))
        best = float("inf")
        for _ in range(options.rounds):
            begun = time.process_time()
            for start in starts:
                for action in range(20):
                    start()
                    world.step(action % 4)
                    world.digest()
                    world.observe()
            best = min(best, (time.process_time() - begun) / (20 * len(starts)))
        table.append(rows.row(f"a call of the exact clone, {world.about.name}", "us", 1e6 * best, target="<= 100 us"))
    return table


if __name__ == "__main__":
    given = arguments()
    rows.main(lambda: [*lake_rows(given), *push_rows(given), *call_rows(given)])
