"""Language models: a prompt of text and images in, a completion with its outcome, tokens and cost out.

    with open_model("openai/gpt-5-mini") as model:
        completion = model.complete(Prompt((Message("user", "Name three alloys of copper."),)))

Opening a model reads its settings and connects to nothing. `complete` blocks and may be called from many threads; what
each attempt costs goes through a `Meter`. Neither torch nor an HTTP library is loaded before a model that needs it.
"""

from __future__ import annotations

from journeyman.models.completion import Completion, Cost, Outcome, TokenLogprob, Usage
from journeyman.models.config import list_models, open_model, require_price
from journeyman.models.message import Image, Message, Prompt, image_of
from journeyman.models.model import FREE, Meter, Model, takes_tools
from journeyman.models.price import Price
from journeyman.models.spec import ModelSpec
from journeyman.models.tool import Tool, ToolCall

__all__ = [
    "FREE",
    "Completion",
    "Cost",
    "Image",
    "Message",
    "Meter",
    "Model",
    "ModelSpec",
    "Outcome",
    "Price",
    "Prompt",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "Usage",
    "image_of",
    "list_models",
    "open_model",
    "require_price",
    "takes_tools",
]
