"""TRL's chunked reverse KL on the inputs of benchmarks/distill_losses.py; one JSON line. Run by it, in .venv-trl."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import distill_losses
import torch
from trl.kernels.chunked_divergence import ChunkedDivergenceFunction

options = distill_losses.arguments()
torch.set_num_threads(options.threads)
hidden, weight, hidden_t, weight_t = distill_losses.inputs(options.tokens, options.vocabulary, options.width)


def step(at):
    per_token, _ = ChunkedDivergenceFunction.apply(hidden[at], weight, None, hidden_t[at], weight_t, None, 1.0)
    return per_token.mean()


print(json.dumps(distill_losses.measured(step, hidden, weight)))
