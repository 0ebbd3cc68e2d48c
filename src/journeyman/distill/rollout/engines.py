"""Which engine samples: by name, or the fastest one that can."""

from __future__ import annotations

from journeyman.distill.model import LanguageModel
from journeyman.distill.rollout.sampling import Sampler
from journeyman.errors import UsageError


def sampler_for(model: LanguageModel, engine: str = "auto", *, dtype: str | None = None) -> Sampler:
    """A sampler for `model`.

    Args:
        engine: "own", the decoder of this package; "generate", transformers'; "http://host:port/v1" with "#name" behind it
            for one model of several, a vLLM server; "auto", own where it knows the architecture, else generate.
        dtype: of the own decoder's matrix products, such as "bfloat16"; None: the weights' own, or an autocast's.

    Raises:
        UsageError: no such engine, or "own" for a model that it does not know.
    """
    from journeyman.distill.rollout.decoder import cannot_decode
    from journeyman.distill.rollout.generate import Generate
    from journeyman.distill.rollout.sampler import Own

    if engine == "auto":
        engine = "generate" if cannot_decode(model) else "own"
    if engine == "own":
        return Own(model, dtype=dtype)
    if engine == "generate":
        return Generate(model)
    if engine.startswith(("http://", "https://")):
        from journeyman.distill.rollout.served import Served

        return Served(engine, model)
    raise UsageError(f"engine '{engine}' is unknown; use auto, own, generate or the address of a server (http://...)")
