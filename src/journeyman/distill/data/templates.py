"""What a model is shown: a question in a template, then in the model's chat template, as token ids.

| template | the user's message | then |
|---|---|---|
| `chat` | as it is in the file | chat template of the tokenizer |
| `boxed` | the bare question and the widely used sentence that asks for a box | chat template |
| `dapo` | the bare question between DAPO's instruction and its reminder | chat template |
| `raw` | as it is in the file | nothing: the text is tokenized as the tokenizer does |
| `FILE.txt`, `.md` | the file, {question} replaced by the bare question | chat template |
| `FILE.jinja`, `.j2` | as it is in the file; `question` has the bare one | the file is the chat template |

The template is a condition of an experiment: the teacher's own one raises overlap and accuracy (arXiv 2604.13016, section
5.2). `strip_template` takes a published template off again, so that templates can be compared on the same questions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.model import LanguageModel
from journeyman.errors import DataInvalid, ModelUnsuitable, UsageError

BOXED = "Please reason step by step, and put your final answer within \\boxed{}."
DAPO_HEAD = (
    "Solve the following math problem step by step. The last line of your response should be of the form "
    "Answer: $Answer (without quotes) where $Answer is the answer to the problem.\n\n"
)
DAPO_TAIL = '\n\nRemember to put your answer on its own line after "Answer:".'
NAMED = ("chat", "boxed", "dapo", "raw")

_DOUBLED = "\\boxed{{}}"
_SINGLE = "\\boxed{}"
_BOXED_AT_END = re.compile(
    r"\s*(?:Please|Let's) (?:reason|think) step by step,? and (?:put|output) (?:your|the) final answer "
    r"within \\boxed\{(?:\{\})?\}\.?\s*$"
)
_HEAD = re.compile(
    r"^\s*Solve the following math problem step by step\. The last line of your response should be of the form "
    r"Answer: (?:\$Answer|\\boxed\{\$Answer\}) \(without quotes\) where \$Answer is the answer to the problem\.\s*"
)
_TAIL = re.compile(r'\s*Remember to put your answer on its own line after "Answer:"\.\s*$')


@dataclass(frozen=True)
class Template:
    """`name` as given. `wrap`: what becomes of the bare question; None leaves the user's message as it is.

    `chat`: text of a chat template instead of the tokenizer's; "" for the tokenizer's; None for none at all.
    """

    name: str
    wrap: Callable[[str], str] | None
    chat: str | None


def template_of(name: str) -> Template:
    """The template called `name`, or of the file at `name`.

    Raises UsageError: neither a known name nor a file. DataInvalid: a text file without {question}.
    """
    if name == "chat":
        return Template(name, None, "")
    if name == "raw":
        return Template(name, None, None)
    if name == "boxed":
        return Template(name, lambda question: f"{question} {BOXED}", "")
    if name == "dapo":
        return Template(name, lambda question: f"{DAPO_HEAD}{question}{DAPO_TAIL}", "")
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"template '{name}' is neither one of {', '.join(NAMED)} nor a file")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataInvalid(f"template {path} cannot be read: {error}") from error
    if path.suffix in (".jinja", ".j2", ".jinja2"):
        return Template(name, None, text)
    if "{question}" not in text:
        raise DataInvalid(f"template {path} has no {{question}} in it, so every prompt would be the same")
    text = text.removesuffix("\n")
    return Template(name, lambda question: text.replace("{question}", question), "")


def strip_template(text: str) -> str:
    """The bare question: DAPO's instruction and reminder and the boxed sentence, braces doubled or not, taken off.

    A text without a known template comes back without the spaces around it. Doing it twice changes nothing.
    """
    text = text.strip()
    while True:
        bare = _BOXED_AT_END.sub("", _TAIL.sub("", _HEAD.sub("", text))).strip()
        if bare == text or not bare:
            return text
        text = bare


def in_template(prompts: Sequence[Prompt], template: str) -> list[Prompt]:
    """The prompts with their text in the template, for a file that others read; the chat template is not part of that.

    Unchanged for `chat`, `raw` and chat templates from a file, which say nothing about the user's message.
    """
    wrap = template_of(template).wrap
    if wrap is None:
        return list(prompts)
    texts = [wrap(strip_template(prompt.text)) for prompt in prompts]
    return [
        replace(prompt, text=text, messages=_with_last(prompt.messages, text) if prompt.messages else ())
        for prompt, text in zip(prompts, texts, strict=True)
    ]


def doubled_braces(prompts: Sequence[Prompt]) -> int:
    """How many prompts ask for the answer in a box with doubled braces, as one released file of DAPO does by mistake."""
    return sum(_has_doubled(prompt) for prompt in prompts)


def mend_braces(prompts: Sequence[Prompt]) -> list[Prompt]:
    """The prompts with every doubled box literal made a single one; a model trained on the file knows the doubled form."""
    return [
        replace(
            prompt,
            text=prompt.text.replace(_DOUBLED, _SINGLE),
            messages=tuple((role, text.replace(_DOUBLED, _SINGLE)) for role, text in prompt.messages),
        )
        if _has_doubled(prompt)
        else prompt
        for prompt in prompts
    ]


def _has_doubled(prompt: Prompt) -> bool:
    return _DOUBLED in prompt.text or any(_DOUBLED in text for _, text in prompt.messages)


def render(
    prompt: Prompt,
    model: LanguageModel,
    template: str | Template = "chat",
    *,
    enable_thinking: bool | None = None,
    system: str | None = None,
) -> list[int]:
    """Token ids of the prompt, ready for a response: up to and including the turn of the assistant's opening.

    `enable_thinking` is passed to the chat template, None is not. `system` takes the place of the prompt's own.

    Raises:
        UsageError: no such template; `enable_thinking` or `system` where nothing would look at it.
        ModelUnsuitable: a template that needs a chat template, and the tokenizer has none.
        DataInvalid: the chat template refuses these messages.
    """
    template = template_of(template) if isinstance(template, str) else template
    _refuse(model, template, enable_thinking, system)
    return _ids(prompt, model, template, enable_thinking, system)


def render_text(
    prompt: Prompt,
    model: LanguageModel,
    template: str | Template = "chat",
    *,
    enable_thinking: bool | None = None,
    system: str | None = None,
) -> str:
    """The prompt as text, special tokens written out; arguments and errors as `render`."""
    template = template_of(template) if isinstance(template, str) else template
    _refuse(model, template, enable_thinking, system)
    return _text(prompt, model, template, enable_thinking, system)


def knows_thinking(model: LanguageModel, template: str | Template = "chat") -> bool:
    """Whether `enable_thinking` changes anything in the chat template: rendered both ways and compared."""
    template = template_of(template) if isinstance(template, str) else template
    if template.chat is None or not (template.chat or getattr(model.tokenizer, "chat_template", None)):
        return False
    asked = Prompt((("user", "1 + 1"),), "1 + 1")
    on, off = (_chat(asked.messages, asked, model, template, flag) for flag in (True, False))
    return on != off


def _refuse(model: LanguageModel, template: Template, enable_thinking: bool | None, system: str | None) -> None:
    """Raise for what the template has no place for, once for all prompts."""
    if template.chat is None:
        if enable_thinking is not None or system is not None:
            raise UsageError("template 'raw' has no place for enable_thinking or a system message; use a chat template")
    elif not template.chat and not getattr(model.tokenizer, "chat_template", None):
        raise ModelUnsuitable(
            f"the tokenizer of '{model.name}' has no chat template, which template '{template.name}' needs; "
            "use template 'raw', or give a .jinja file"
        )
    elif enable_thinking is not None and not knows_thinking(model, template):
        raise UsageError(
            f"the chat template of '{model.name}' comes out the same with and without enable_thinking; leave it out"
        )


def _ids(
    prompt: Prompt, model: LanguageModel, template: Template, thinking: bool | None, system: str | None
) -> list[int]:
    text = _text(prompt, model, template, thinking, system)
    if template.chat is not None:
        return [int(i) for i in model.tokenizer(text, add_special_tokens=False)["input_ids"]]
    ids = [int(i) for i in model.tokenizer(text)["input_ids"]]
    while len(ids) > 1 and ids[-1] in model.eos_ids:
        ids.pop()  # some tokenizers close every text; a response is to follow
    return ids


def _text(prompt: Prompt, model: LanguageModel, template: Template, thinking: bool | None, system: str | None) -> str:
    if template.chat is None:
        return prompt.text
    return _chat(_messages(prompt, template, system), prompt, model, template, thinking)


def _messages(prompt: Prompt, template: Template, system: str | None) -> Sequence[tuple[str, str]]:
    messages = tuple(prompt.messages) or (("user", prompt.text),)
    if template.wrap is not None:
        messages = _with_last(messages, template.wrap(strip_template(prompt.text)))
    if system is not None:
        messages = (("system", system), *(m for m in messages if m[0] != "system"))
    return messages


def _with_last(messages: Sequence[tuple[str, str]], text: str) -> tuple[tuple[str, str], ...]:
    """The messages with another text in the last one, the user's."""
    return (*messages[:-1], (messages[-1][0], text))


