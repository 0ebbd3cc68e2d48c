"""A world as an MCP server, played by a real client over standard input and output; and the sitting beneath it."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys

import anyio
import msgspec
import pytest

pytest.importorskip("mcp_types")  # of mcp 2
from mcp import Client, ClientSession, StdioServerParameters, stdio_client

import journeyman
from journeyman.cli.call import call
from journeyman.cli.foresee_serve import app
from journeyman.errors import JourneymanError, UsageError
from journeyman.foresee import events
from journeyman.foresee.agents.open import open_agent
from journeyman.foresee.agents.prompts import VOCABULARY
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluate import evaluate
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.replies import lines_of_run
from journeyman.foresee.serve import Tools, server_of
from journeyman.foresee.sitting import Sitting
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.worlds.registry import open_world
from journeyman.runlog import RunLog

WORLD = open_world("lake-4")
INSTANCES = WORLD.instances(3)
COMMAND = [sys.executable, "-c", "import sys; from journeyman.cli import main; sys.exit(main())", "foresee", "serve"]
ENV = {**os.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(journeyman.__file__))}


def way(instance):
    WORLD.reset(options={"instance": instance.id})
    names = []
    while best := WORLD.best_actions(WORLD.snapshot()):
        names.append(WORLD.about.actions[best[0]])
        WORLD.step(best[0])
    return names


def episodes_in(folder):
    (run,) = folder.iterdir()
    with RunLog.open(run) as log:
        return events.episodes(log), events.finished(log)


def client(do, *options, runs):
    """Run the server as a process and `do(session)` with a client's session."""
    words = [*COMMAND[1:], "lake-4", "--runs", str(runs), *options]

    async def run():
        with open(os.devnull, "w") as nowhere:
            parameters = StdioServerParameters(command=COMMAND[0], args=words, env=ENV)
            async with stdio_client(parameters, errlog=nowhere) as (source, sink), ClientSession(source, sink) as session:
                await session.initialize()
                return await do(session)

    return anyio.run(run)


def within(do, mode, format, *, runs):
    """The same without a process between them, and in the protocol's newer form."""

    async def run(tools):
        async with Client(server_of(tools)) as session:
            return await do(session)

    with Sitting("lake-4", mode=mode, format=format, instances=1, runs=runs) as sitting:
        return anyio.run(run, Tools(sitting, WORLD.about, mode))


def words(result):
    return [block.text for block in result.content if block.type == "text"]


def test_a_client_plays_and_its_episodes_are_logged_like_any_others(tmp_path):
    first, second = way(INSTANCES[0]), way(INSTANCES[1])

    async def do(session):
        async def use(name, **arguments):
            result = await session.call_tool(name, arguments)
            return result, words(result)

        tools = {tool.name: tool for tool in (await session.list_tools()).tools}
        assert set(tools) == {"new_episode", "simulate", "act", "answer"}
        assert tools["act"].input_schema["properties"]["actions"]["items"]["enum"] == list(WORLD.about.actions)
        result, text = await use("act", actions=first[:1])
        assert (result.is_error, text) == (True, ["No episode is under way: use new_episode."])
        _, text = await use("new_episode")
        assert "# Simulator" in text[0]
        assert "must simulate before each <act>" in text[0]
        assert "function of the same name" in text[0]
        assert text[1].startswith("OBSERVATION. This is the beginning.")
        for step in first:
            result, text = await use("act", actions=[step])
            assert text[0].startswith("REFUSED. Simulate first")
            result, text = await use("simulate", alternatives=[[step]])
            assert text[0].startswith("HYPOTHETICAL (call ")
            assert not result.is_error
            _, text = await use("act", actions=[step])
            assert text[0].startswith("OBSERVATION. You did")
        assert text[-1] == "The episode is over: success. Use new_episode for the next."
        result, text = await use("act", actions=first[:1])
        assert result.is_error
        await use("new_episode")
        _, text = await use("act", actions=["Jump"])
        assert "'Jump' is no action" in text[0]
        await use("simulate", alternatives=[[step] for step in ("Left", "Down", "Right", "Up")])
        _, text = await use("simulate", alternatives=[second[:1], ["Left", "Left"]])
        assert text[0].endswith("You asked for 2; left: 1.")
        _, text = await use("act", actions=second[:1])
        _, text = await use("new_episode")  # the second is given up
        assert text[1].startswith("OBSERVATION. This is the beginning.")
        _, text = await use("answer", answer="nothing to be done")
        assert text[-1].startswith("The episode is over: no success (answered).")
        _, text = await use("new_episode")
        assert text == ["All episodes are played. There is nothing more to do."]
        result, text = await use("fly")
        assert result.is_error
        assert "There is no tool 'fly'" in text[0]

    client(do, "--mode", "force", "--instances", "3", "--agent", "visitor", runs=tmp_path)
    played, finished = episodes_in(tmp_path)
    assert finished
    assert [episode.instance for episode in played] == [one.id for one in INSTANCES]
    assert [episode.reason for episode in played] == ["success", "answered", "answered"]
    assert [episode.answer for episode in played] == ["", "given up", "nothing to be done"]
    assert [d.context for d in played[0].decisions] == ["R", "W", "E"] * len(first)
    assert [d.context for d in played[1].decisions] == ["P", "W", "W", "W", "W", "R", "E", "A"]
    assert played[0].cell == "visitor | exact | force | none"
    assert played[0].mode == "force"


