"""The settings of one model, as a table of models.toml states them."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from journeyman.models.price import Price


class ModelSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of one model; `docs/models.md` has the table.

    Attributes:
        endpoint: the address before /chat/completions.
        model: its name there; or "hf/PATH" or "scripted/NAME", which need no endpoint.
        key: name of the environment variable that holds the key; "" for an endpoint that needs none.
        temperature, top_p: of sampling. None: the endpoint's own.
        max_tokens: at most so many tokens of reply, reasoning included. None: 16,384.
        limit_field: what the endpoint calls that. None: as fits the endpoint.
        sampling: whether temperature and top_p are sent at all. None: to all but OpenAI's reasoning models.
        seeded: whether a prompt's seed is sent.
        reasoning: effort, sent as `reasoning_effort`; "" sends none.
        logprobs: ask for the log-probability of each token.
        sees: takes images.
        tools: can call functions.
        image_tokens: what one image counts for at most.
        timeout_s: of one attempt. patience_s: of all attempts and the waits between them. attempts: at most so many.
        backoff_s: the first wait is at most this, each further one at most twice the last, and 60 s.
        concurrency: at most so many calls at once; fewer if the endpoint turns calls away.
        price: None: unknown.
        body: further fields of the request, as the endpoint wants them.
        headers: further headers; $NAME stands for the environment variable NAME.
    """

    endpoint: str = ""
    model: str = ""
    key: str = ""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    limit_field: Literal["max_tokens", "max_completion_tokens"] | None = None
    sampling: bool | None = None
    seeded: bool = False
    reasoning: str = ""
    logprobs: bool = False
    sees: bool = False
    tools: bool = False
    image_tokens: int = 4096
    timeout_s: float = 600.0
    patience_s: float = 900.0
    attempts: int = 8
    backoff_s: float = 1.0
    concurrency: int = 16
    price: Price | None = None
    body: dict[str, Any] = {}
    headers: dict[str, str] = {}
