"""An agent that is a language model: what it was shown becomes messages, what it answers is a reply as it stands.

    open_agent("openai/gpt-5-mini:image=true,tone=encouraging", world)

The model may be any of `journeyman.models`: an endpoint, weights in a folder, a script. Where it calls functions, the tags
of the grammar are functions of the same names (`agents.functions`); else it writes the tags. All messages are made of the
`Turn`, so an episode can be taken up at any decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from journeyman.errors import UsageError
from journeyman.foresee.agents.agent import Brief, Event, Reply, Turn
from journeyman.foresee.agents.functions import FUNCTIONS_TEXT, called_as_text, functions_of, text_as_call
from journeyman.foresee.agents.grammar import thought_of
from journeyman.foresee.agents.wording import Wording
from journeyman.foresee.worlds.world import About
from journeyman.models import Completion, Image, Message, Model, Prompt, Tool, image_of, takes_tools

SEEDS = 2**31


@dataclass(frozen=True)
class LanguageSettings:
    """Settings of a language agent, as they stand after its name.

    Attributes:
        tools: let the model call functions; None: where models.toml says that it can.
        image: show pictures ("image") or not ("symbols"); None: what the run shows, and no pictures to a blind model.
        temperature, max_tokens: of each reply; None: the model's own setting.
        hope: what it is taken to hope of what it simulates (`Asked.hope`), for world models that comply; actions alone do
            not say, so "none" is usual.
    """

    tools: bool | None = None
    image: bool | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    hope: Literal["safe", "success", "none"] = "none"

    def __post_init__(self) -> None:
        if self.hope not in ("safe", "success", "none"):
            raise UsageError(f"hope is '{self.hope}'; it is safe, success or none")


class LanguageAgent:
    """Plays one episode with a model that it does not close."""

    def __init__(self, model: Model, settings: LanguageSettings, wording: Wording, *, tools: bool) -> None:
        self.wording = wording
        self._model, self._settings, self._tools = model, settings, tools

    def begin(self, brief: Brief) -> None:
        """Take note of the rules. Asks nothing yet."""
        self._brief, self._replies = brief, 0
        self._functions: tuple[Tool, ...] = ()
        if self._tools:
            self._functions = functions_of(brief.about, brief.mode, memory=brief.memory, fields=brief.fields)

    def reply(self, turn: Turn) -> Reply:
        """Ask the model.

        Raises as `Model.complete`: BudgetExhausted, ModelUnavailable, ModelRejected, PromptTooLong, UsageError.
        """
        brief, number = self._brief, self._replies
        self._replies += 1
        prompt = Prompt(
            tuple(self._messages(turn)),
            key=f"{brief.instance.id}/reply/{number}",
            seed=brief.draws.below(SEEDS, "policy", brief.instance.id, number),
            max_tokens=self._settings.max_tokens,
            temperature=self._settings.temperature,
            tools=self._functions,
        )
        said = brief.calls.complete(self._model, prompt) if brief.calls else self._model.complete(prompt)
        parts = [said.text, *map(called_as_text, said.tool_calls)]
        hope = "" if self._settings.hope == "none" else self._settings.hope
        return Reply("\n".join(filter(None, parts)), _usage(said), {"hope": hope, "outcome": said.outcome.value})

    def _messages(self, turn: Turn) -> Iterator[Message]:
        """The system text, then what was shown and said in turns, then what is new."""
        brief = self._brief
        yield Message("system", brief.system + (FUNCTIONS_TEXT if self._tools else ""))
        waiting = ""  # the call that what comes next is the result of
        for number, (events, text) in enumerate(turn.said):
            yield from self._shown(events, waiting)
            called = None
            if self._tools:
                called = text_as_call(text, brief.about, brief.mode, memory=brief.memory, id=f"call_{number}")
            if called is None:
                yield Message("assistant", text)
            else:
                yield Message("assistant", thought_of(text), calls=(called,))
            waiting = "" if called is None else called.id
        yield from self._shown(turn.present or turn.new, waiting)

    def _shown(self, events: Sequence[Event], answers: str) -> Iterator[Message]:
        """Events as one message, or as the result of a call and, since that holds no pictures, one with the pictures."""
        images: list[Image] = []
        texts = []
        pictured = [bool(event.observation and event.observation.image) for event in events]
        for event, has in zip(events, pictured, strict=True):
            text = event.text
            if has and event.observation is not None:
                images.append(image_of(event.observation.image))
                text += f"\n(Picture {len(images)} of {sum(pictured)}.)" if sum(pictured) > 1 else ""
            texts.append(text)
        text = "\n\n".join(texts)
        if not answers:
            yield Message("user", text, tuple(images))
            return
        yield Message("tool", text, answers=answers)
        if images:
            yield Message("user", "What is seen:", tuple(images))


class LanguageMaker:
    """Makes agents that share one model.

    Attributes:
        models: that one; whoever runs the agents closes it.
        format: what it is to be shown: "image", "symbols", "text", or None for either.
        wording: how it is told.

    Raises UsageError: pictures or functions for a model without, or pictures of a world without.
    """

    def __init__(self, model: Model, settings: LanguageSettings, wording: Wording, about: About) -> None:
        if settings.image and not model.sees:
            raise UsageError(f"model '{model.name}' takes no images: set sees = true in models.toml if it does")
        if settings.image and "image" not in about.formats:
            raise UsageError(f"'{about.name}' has no pictures; it shows {', '.join(about.formats)}")
        if settings.tools and not takes_tools(model):
            raise UsageError(f"model '{model.name}' calls no functions: set tools = true in models.toml if it does")
        self.models = (model,)
        self.wording = wording
        self.tools = takes_tools(model) if settings.tools is None else settings.tools
        self.format = "image" if settings.image else None
        if not settings.image and (settings.image is False or not model.sees):
            self.format = "symbols" if "symbols" in about.formats else "text"
        self._settings = settings

    def __call__(self) -> LanguageAgent:
        return LanguageAgent(self.models[0], self._settings, self.wording, tools=self.tools)

    def close(self) -> None:
        """Close the model."""
        self.models[0].close()


def _usage(said: Completion) -> dict[str, int]:
    """What the reply took; nothing where the endpoint did not say."""
    found = {"micro_usd": said.micro_usd or 0}
    if said.usage is not None:
        found |= {"tokens_in": said.usage.input, "tokens_out": said.usage.output}
    return found
