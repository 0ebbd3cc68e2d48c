"""The forward pass of Llama, Qwen2 and Qwen3 with a preallocated cache, on the weights of a transformers model.

It computes what transformers' forward computes and leaves out what sampling does not need: one token a row, no hooks, no
mask where all prompts are equally long, queries of one group share their keys without copies of them. Weights are looked
up anew for each call; where layers are narrow, and Python's share of the time is large, q, k, v and gate, up are joined
into one matrix each for the length of the call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn import functional as F  # noqa: N812  (its usual name)

from journeyman.distill.losses.heads import Head
from journeyman.distill.model import LanguageModel

ARCHITECTURES = ("LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM")
JOINED_BYTES = 128 * 2**20
"""Projections are joined where the copies take no more than this."""

Linear = Callable[[torch.Tensor], torch.Tensor]


def cannot_decode(model: LanguageModel) -> str:
    """Why this decoder is not for `model`, in half a sentence; "" where it is."""
    base = model.base
    config = base.config
    name = type(base).__name__
    if name not in ARCHITECTURES:
        return f"{name} is none of {', '.join(ARCHITECTURES)}"
    if any(kind != "full_attention" for kind in getattr(config, "layer_types", None) or ()):
        return "it has sliding-window layers"
    rope = (getattr(config, "rope_parameters", None) or {}).get("rope_type", "default")
    if rope in ("dynamic", "longrope"):
        return f"its rotary frequencies ('{rope}') change with the length, so that cached keys would be out of date"
    if float((config.rope_parameters or {}).get("partial_rotary_factor") or 1.0) != 1.0:
        return "it rotates a part of each head only"
    if any(type(p.data).__name__ == "DTensor" or type(p).__name__ == "DTensor" for p in base.parameters()):
        return "its weights are split over processes"
    return ""


@dataclass(frozen=True)
class Layer:
    """One block: `attention_in` gives q, k and v side by side, `mlp_in` gate and up."""

    attention_norm: torch.Tensor
    attention_in: Linear
    head_norm: torch.Tensor | None
    attention_out: Linear
    mlp_norm: torch.Tensor
    mlp_in: Linear
    activation: Linear
    mlp_out: Linear


@dataclass(frozen=True)
class Decoder:
    """The weights of a call, ready to use. Made by `read`."""

    layers: Sequence[Layer]
    embedding: torch.Tensor
    norm: torch.Tensor
    eps: float
    head: Head
    queries: int
    keys: int
    width: int
    dtype: torch.dtype
    rotary: Any

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.embedding.device

    @property
    def cache_bytes(self) -> int:
        """Bytes of cache that one token of one row takes."""
        return len(self.layers) * 2 * self.keys * self.width * int(self.dtype.itemsize)

    def rotations(self, length: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and signed sines [length, 1, width] of positions 0 .. length - 1, by the model's own rotary module."""
        cos, sin = self.rotary(self.embedding[:1], torch.arange(length, device=self.device)[None])
        half = self.width // 2
        signed = torch.cat((-sin[..., :half], sin[..., half:]), dim=-1)
        return cos[0, :, None].contiguous(), signed[0, :, None].contiguous()

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits [B, V] of last hidden states [B, H], padded rows cut off."""
        return self.head.logits(hidden.to(self.head.weight.dtype))

    def prefill(self, ids: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """All states [P, L, H] of `ids` [P, L], padded on the right, and of each layer [2, P, keys, L, width].

        No mask is needed: causal attention never looks at the padding, which comes last.
        """
        rows, length = ids.shape
        x = self.embedding[ids]
        kept = []
        for layer in self.layers:
            q, k, v = self._heads(layer, x, cos[:length], sin[:length])
            kv = torch.stack((k, v)).transpose(2, 3)
            kept.append(kv)
            group = self.queries // self.keys
            k, v = (kv.repeat_interleave(group, dim=2) if group > 1 else kv).unbind(0)
            seen = F.scaled_dot_product_attention(q.transpose(1, 2), k, v, is_causal=True)
            x = x + layer.attention_out(seen.transpose(1, 2).reshape(rows, length, -1))
            x = x + self._mlp(layer, x)
        return F.rms_norm(x, (x.shape[-1],), self.norm, self.eps), kept

    def step(
        self, tokens: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, cache: Cache, at: int
    ) -> torch.Tensor:
        """States [B, H] after one more token a row, written to column `at` of the cache. cos, sin: [B, 1, width]."""
        rows = len(tokens)
        x = self.embedding[tokens]
        mask = None if cache.hidden is None else cache.hidden[:, :, :, : at + 1]
        for layer, keys, values in zip(self.layers, cache.keys, cache.values, strict=True):
            q, k, v = self._heads(layer, x, cos, sin)
            keys[:, :, at] = k
            values[:, :, at] = v
            grouped = q.view(rows, self.keys, -1, self.width)
            seen = F.scaled_dot_product_attention(grouped, keys[:, :, : at + 1], values[:, :, : at + 1], attn_mask=mask)
            x = x + layer.attention_out(seen.reshape(rows, -1))
            x = x + self._mlp(layer, x)
        return F.rms_norm(x, (x.shape[-1],), self.norm, self.eps)

    def _heads(
        self, layer: Layer, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """q, k and v [..., heads, width] of states [..., H]; q and k are normed and rotated together."""
        both = layer.attention_in(F.rms_norm(x, (x.shape[-1],), layer.attention_norm, self.eps))
        both = both.view(*x.shape[:-1], self.queries + 2 * self.keys, self.width)
        qk = both[..., : self.queries + self.keys, :]
        if layer.head_norm is not None:
            qk = F.rms_norm(qk, (self.width,), None, self.eps) * layer.head_norm
        qk = torch.addcmul(qk * cos, qk.roll(self.width // 2, dims=-1), sin).to(self.dtype)
        return qk[..., : self.queries, :], qk[..., self.queries :, :], both[..., self.queries + self.keys :, :]

    def _mlp(self, layer: Layer, x: torch.Tensor) -> torch.Tensor:
        both = layer.mlp_in(F.rms_norm(x, (x.shape[-1],), layer.mlp_norm, self.eps))
        gate, up = both.chunk(2, dim=-1)
        return layer.mlp_out(layer.activation(gate) * up)


class Cache:
    """Keys and values of B rows, [B, keys, capacity, width] a layer, with room for more columns than are used.

    Prompts stand on the right of the first `start` columns, so that all rows write to the same column; `hidden`
    [B, 1, 1, capacity] is added to attention scores and hides what stands to the left of a shorter prompt (None: nothing).
    """

    def __init__(self, decoder: Decoder, lengths: Sequence[int], capacity: int) -> None:
        self.start = max(lengths)
        self.pad = torch.tensor([self.start - length for length in lengths], device=decoder.device)
        shape = (len(lengths), decoder.keys, capacity, decoder.width)
        self.keys = [torch.empty(shape, dtype=decoder.dtype, device=decoder.device) for _ in decoder.layers]
        self.values = [torch.empty_like(keys) for keys in self.keys]
        self.hidden: torch.Tensor | None = None
        if min(lengths) < self.start:
            for tensor in (*self.keys, *self.values):  # 0 x NaN is NaN: nothing uninitialised may lie behind the mask
                tensor[:, :, : self.start] = 0
        self._hide()

    @property
    def capacity(self) -> int:
        """Columns there is room for."""
        return int(self.keys[0].shape[2])

    def grow(self, capacity: int, used: int) -> None:
        """Make room for `capacity` columns; the first `used` are kept."""
        for tensors in (self.keys, self.values):
            for at, old in enumerate(tensors):
                tensors[at] = old.new_empty((*old.shape[:2], capacity, old.shape[3]))
                tensors[at][:, :, :used] = old[:, :, :used]
        self._hide()

    def keep(self, which: torch.Tensor, used: int) -> None:
        """Go on with some rows only: `which` [m] int64 counts within those of now. Done in place, layer by layer."""
        for tensors in (self.keys, self.values):
            for at, old in enumerate(tensors):
                old[: len(which), :, :used] = old[which, :, :used]
                tensors[at] = old[: len(which)]
        self.pad = self.pad[which]
        self._hide()

    def _hide(self) -> None:
        if not bool(self.pad.any()):
            self.hidden = None
            return
        dtype = self.keys[0].dtype
        columns = torch.arange(self.capacity, device=self.pad.device)
        hidden = torch.zeros((len(self.pad), 1, 1, self.capacity), dtype=dtype, device=self.pad.device)
        self.hidden = hidden.masked_fill_((columns < self.pad[:, None])[:, None, None], -torch.inf)


def read(model: LanguageModel, dtype: torch.dtype | None = None) -> Decoder:
    """The decoder with the weights of now. `dtype`: that of the matrix products; None: the weights' own.

    Nothing is copied but joined projections of narrow models and, where `dtype` is another one, all matrices.
    """
    base, config = model.base, model.base.config
    inner = base.model
    own = inner.embed_tokens.weight.dtype
    dtype = dtype or own
    queries, keys = config.num_attention_heads, config.num_key_value_heads
    width = inner.layers[0].self_attn.head_dim
    first = inner.layers[0]
    per_layer = (queries + 2 * keys) * width * config.hidden_size + 2 * config.intermediate_size * config.hidden_size
    join = len(inner.layers) * per_layer * dtype.itemsize <= JOINED_BYTES
    layers = []
    for block in inner.layers:
        attention, mlp = block.self_attn, block.mlp
        head_norm = None
        if hasattr(attention, "q_norm"):
            weights = [attention.q_norm.weight.expand(queries, width), attention.k_norm.weight.expand(keys, width)]
            head_norm = torch.cat(weights).detach()
        layers.append(
            Layer(
                block.input_layernorm.weight,
                _side_by_side([attention.q_proj, attention.k_proj, attention.v_proj], dtype, join),
                head_norm,
                _linear(attention.o_proj, dtype),
                block.post_attention_layernorm.weight,
                _side_by_side([mlp.gate_proj, mlp.up_proj], dtype, join),
                mlp.act_fn,
                _linear(mlp.down_proj, dtype),
            )
        )
    head = model.head()
    if head.weight.dtype != dtype:
        head = replace(head, weight=head.weight.to(dtype), bias=None if head.bias is None else head.bias.to(dtype))
    eps = float(first.input_layernorm.variance_epsilon)
    embedding = inner.embed_tokens.weight
    return Decoder(
        layers, embedding, inner.norm.weight, eps, head, queries, keys, width, dtype, inner.rotary_emb
    )  # fmt: skip


def _linear(module: Any, dtype: torch.dtype) -> Linear:
    """A projection as a function; a plain layer without the detour over its module."""
    if type(module) is not torch.nn.Linear or module._forward_hooks or module._forward_pre_hooks:
        return _called(module, dtype)
    weight = module.weight.to(dtype)
    bias = None if module.bias is None else module.bias.to(dtype)
    return lambda x: F.linear(x.to(dtype), weight, bias)


def _called(module: Any, dtype: torch.dtype) -> Linear:
    """Any other module (an adapter, say) as it is, its products in `dtype`."""
    own = next(module.parameters()).dtype
    if own == dtype:
        return lambda x: module(x.to(dtype))

    def cast(x: torch.Tensor) -> torch.Tensor:
        with torch.autocast(x.device.type, dtype=dtype):
            return module(x)

    return cast


def _side_by_side(modules: Sequence[Any], dtype: torch.dtype, join: bool) -> Linear:
    """Several projections of the same input, their outputs concatenated."""
    plain = all(type(m) is torch.nn.Linear and not m._forward_hooks and not m._forward_pre_hooks for m in modules)
    if not (join and plain):
        parts = [_linear(module, dtype) for module in modules]
        return lambda x: torch.cat([part(x) for part in parts], dim=-1)
    weight = torch.cat([module.weight for module in modules]).to(dtype)
    biases = [module.bias for module in modules]
    bias = None if biases[0] is None else torch.cat(biases).to(dtype)
    return lambda x: F.linear(x.to(dtype), weight, bias)
