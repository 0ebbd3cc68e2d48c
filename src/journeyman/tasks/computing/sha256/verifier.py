"""Score a SHA-256: first right, then how many times the speed of OpenSSL.

Right means right: 48 lengths around every boundary of the padding, and every digest that is timed, are recomputed with
hashlib. Fast is the median over interleaved blocks of OpenSSL's time over the candidate's.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from journeyman.errors import WrongAnswer
from journeyman.tasks.computing.sha256.chain import NONCE, check, request
from journeyman.verify import Instance, Metric, Outcome, feasible, infeasible

if TYPE_CHECKING:
    from journeyman.sandbox.build import Block, Build

# 0 and 1, both sides of each edge where the padding needs one more block, one to four blocks, and some long ones.
EDGES = (0, 1, 3, 31, 32, 33, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 183, 184, 191, 192, 255, 256, 1000, 4097)
PAIRS, ROUNDS, WARM = 7, 5, 1


def score(instance: Instance, build: Build) -> Outcome:
    """The ratio at this instance's length, or why the candidate is no SHA-256."""
    length, count = int(instance.public["length"]), int(instance.hidden["chain"])
    try:
        build.try_out(single_answers(length))
        ratio = build.compare((block(length, count) for _ in range(WARM + PAIRS * ROUNDS)), rounds=ROUNDS, warm=WARM)
    except WrongAnswer as error:
        return infeasible(f"wrong digest: {error}")
    seconds = sorted(ratio.candidate_s)[ratio.pairs // 2]
    speed = length * count / seconds / 1e6
    return feasible(
        ratio.median,
        metrics={
            "ratio_low": Metric(ratio.low, "times OpenSSL"),
            "ratio_high": Metric(ratio.high, "times OpenSSL"),
            "speed": Metric(speed, "MB/s"),
            "per_call": Metric(seconds / count * 1e9, "ns"),
        },
        feedback=(
            f"{length} bytes: {ratio.median:.3f} times OpenSSL ({ratio.low:.3f} to {ratio.high:.3f} with "
            f"{ratio.confidence:.0%} confidence), {speed:.0f} MB/s on {build.cpu.name}"
        ),
    )


def single_answers(length: int) -> list[Block]:
    """Fresh random messages at all edges, at nine lengths drawn now, and short chains at the length to be timed."""
    drawn = [secrets.randbelow(2048) for _ in range(9)]
    return [block(n, 1) for n in (*EDGES, *drawn)] + [block(length, n) for n in (1, 2, 3)]


def fresh(length: int) -> bytes:
    """Bytes that nobody has seen: from the system, or, for long messages, from a generator it seeds."""
    if length <= 4096:
        return secrets.token_bytes(length)
    import numpy as np

    return np.random.Generator(np.random.SFC64(secrets.randbits(128))).bytes(length)


def block(length: int, count: int) -> Block:
    """A fresh random message and nonce, and the judge of what a chain of `count` digests over them must give."""
    from journeyman.sandbox.build import Block

    message, nonce = fresh(length), secrets.token_bytes(NONCE)
    return Block(message, request(nonce, count), check(message, nonce, count))


def draw(instance: Instance, build: Build) -> dict[str, bytes]:
    """Throughput of the candidate and of OpenSSL at lengths from 16 bytes to 1 MB, as a PNG."""
    import io

    from matplotlib.figure import Figure

    lengths = [16, 64, 256, 1024, 4096, 16384, 65536, 1 << 20]
    candidate: list[float] = []
    reference: list[float] = []
    for length in lengths:
        count = max(2, min(4000, (1 << 20) // max(length, 256)))
        ratio = build.compare([block(length, count) for _ in range(6)], warm=1)
        for speeds, seconds in ((candidate, ratio.candidate_s), (reference, ratio.reference_s)):
            speeds.append(length * count / sorted(seconds)[len(seconds) // 2] / 1e6)
    figure = Figure(figsize=(6.4, 3.6), layout="constrained")
    axes = figure.subplots()
    places = range(len(lengths))
    axes.bar([p - 0.2 for p in places], candidate, 0.4, label="candidate")
    axes.bar([p + 0.2 for p in places], reference, 0.4, label="OpenSSL")
    axes.set_xticks(list(places), [f"{n} B" if n < 1024 else f"{n >> 10} KiB" for n in lengths])
    axes.set_xlabel("message length")
    axes.set_ylabel("MB/s")
    axes.set_title(f"SHA-256 on {build.cpu.vendor} family {build.cpu.family} model {build.cpu.model}", fontsize=9)
    axes.legend(frameon=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    return {"throughput.png": picture.getvalue()}