def test_in_mode_invisible_there_is_no_tool_and_no_word_of_it(tmp_path):
    async def do(session):
        tools = (await session.list_tools()).tools
        assert {tool.name for tool in tools} == {"new_episode", "act", "answer"}
        said = [f"{tool.description} {tool.input_schema}" for tool in tools]
        said += words(await session.call_tool("new_episode", {}))
        said += words(await session.call_tool("act", {"actions": ["Jump"]}))
        said += words(await session.call_tool("act", {"actions": way(INSTANCES[0])[:1]}))
        result = await session.call_tool("simulate", {"alternatives": [["Left"]]})
        assert result.is_error
        said += [text.replace("'simulate'", "") for text in words(result)]
        said += [session.instructions or ""]
        for text in said:
            assert [word for word in VOCABULARY if word in text.lower()] == []

    within(do, "invisible", "symbols", runs=tmp_path)
    played, finished = episodes_in(tmp_path)
    assert (played, finished) == ([], False), "the client left in the middle of the first episode"


def test_pictures_are_served_as_pictures(tmp_path):
    async def do(session):
        seen = []
        for name, arguments in [
            ("new_episode", {}), ("simulate", {"alternatives": [way(INSTANCES[0])[:1]]}), ("answer", {"answer": "seen"}),
        ]:  # fmt: skip
            result = await session.call_tool(name, arguments)
            seen += [block for block in result.content if block.type == "image"]
        return seen

    seen = within(do, "normal", "image", runs=tmp_path)
    assert [block.mime_type for block in seen] == ["image/png"] * 2
    pictures = [base64.b64decode(block.data) for block in seen]
    WORLD.reset(options={"instance": INSTANCES[0].id})
    assert pictures[0] == WORLD.observe("image").image
    WORLD.step(WORLD.best_actions(WORLD.snapshot())[0])
    assert pictures[1] == WORLD.observe("image").image
    assert episodes_in(tmp_path)[1]


def test_a_wrong_call_is_refused_in_a_sentence_before_anything_is_served(tmp_path, capsys):
    for options, why in [
        (["lake-5"], "there is no world 'lake-5'"),
        (["lake-4", "--mode", "blind"], "mode is 'blind'; it is one of invisible, normal, force"),
        (["lake-4", "--world-model", "crystal"], "crystal"),
    ]:
        assert call(app, "foresee serve", [*options, "--runs", str(tmp_path)]) == 2
        said = capsys.readouterr()
        assert why in said.err
        assert "serving" not in said.err
        assert said.out == ""