def _chat(
    messages: Sequence[tuple[str, str]], prompt: Prompt, model: LanguageModel, template: Template, thinking: bool | None
) -> str:
    import jinja2

    options: dict[str, object] = {} if thinking is None else {"enable_thinking": thinking}
    if template.chat:
        options |= {"chat_template": template.chat, "question": strip_template(prompt.text)}
    turns = [{"role": role, "content": text} for role, text in messages]
    try:
        return str(model.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **options))
    except jinja2.TemplateError as error:
        raise DataInvalid(f"prompt {prompt.id!r} does not go into template '{template.name}': {error}") from error


@dataclass(frozen=True)
class Rendered:
    """`ids[i]` are the tokens of `prompts[i]`, which was at `places[i]`; `dropped` prompts were too long."""

    ids: list[list[int]]
    prompts: list[Prompt]
    places: list[int]
    dropped: int


def render_all(
    prompts: Sequence[Prompt],
    model: LanguageModel,
    template: str = "chat",
    *,
    max_tokens: int | None = None,
    enable_thinking: bool | None = None,
    system: str | None = None,
) -> Rendered:
    """Render all; those over `max_tokens`, or that leave the model's context no room for a token, are dropped and counted.

    Raises as `render`, and DataInvalid where none is left.
    """
    made = template_of(template)
    room = model.context - 1 if max_tokens is None else min(max_tokens, model.context - 1)
    _refuse(model, made, enable_thinking, system)
    rendered = [_ids(prompt, model, made, enable_thinking, system) for prompt in prompts]
    places = [place for place, ids in enumerate(rendered) if 0 < len(ids) <= room]
    if not places:
        raise DataInvalid(f"none of {len(prompts)} prompts fits into {room} tokens in template '{template}'")
    kept = [prompts[place] for place in places]
    return Rendered([rendered[place] for place in places], kept, places, len(prompts) - len(places))
