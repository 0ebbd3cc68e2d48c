"""How much a loss's gradient varies from batch to batch, at the start of an arm."""

from __future__ import annotations

import tempfile
from pathlib import Path

from journeyman.claims.claim import Cell
from journeyman.claims.lab_arm import TrainingArm, spec_of

BATCHES, PROMPTS_EACH = 24, 4


def gradient_noise(arm: TrainingArm, cell: Cell) -> dict[str, float]:
    """`noise`: root of the variance of a batch's gradient (16 rollouts) over the norm of all batches' mean; 0 without one.

    All losses see the same rollouts: they are drawn by the cell's seed from the student as it is before training.
    """
    import torch

    from journeyman.distill.data.prompts import read_prompts
    from journeyman.distill.data.templates import render
    from journeyman.distill.losses.divergence import divergence
    from journeyman.distill.losses.weights import token_weights
    from journeyman.distill.model import open_model
    from journeyman.distill.rollout.engines import sampler_for
    from journeyman.distill.rollout.rollouts import pack

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="journeyman-noise-") as scratch:
        spec = spec_of(arm, cell, Path(scratch))
        prompts = read_prompts(spec.prompts, limit=BATCHES * PROMPTS_EACH)
        student, teacher = open_model(spec.student, trainable=True), open_model(spec.teacher)
        ids = [render(prompt, student, spec.template) for prompt in prompts]
    sampler = sampler_for(student, spec.engine)
    weights_of_model = [weight for weight in student.model.parameters() if weight.requires_grad]
    total = torch.zeros(sum(weight.numel() for weight in weights_of_model), dtype=torch.float64)
    squares = 0.0
    for number in range(BATCHES):
        some = ids[number * PROMPTS_EACH : (number + 1) * PROMPTS_EACH]
        rollouts = sampler.sample(some, spec.rollouts_per_prompt, spec.sampling, cell.seed * BATCHES + number)
        batch = pack(rollouts, student.pad_id)
        with torch.no_grad():
            taught = teacher.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
        hidden = student.hidden(batch.ids, batch.mask)[batch.rows, batch.columns]
        weights = token_weights(rollouts.lengths, spec.loss.aggregation)
        found = divergence(hidden, student.head(), taught, teacher.head(), batch.tokens, weights, arm.loss)
        gradients = torch.autograd.grad(found.loss, weights_of_model, allow_unused=True, materialize_grads=True)
        flat = torch.cat([gradient.flatten().double() for gradient in gradients])
        total += flat
        squares += float(flat @ flat)
    mean = total / BATCHES
    size = float(mean @ mean)
    variance = max(0.0, (squares - BATCHES * size) / (BATCHES - 1))
    return {"noise": (variance / size) ** 0.5 if size > 0 else 0.0}
