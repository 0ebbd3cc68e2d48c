"""A vLLM server on loopback around a small model: real HTTP, vLLM's completions, and its faults on demand.

    with VllmServer(open_model("student")) as server:
        rollouts = Served(server.url, student).sample(prompts, 4, Sampling(), seed=0)
        server.faults = Faults(shifted=True)                # from now on its prompt scores are off by one

It answers what `journeyman.distill` asks, in vLLM's words: /v1/models, /v1/completions (token ids or text, n, temperature,
top_p, top_k, seed, stop_token_ids, logprobs, prompt_logprobs, return_token_ids), loading and unloading of adapters, and
reloading of weights. What it is not: fast, streaming, or exact in every field of the reply.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from journeyman.distill.model import LanguageModel, open_model
from journeyman.errors import JourneymanError


@dataclass(frozen=True)
class Faults:
    """What goes wrong.

    Attributes:
        shifted: prompt scores are those of the next position, as if logits and labels were not moved against each other.
        dropped: the reply has no prompt_logprobs.
        zeros: every score is 0.
        constant: every score is this, where it is given.
        temperature_ignored: samples are drawn at temperature 1 whatever is asked.
        no_token_ids: the reply has no token_ids, as of an older server.
        errors: so many requests from now on fail with status 500.
        refused: every request fails with this status, where it is not 0.
        delay_s: seconds before each answer.
    """

    shifted: bool = False
    dropped: bool = False
    zeros: bool = False
    constant: float | None = None
    temperature_ignored: bool = False
    no_token_ids: bool = False
    errors: int = 0
    refused: int = 0
    delay_s: float = 0.0


class _Refusal(Exception):
    """An error as vLLM words it."""

    def __init__(self, status: int, message: str, kind: str = "BadRequestError") -> None:
        self.status, self.message, self.kind = status, message, kind
        super().__init__(message)


@dataclass(frozen=True)
class Asked:
    """One request: its path and its decoded body."""

    path: str
    body: Mapping[str, Any] = field(default_factory=dict)


class VllmServer:
    """The server; a context manager. Requests are computed one after another, and recorded in `requests`.

    Args:
        model: what it serves.
        name: under which name; its folder's by default.
        logprobs_mode: "raw" or "processed", as --logprobs-mode.
        max_logprobs: as --max-logprobs.
        updates: adapters may be loaded and weights reloaded (VLLM_ALLOW_RUNTIME_LORA_UPDATING, VLLM_SERVER_DEV_MODE).
        key: the API key it asks for; "" for none.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        name: str = "",
        logprobs_mode: Literal["raw", "processed"] = "raw",
        max_logprobs: int = 20,
        updates: bool = True,
        key: str = "",
    ) -> None:
        self.name = name or Path(model.name).name
        self.logprobs_mode, self.max_logprobs, self.updates, self.key = logprobs_mode, max_logprobs, updates, key
        self.models: dict[str, LanguageModel] = {self.name: model}
        self.faults = Faults()
        self.requests: list[Asked] = []
        self._lock = threading.Lock()
        self._http = _Http(self)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """The address with /v1."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and document for one request; a document that is a string is sent as plain text."""
        with self._lock:
            self.requests.append(Asked(path, body))
            if self.faults.delay_s:
                time.sleep(self.faults.delay_s)
            try:
                if self.faults.errors:
                    self.faults = replace(self.faults, errors=self.faults.errors - 1)
                    raise _Refusal(500, "EngineCore encountered an issue.", "InternalServerError")
                if self.faults.refused:
                    raise _Refusal(self.faults.refused, "told to refuse")
                return 200, self._routed(path, body)
            except _Refusal as refusal:
                error = {"message": refusal.message, "type": refusal.kind, "param": None, "code": refusal.status}
                return refusal.status, {"error": error}

    def _routed(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/v1/models":
            return {"object": "list", "data": [self._card(name, model) for name, model in self.models.items()]}
        if path == "/v1/completions":
            return self._completion(body)
        if self.updates and path == "/v1/load_lora_adapter":
            name, folder = str(body["lora_name"]), str(body["lora_path"])
            if name in self.models:
                raise _Refusal(400, f"The lora adapter '{name}' has already been loaded.", "InvalidUserInput")
            self.models[name] = self._opened(folder)
            return f"Success: LoRA adapter '{name}' added successfully."
        if self.updates and path == "/v1/unload_lora_adapter":
            name = str(body["lora_name"])
            if name not in self.models or name == self.name:
                raise _Refusal(404, f"The lora adapter '{name}' cannot be found.", "NotFoundError")
            del self.models[name]
            return f"Success: LoRA adapter '{name}' removed successfully."
        if self.updates and path == "/collective_rpc" and body.get("method") == "reload_weights":
            self.models[self.name] = self._opened(str(body["kwargs"]["weights_path"]))
            return {"results": [None]}
        if self.updates and path == "/reset_prefix_cache":
            return {}
        raise _Refusal(404, "Not Found", "NotFoundError")

    def _opened(self, folder: str) -> LanguageModel:
        try:
            return open_model(folder)
        except JourneymanError as error:
            raise _Refusal(400, str(error)) from error

    def _card(self, name: str, model: LanguageModel) -> dict[str, Any]:
        parent = None if name == self.name else self.name
        return {"id": name, "object": "model", "max_model_len": model.context, "root": model.name, "parent": parent}

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        model = self.models.get(str(body.get("model") or self.name))
        if model is None:
            raise _Refusal(404, f"The model `{body.get('model')}` does not exist.", "NotFoundError")
        choices: list[dict[str, Any]] = []
        for prompt in _prompts(body.get("prompt"), model):
            choices += self._choices(model, prompt, body, len(choices))
        usage = {"prompt_tokens": 0, "completion_tokens": sum(len(choice["_ids"]) for choice in choices)}
        for choice in choices:
            ids = choice.pop("_ids")
            if body.get("return_token_ids") and not self.faults.no_token_ids:
                choice["token_ids"] = ids
        return {"id": "cmpl-0", "object": "text_completion", "model": body.get("model") or self.name,
                "choices": choices, "usage": usage}  # fmt: skip

    def _choices(
        self, model: LanguageModel, prompt: list[int], body: dict[str, Any], first: int
    ) -> list[dict[str, Any]]:
        """All responses to one prompt."""
        scores = None
        if body.get("prompt_logprobs") is not None:
            scores = self._prompt_scores(model, prompt, int(body["prompt_logprobs"]))
        made = self._responses(model, prompt, body)
        asked = body.get("logprobs")
        if asked is not None and int(asked) > self.max_logprobs:
            raise _Refusal(
                400, f"Requested sample logprobs of {asked}, which is greater than max allowed: {self.max_logprobs}"
            )
        choices: list[dict[str, Any]] = []
        for ids, ended in made:
            choice: dict[str, Any] = {
                "index": first + len(choices), "text": model.tokenizer.decode(ids, skip_special_tokens=True),
                "finish_reason": "stop" if ended else "length", "stop_reason": None, "logprobs": None, "_ids": ids,
            }  # fmt: skip
            if asked is not None:
                choice["logprobs"] = self._sample_scores(model, prompt, ids, body, int(asked))
            if scores is not None and not self.faults.dropped:
                choice["prompt_logprobs"] = scores
            choices.append(choice)
        return choices

    def _responses(self, model: LanguageModel, prompt: list[int], body: dict[str, Any]) -> list[tuple[list[int], bool]]:
        from journeyman.distill.rollout.engines import sampler_for

        n, limit = int(body.get("n") or 1), int(body.get("max_tokens") or 16)
        sampling = _sampling(body, limit)
        if sampling.temperature == 0 and n > 1:
            raise _Refusal(400, f"n must be 1 when using greedy sampling, got {n}.")
        if len(prompt) + limit > model.context:
            raise _Refusal(
                400,
                f"This model's maximum context length is {model.context} tokens. However, you requested "
                f"{len(prompt) + limit} tokens ({len(prompt)} in the prompt, {limit} in the completion).",
            )
        if self.faults.temperature_ignored and sampling.temperature:
            sampling = replace(sampling, temperature=1.0)
        ends = tuple(dict.fromkeys((*model.eos_ids, *(body.get("stop_token_ids") or ()))))
        rollouts = sampler_for(replace(model, eos_ids=ends)).sample([prompt], n, sampling, int(body.get("seed") or 0))
        return [(rollouts.response(row), bool(rollouts.finished[row])) for row in range(n)]

    def _sample_scores(
        self, model: LanguageModel, prompt: list[int], ids: list[int], body: dict[str, Any], top: int
    ) -> dict[str, Any]:
        import torch

        from journeyman.distill.rollout.draw import shortlist

        logits = _logits(model, [*prompt, *ids])[len(prompt) - 1 : -1]
        sampling = _sampling(body, 1)
        logp = torch.log_softmax(logits, dim=-1)
        if self.logprobs_mode == "processed" and sampling.temperature:
            kept, order = shortlist(torch.softmax(logits / sampling.temperature, -1), sampling.top_p, sampling.top_k)
            kept = kept / kept.sum(-1, keepdim=True)
            logp = torch.full_like(logp, -math.inf).scatter(-1, order, kept.log())
        own = [_finite(float(row[token])) for row, token in zip(logp, ids, strict=True)]
        best = [row.topk(min(top, row.shape[-1])) for row in logp]
        named = [{f"token_id:{int(i)}": _finite(float(v)) for v, i in zip(*found, strict=True)} for found in best]
        return {"token_logprobs": own, "tokens": [f"token_id:{i}" for i in ids], "top_logprobs": named, "text_offset": []}

    def _prompt_scores(self, model: LanguageModel, prompt: list[int], top: int) -> list[dict[str, Any] | None]:
        """What vLLM gives for each prompt token: raw log-probabilities of it and of the top, None for the first."""
        import torch

        if top > self.max_logprobs or top == -1:
            asked = model.head().size if top == -1 else top
            raise _Refusal(
                400, f"Requested prompt logprobs of {asked}, which is greater than max allowed: {self.max_logprobs}"
            )
        logp = torch.log_softmax(_logits(model, prompt), dim=-1)
        found: list[dict[str, Any] | None] = [None]
        for at in range(1, len(prompt)):
            row = logp[at if self.faults.shifted else at - 1]
            entry: dict[str, Any] = {}
            own = prompt[at]
            for i in [own, *row.topk(min(top, len(row))).indices.tolist()]:
                value = self.faults.constant if self.faults.constant is not None else _finite(float(row[i]))
                rank = 1 + int((row > row[i]).sum())
                entry[str(i)] = {"logprob": 0.0 if self.faults.zeros else value, "rank": rank, "decoded_token": None}
            found.append(entry)
        return found


def _logits(model: LanguageModel, ids: Sequence[int]) -> Any:
    """[L, V] float32: what the model says after each token of one sequence."""
    import torch

    from journeyman.distill.model import evaluating

    row = torch.tensor([list(ids)], device=model.device)
    with torch.no_grad(), evaluating(model.model):
        return model.head().logits(model.hidden(row, torch.ones_like(row)))[0].float().cpu()


def _sampling(body: Mapping[str, Any], limit: int) -> Any:
    from journeyman.distill.rollout.sampling import Sampling

    temperature, top_p = body.get("temperature"), body.get("top_p")
    return Sampling(
        1.0 if temperature is None else float(temperature),
        1.0 if top_p is None else float(top_p),
        max(0, int(body.get("top_k") or 0)),
        limit,
    )


def _prompts(prompt: Any, model: LanguageModel) -> list[list[int]]:
    if not prompt:
        raise _Refusal(400, "Either prompt or prompt_embeds must be provided and non-empty.")
    if isinstance(prompt, str):
        return [list(model.tokenizer(prompt)["input_ids"])]
    if isinstance(prompt[0], int):
        return [list(prompt)]
    return [row if isinstance(row, list) else list(model.tokenizer(row)["input_ids"]) for row in prompt]


def _finite(value: float) -> float:
    """As vLLM sends it: JSON has no infinity."""
    return max(value, -9999.0)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, served: VllmServer) -> None:
        self.served = served
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no event."""


class _Handler(BaseHTTPRequestHandler):
    server: _Http
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 10  # of an idle connection, so that no thread outlives its use for long

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing on standard error."""

    def do_GET(self) -> None:
        """/v1/models and /health."""
        self._reply({})

    def do_POST(self) -> None:
        """Everything else."""
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._reply(json.loads(raw or b"{}"))

    def _reply(self, body: dict[str, Any]) -> None:
        served = self.server.served
        status: int
        document: Any
        if self.path == "/health":
            status, document = 200, ""
        elif served.key and self.headers.get("Authorization") != f"Bearer {served.key}":
            status, document = 401, {"error": "Unauthorized"}
        else:
            status, document = served.answer(self.path, body)
        plain = isinstance(document, str)
        content = document.encode() if plain else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if plain else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()
