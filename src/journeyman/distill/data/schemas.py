"""Which columns published prompt files have, and how a row of each becomes a Prompt.

| schema | recognised by | files |
|---|---|---|
| `journeyman` | prompt, text, answer, id, source | what `write_prompts` writes |
| `verl` | prompt with reward_model | DAPO-Math-17k raw and processed, DeepMath de-duplicated, AIME and AMC for verl |
| `deepmath` | question, final_answer | DeepMath-103K |
| `conversations` | conversations | OpenThoughts, OpenThoughts2-1M, OpenThoughts3-1.2M, other ShareGPT files |
| `messages` | messages | chat data for supervised training |
| `plain` | prompt, question or problem | TRL (text or messages), AIME, AMC, MATH, GSM8K as published |
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from journeyman.distill.data.answers import last_boxed
from journeyman.distill.data.files import Row, Where, shown
from journeyman.distill.data.prompt import Prompt
from journeyman.errors import DataInvalid

Messages = tuple[tuple[str, str], ...]

_QUESTIONS = ("prompt", "question", "problem", "instruction", "query")
_ANSWERS = ("answer", "final_answer", "ground_truth", "expected_answer", "target")
_IDS = ("id", "unique_id", "uuid", "index")
_SOURCES = ("data_source", "source", "dataset")
_ROLES = {"human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system"}
_GSM8K = "####"
_SHORT = 200
"""A `solution` of one line up to so many characters, without a box, is the answer itself; a longer one is a derivation."""


@dataclass(frozen=True)
class Schema:
    """`needs`: columns it is known by. `reads`: those that are read. `convert` makes a row, with its place, a Prompt."""

    name: str
    needs: tuple[str, ...]
    reads: tuple[str, ...]
    convert: Callable[[Row, Where], Prompt]

    def fits(self, columns: Sequence[str]) -> bool:
        return all(column in columns for column in self.needs)


def recognise(columns: Sequence[str], schema: str, path: object) -> Schema:
    """The schema called `schema`, or with "auto" the one that `columns` belong to. Case of column names does not matter.

    Raises DataInvalid where none does, or the one that was named does not.
    """
    names = [column.lower() for column in columns]
    if schema == "auto":
        for known in SCHEMAS:
            if known.fits(names) and (known.name != "plain" or any(q in names for q in _QUESTIONS)):
                return known
        raise DataInvalid(
            f"{path} has the columns {', '.join(columns)}; none of them is a prompt: "
            f"rename one to 'prompt' or 'question', or see the schemas {', '.join(s.name for s in SCHEMAS)}"
        )
    for known in SCHEMAS:
        if known.name == schema:
            missing = [column for column in known.needs if column not in names]
            if missing:
                raise DataInvalid(f"{path} has no column '{missing[0]}', which the schema {schema} needs")
            return known
    raise DataInvalid(f"there is no schema '{schema}'; use auto or one of {', '.join(s.name for s in SCHEMAS)}")


def _journeyman(row: Row, where: Where) -> Prompt:
    """Nothing is made better here: what was written reads back equal."""
    messages = _messages(row["prompt"], where, "prompt", {}) if isinstance(row.get("prompt"), list) else ()
    for field in ("answer", "id", "source"):
        if not isinstance(row.get(field), str) and not (field == "answer" and row.get(field) is None):
            raise where.wrong(field, f"is {shown(row.get(field))}; a text was expected")
    return Prompt(messages, _text(row.get("text"), where, "text"), row["answer"], row["id"], row["source"])


def _verl(row: Row, where: Where) -> Prompt:
    messages, text = _asked(row.get("prompt"), where, "prompt")
    reward = row.get("reward_model")
    if reward is not None and not isinstance(reward, dict):
        raise where.wrong("reward_model", f"is {shown(reward)}; an object with 'ground_truth' was expected")
    answer = answer_text((reward or {}).get("ground_truth"))
    return Prompt(messages, text, answer if answer is not None else _answer(row), _id(row, where), _source(row, where))


def _deepmath(row: Row, where: Where) -> Prompt:
    text = _text(row.get("question"), where, "question")
    return Prompt((("user", text),), text, answer_text(row.get("final_answer")), _id(row, where), _source(row, where))


def _conversation(row: Row, where: Where) -> Prompt:
    """Turns up to the first reply; what the data set's own model replied is not taken for a right answer."""
    field = "conversations" if "conversations" in row else "messages"
    messages = list(_messages(row.get(field), where, field))
    system = row.get("system")
    if isinstance(system, str) and system.strip() and messages[0][0] != "system":
        messages.insert(0, ("system", system))
    asked = messages[: next((i for i, (role, _) in enumerate(messages) if role == "assistant"), len(messages))]
    if not asked or asked[-1][0] != "user":
        raise where.wrong(field, "has no turn of the user before the first reply")
    return Prompt(tuple(asked), asked[-1][1], _answer(row), _id(row, where), _source(row, where))


