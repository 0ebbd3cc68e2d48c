"""What went to a model and what came back, as the log of a run keeps it."""

from __future__ import annotations

import msgspec

from journeyman.errors import RunCorrupt


class Picture(msgspec.Struct, frozen=True):
    """A picture in a prompt. `digest`: of the blob."""

    media_type: str
    digest: str


class Said(msgspec.Struct, frozen=True):
    """One message of a prompt."""

    role: str
    text: str
    images: tuple[Picture, ...] = ()


class Reply(msgspec.Struct, frozen=True):
    """What a model answered: its text, what it reasoned if the endpoint shows that, why it refused if it did."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""


class _Prompt(msgspec.Struct, frozen=True):
    messages: tuple[Said, ...] = ()


def read_prompt(blob: bytes) -> tuple[Said, ...]:
    """The messages of a prompt's blob. Raises RunCorrupt for a blob that is none."""
    try:
        return msgspec.json.decode(blob, type=_Prompt).messages
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RunCorrupt(f"the record of a prompt cannot be read: {error}") from error


def read_reply(blob: bytes) -> Reply:
    """The reply of a reply's blob. Raises RunCorrupt for a blob that is none."""
    try:
        return msgspec.json.decode(blob, type=Reply)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RunCorrupt(f"the record of a reply cannot be read: {error}") from error
