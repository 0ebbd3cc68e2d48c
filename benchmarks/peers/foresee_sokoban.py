"""gym-sokoban on the rooms and actions of benchmarks/foresee_worlds.py; one JSON line. Run by it, in .venv-sokoban.

Its environment draws its own rooms, so the given ones are put in its place. Three ways: `bare` leaves its observation out,
`tiny` has its smallest one (a pixel a tile), `picture` its default.
"""

import json
import sys
import time
import warnings

warnings.simplefilter("ignore")
import numpy as np  # noqa: E402
from gym_sokoban.envs.sokoban_env import SokobanEnv  # noqa: E402

FIXED = {"#": 0, "_": 1, ".": 2, "$": 1, "*": 2, "@": 1, "+": 2}
STATE = {"#": 0, "_": 1, ".": 2, "*": 3, "$": 4, "@": 5, "+": 5}
SYMBOLS = "#_.*$@"


class Bare(SokobanEnv):
    def render(self, mode="human", close=None, scale=1):
        return None


def put(env, grid):
    """The environment at the beginning of a room."""
    env.room_fixed, env.room_state = grid[0].copy(), grid[1].copy()
    env.player_position = np.argwhere(env.room_state == 5)[0]
    env.num_env_steps = env.reward_last = 0
    env.boxes_on_target = int((env.room_state == 3).sum())


def read(rows):
    return [np.array([[codes[c] for c in row] for row in rows.split("\n")]) for codes in (FIXED, STATE)]


def shown(env):
    player_on_target = (env.room_state == 5) & (env.room_fixed == 2)
    rows = [[SYMBOLS[s] if not p else "+" for s, p in zip(*both)] for both in zip(env.room_state, player_on_target)]
    return "\n".join(map("".join, rows))


def main():
    given = json.load(open(sys.argv[1]))
    rooms = [read(rows) for rows in given["rooms"]]
    boxes = [int(((r[1] == 3) | (r[1] == 4)).sum()) for r in rooms]
    size = rooms[0][0].shape

    def envs(kind):
        return [kind(dim_room=size, num_boxes=n, max_steps=10**9, reset=False) for n in boxes]

    traces = []
    for env, room, actions in zip(envs(Bare), rooms, given["actions"]):
        put(env, room)
        trace = []
        for action in actions:
            done = env.step(action + 1)[2]
            trace.append([shown(env), bool(done)])
            if done:
                put(env, room)
        traces.append(trace)

    def rate(kind, mode, share):
        best = 0.0
        for _ in range(given["rounds"]):
            made, steps = envs(kind), 0
            begun = time.process_time()
            for env, room, actions in list(zip(made, rooms, given["actions"]))[:: share]:
                put(env, room)
                for action in actions:
                    if env.step(action + 1, observation_mode=mode)[2]:
                        put(env, room)
                steps += len(actions)
            best = max(best, steps / (time.process_time() - begun))
        return best

    print(json.dumps({
        "traces": traces,
        "bare": rate(Bare, "tiny_rgb_array", 1),
        "tiny": rate(SokobanEnv, "tiny_rgb_array", 1),
        "picture": rate(SokobanEnv, "rgb_array", 10),
    }))


main()
