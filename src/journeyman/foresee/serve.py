"""A world as an MCP server: any agent that speaks the Model Context Protocol plays it, and its episodes are logged.

    journeyman foresee serve lake-6 --mode normal --instances 10

The tools are `act`, `answer`, `new_episode` and, but in mode invisible, `simulate`. Each gives text and, where the world is
shown as pictures, images. What is allowed is decided by the same code as in every other episode (`Sitting`), so the log of
a served agent can be scored beside those of others.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from journeyman.errors import JourneymanError, MissingExtra
from journeyman.foresee.agents.agent import Memory, Mode
from journeyman.foresee.agents.functions import FUNCTIONS_TEXT, called_as_text, functions_of
from journeyman.foresee.sitting import Shown, Sitting
from journeyman.foresee.worlds.world import About
from journeyman.models import Tool, ToolCall

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp_types import CallToolResult

BEGIN = Tool(
    "new_episode",
    "Begin the next episode; gives the rules and what is seen. One that is under way is given up.",
    {"type": "object", "properties": {}, "additionalProperties": False},
)
ALL_PLAYED = "All episodes are played. There is nothing more to do."


class Tools:
    """The tools of a sitting: what there are, and what a call of one gives. One call at a time."""

    def __init__(self, sitting: Sitting, about: About, mode: Mode, *, memory: Memory = "restart") -> None:
        self._sitting = sitting
        fields = sitting.wording.fields(mode)
        self.all = (BEGIN, *functions_of(about, mode, memory=memory, fields=fields))

    def call(self, name: str, arguments: Mapping[str, Any]) -> tuple[list[str | bytes], bool]:
        """Texts and PNG pictures in their order, and whether the call itself was wrong.

        Raises JourneymanError: the evaluation cannot go on.
        """
        if name not in [tool.name for tool in self.all]:
            return [f"There is no tool '{name}'; there are {', '.join(tool.name for tool in self.all)}."], True
        if name == BEGIN.name:
            shown = self._sitting.begin()
            return (_content(shown), False) if shown is not None else ([ALL_PLAYED], False)
        if not self._sitting.playing:
            return [f"No episode is under way: use {BEGIN.name}."], True
        return _content(self._sitting.say(called_as_text(ToolCall("", name, json.dumps(dict(arguments)))))), False


def _content(shown: Shown) -> list[str | bytes]:
    """What is shown, each picture after its text."""
    content: list[str | bytes] = []
    if shown.brief is not None:
        content.append(f"{shown.brief.system}{FUNCTIONS_TEXT}")
    for event in shown.events:
        content.append(event.text)
        if event.observation is not None and event.observation.image:
            content.append(event.observation.image)
    if shown.reason:
        won = "success" if shown.success else f"no success ({shown.reason})"
        content.append(f"The episode is over: {won}. Use {BEGIN.name} for the next.")
    return content


def server_of(tools: Tools) -> Server[Any]:
    """The MCP server. Raises MissingExtra where the package mcp, from 2.0 on, is not installed."""
    try:
        import anyio
        import mcp_types as types
        from mcp.server.lowlevel import Server
    except ImportError as error:
        raise MissingExtra(f"an MCP server needs the package mcp ({error}); run: pip install 'journeyman[mcp]'") from None
    from journeyman import __version__

    one_at_a_time = anyio.Lock()
    listed = [types.Tool(name=tool.name, description=tool.text, input_schema=tool.parameters) for tool in tools.all]

    async def list_tools(context: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> CallToolResult:
        async with one_at_a_time:
            try:
                content, wrong = await anyio.to_thread.run_sync(tools.call, params.name, params.arguments or {})
            except JourneymanError as error:
                content, wrong = [f"The evaluation has ended: {error}"], True
        blocks: list[Any] = [
            types.TextContent(text=one)
            if isinstance(one, str)
            else types.ImageContent(data=base64.b64encode(one).decode(), mime_type="image/png")
            for one in content
        ]
        return types.CallToolResult(content=blocks, is_error=wrong)

    return Server("journeyman", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool)


def serve_stdio(tools: Tools) -> None:
    """Serve over standard input and output, until the client is gone. Raises MissingExtra."""
    server = server_of(tools)
    import anyio
    from mcp.server.stdio import stdio_server

    async def run() -> None:
        async with stdio_server() as (source, sink):
            await server.run(source, sink, server.create_initialization_options())
            sys.stdout.flush()  # what a user's world printed, while stdout still leads away from the client

    anyio.run(run)