def test_what_was_said_to_a_sitting_can_be_said_again(tmp_path, monkeypatch):
    names = way(INSTANCES[0])
    with Sitting("lake-4", instances=1, runs=tmp_path) as sitting:
        shown = sitting.begin()
        assert shown.brief.mode == "normal"
        for name in names:
            sitting.say(f"<simulate>{name}</simulate>")
            shown = sitting.say(f"<act>{name}</act>")
        assert (shown.reason, shown.success) == ("success", True)
        assert shown.events[0].observation.text.startswith("You stand on the goal")
        assert sitting.begin() is None
        with pytest.raises(UsageError, match="no episode is under way"):
            sitting.say("<act>Left</act>")
    (episode,), _ = episodes_in(tmp_path)
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path))
    scene = Scene(WORLD, Exact(WORLD), exact=Exact(WORLD), cell=episode.cell)
    for name in (f"recorded:{sitting.run.name}", f"recorded:{sitting.run},cell=0"):
        again = play(scene, INSTANCES[0], open_agent(name, WORLD)(), Draws(0))
        assert [(d.context, d.actions, d.after) for d in again.decisions] == [
            (d.context, d.actions, d.after) for d in episode.decisions
        ]
    _, lines = lines_of_run("last")
    assert len(lines) == 2 * len(names)
    (tmp_path / "said.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, lines)))
    again = play(scene, INSTANCES[0], open_agent(f"recorded:{tmp_path}/said.jsonl", WORLD)(), Draws(0))
    assert again.success


def test_runs_whose_replies_cannot_be_said_again_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path))
    run = evaluate("lake-4", agents="scripted", modes=["invisible", "normal"], instances=1).run.name
    for name, why in [
        (f"recorded:{run}", f"has 2 cells; write recorded:{run},cell=0"),
        (f"recorded:{run},cell=2", "has no cell 2; its cells are 0 to 1"),
        (f"recorded:{run},cell=1", "keeps no replies of scripted"),
        (f"recorded:{run},cell=one", "is not understood"),
    ]:
        with pytest.raises(UsageError, match=why):
            open_agent(name, WORLD)


def test_what_ends_an_evaluation_reaches_who_plays(tmp_path):
    (tmp_path / "odd.py").write_text(
        "class Odd:\n    name = 'odd'\n    def __init__(self, world): ...\n"
        "    def predict(self, snapshot, actions, asked):\n        raise ValueError('no idea')\n"
    )
    with Sitting("lake-4", world_models=f"{tmp_path}/odd.py:Odd", instances=2, runs=tmp_path / "runs") as sitting:
        sitting.begin()
        with pytest.raises(JourneymanError, match="ValueError: no idea"):
            sitting.say("<simulate>Left</simulate>")
        for again in (sitting.begin, lambda: sitting.say("<act>Left</act>")):
            with pytest.raises(JourneymanError, match="ValueError: no idea"):
                again()
        assert sitting.played == 0
        tools = Tools(sitting, WORLD.about, "normal")
        with pytest.raises(JourneymanError, match="no idea"):
            tools.call("new_episode", {})


def test_what_a_users_world_prints_never_reaches_the_client(tmp_path):
    (tmp_path / "loud.py").write_text(
        "from journeyman.foresee.worlds.lake import Lake\n"
        "print('loaded')\n"
        "class Loud(Lake):\n"
        "    def __init__(self):\n        super().__init__(4)\n"
        "    def step(self, action):\n        print('stepping')\n        return super().step(action)\n"
    )
    words = [*COMMAND, str(tmp_path / "loud.py:Loud"), "--runs", str(tmp_path / "runs"), "--instances", "1"]
    asks = [
        {"method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"},
        }},
        {"method": "tools/call", "params": {"name": "new_episode", "arguments": {}}},
        {"method": "tools/call", "params": {"name": "act", "arguments": {"actions": ["Left"]}}},
    ]  # fmt: skip
    with subprocess.Popen(
        words, env=ENV, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        lines = []
        for number, ask in enumerate(asks):
            server.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, **ask}) + "\n")
            server.stdin.flush()
            lines.append(server.stdout.readline())
        server.stdin.close()
        lines += server.stdout.read().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [0, 1, 2]