def _plain(row: Row, where: Where) -> Prompt:
    field = next((name for name in _QUESTIONS if row.get(name) is not None), None)
    if field is None:
        raise where.wrong(next((n for n in _QUESTIONS if n in row), "prompt"), "is missing")
    messages, text = _asked(row[field], where, field)
    if field != "prompt" and not messages:
        messages = (("user", text),)
    return Prompt(messages, text, _answer(row), _id(row, where), _source(row, where))


def _asked(value: Any, where: Where, field: str) -> tuple[Messages, str]:
    """A prompt is text, taken as it is, or messages of which the last is the user's."""
    if not isinstance(value, list):
        return (), _text(value, where, field)
    messages = _messages(value, where, field)
    role, text = messages[-1]
    if role != "user":
        raise where.wrong(field, f"ends with a message of '{role}'; the last one must be the user's")
    return messages, text


def _messages(value: Any, where: Where, field: str, roles: Mapping[str, str] = _ROLES) -> Messages:
    if not isinstance(value, list) or not value:
        raise where.wrong(field, f"is {shown(value)}; a list of messages was expected")
    found = []
    for message in value:
        if isinstance(message, (list, tuple)) and len(message) == 2:
            role, text = message
        elif isinstance(message, dict):
            role = message.get("role") or message.get("from")
            text = message["content"] if "content" in message else message.get("value")
        else:
            raise where.wrong(field, f"has {shown(message)}; a message has a role and a content")
        if not isinstance(role, str) or not isinstance(text, str):
            raise where.wrong(field, f"has {shown(message)}; role and content of a message are texts")
        found.append((roles.get(role, role), text))
    if not found[-1][1].strip() and found[-1][0] == "user":
        raise where.wrong(field, "ends with an empty message")
    return tuple(found)


def _text(value: Any, where: Where, field: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise where.wrong(field, f"is {shown(value)}; a text that is not empty was expected")
    return value


def answer_text(value: Any) -> str | None:
    """An answer as text: numbers as written ("142.0" and "025" stay), 142.0 as a number "142", lists as JSON; "" is None."""
    import json

    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list) and len(value) == 1:
        return answer_text(value[0])
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def _answer(row: Row) -> str | None:
    for name in _ANSWERS:
        found = answer_text(row.get(name))
        if found is not None:
            # GSM8K: the derivation, then the answer behind a mark.
            return found.rsplit(_GSM8K, 1)[1].strip() or None if f"\n{_GSM8K}" in found else found
    return _answer_of_solution(answer_text(row.get("solution")))


def _answer_of_solution(solution: str | None) -> str | None:
    if solution is None:
        return None
    boxed = last_boxed(solution)
    if boxed is not None:
        return boxed.strip() or None
    return solution if len(solution) <= _SHORT and "\n" not in solution else None


def _id(row: Row, where: Where) -> str:
    """The data set's own name of the row, or else its number."""
    extra = row.get("extra_info")
    for holder in (extra if isinstance(extra, dict) else {}, row):
        for name in ("index", *_IDS):
            value = holder.get(name)
            if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value):
                return str(value)
    return str(where.number)


def _source(row: Row, where: Where) -> str:
    for name in _SOURCES:
        value = row.get(name)
        if isinstance(value, str) and value:
            return value
    return where.path.stem


_COMMON = (*_IDS, *_SOURCES, *_ANSWERS, "solution", "extra_info")

_OWN = ("prompt", "text", "answer", "id", "source")

SCHEMAS = (
    Schema("journeyman", _OWN, _OWN, _journeyman),
    Schema("verl", ("prompt", "reward_model"), ("prompt", "reward_model", *_COMMON), _verl),
    Schema("deepmath", ("question", "final_answer"), ("question", "final_answer", *_IDS, *_SOURCES), _deepmath),
    Schema("conversations", ("conversations",), ("conversations", "system", *_COMMON), _conversation),
    Schema("messages", ("messages",), ("messages", "system", *_COMMON), _conversation),
    Schema("plain", (), (*_QUESTIONS, *_COMMON), _plain),
)
