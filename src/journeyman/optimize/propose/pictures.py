"""Pictures of a verdict that go with a prompt, for models that see."""

from __future__ import annotations

from collections.abc import Mapping

from journeyman.models import Image, image_of

MOST = 4
MOST_BYTES = 4 * 2**20


def choose(pictures: Mapping[str, bytes]) -> dict[str, Image]:
    """At most `MOST` pictures of `MOST_BYTES` in all, by name; what does not fit is dropped from the largest down."""
    kept = dict(pictures)
    while kept and (len(kept) > MOST or sum(map(len, kept.values())) > MOST_BYTES):
        # Of two as large, the later by name, so that the choice follows from the pictures alone.
        del kept[max(kept, key=lambda name: (len(kept[name]), name))]
    return {name: image_of(data) for name, data in sorted(kept.items())}
