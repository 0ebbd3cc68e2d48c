"""What a model is asked: messages of text and images, and functions that it may call."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from journeyman.errors import UsageError
from journeyman.models.tool import Tool, ToolCall

Role = Literal["system", "user", "assistant", "tool"]

# What the common endpoints all take, with the bytes such a file begins with.
_BEGINNINGS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
MEDIA_TYPES = tuple(_BEGINNINGS)


class Image(msgspec.Struct, frozen=True):
    """One picture: `data` is the whole file, of the kind that `media_type` says (one of `MEDIA_TYPES`).

    Raises:
        UsageError: another media type.
    """

    media_type: str
    data: bytes

    def __post_init__(self) -> None:
        if self.media_type not in _BEGINNINGS:
            raise UsageError(
                f"a model takes {', '.join(MEDIA_TYPES)}, not '{self.media_type}': convert the picture"
            )


def media_type_of(data: bytes) -> str:
    """The kind of the picture in `data`, told by how it begins; "" if it is none that models take."""
    for media_type, beginning in _BEGINNINGS.items():
        if data.startswith(beginning) and (media_type != "image/webp" or data[8:12] == b"WEBP"):
            return media_type
    return ""


def image_of(data: bytes) -> Image:
    """The picture in `data`, its kind told by how it begins.

    Raises:
        UsageError: it is neither PNG, JPEG, GIF nor WebP.
    """
    media_type = media_type_of(data)
    if media_type:
        return Image(media_type, data)
    raise UsageError(f"{len(data)} bytes that begin with {data[:8]!r} are no PNG, JPEG, GIF or WebP picture")


class Message(msgspec.Struct, frozen=True):
    """One turn. Images come after the text.

    Attributes:
        calls: of an assistant's turn: the functions that it called. Each is answered by a turn of the role "tool".
        answers: of the role "tool", whose text is the result: the `id` of the call. Such a turn has no images.
    """

    role: Role
    text: str
    images: tuple[Image, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    answers: str = ""


class Prompt(msgspec.Struct, frozen=True):
    """All that a model is told for one reply.

    Attributes:
        messages: the conversation so far, oldest first; at least one.
        key: names the call ("7/call/1": first call of proposal 7). Recorded and scripted models look the reply up by
            it; it is never sent.
        seed: for models that can be seeded. None: the model's own.
        max_tokens: at most so many tokens of reply, reasoning included. None: the model's own setting.
        temperature: 0 or more. None: the model's own setting.
        tools: functions that the model may call, for models that `takes_tools` is true of.
    """

    messages: tuple[Message, ...]
    key: str = ""
    seed: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    tools: tuple[Tool, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of what is asked: roles, texts, images, calls, `max_tokens`, `temperature`, tools; not `key`,
        not `seed`."""
        asked = hashlib.sha256()
        for message in self.messages:
            _add(asked, message.role.encode(), message.text.encode("utf-8", "surrogatepass"))
            for image in message.images:
                _add(asked, image.media_type.encode(), image.data)
            if message.calls or message.answers:
                _add(asked, msgspec.json.encode((message.calls, message.answers)), b"", b"")
        temperature = None if self.temperature is None else float(self.temperature)
        _add(asked, f"{self.max_tokens} {temperature}".encode())
        if self.tools:
            _add(asked, msgspec.json.encode(self.tools, order="sorted"))
        return asked.hexdigest()


def _add(digest: hashlib._Hash, *parts: bytes) -> None:
    """Each part after its kind and length, so that no two prompts look alike."""
    for part in parts:
        digest.update(b"%d:%d:" % (len(parts), len(part)))
        digest.update(part)
