"""Agents by their names: language models in text and by functions, replies on record, commands, users' own classes."""

from __future__ import annotations

import gc
import json
import os
import re
import sys
import time

import msgspec
import pytest

from journeyman.errors import EpisodeFailed, ModelNotFound, ReplayMismatch, UsageError
from journeyman.foresee.agents.agent import format_of, keeps_replies, models_of, waits
from journeyman.foresee.agents.open import agent_names, open_agent
from journeyman.foresee.agents.prompts import wording_of
from journeyman.foresee.agents.recorded import Line
from journeyman.foresee.draws import Draws
from journeyman.foresee.evaluate import evaluate
from journeyman.foresee.protocol.episode import play
from journeyman.foresee.protocol.scene import Scene
from journeyman.foresee.world_models.exact import Exact
from journeyman.foresee.worlds.registry import open_world
from journeyman.testing.endpoint import Behaviour, EndpointServer

WORLD = open_world("lake-4")
INSTANCE = WORLD.instances(1)[0]
EXACT = Exact(WORLD)


def played(make, mode="normal", seed=0, instance=INSTANCE, memory="restart", texts=None):
    """One episode; `texts` collects what was said."""
    said = [] if texts is None else texts

    def keep(text):
        said.append(text)
        return str(len(said))

    return play(Scene(WORLD, EXACT, mode, memory), instance, make(), Draws(seed), keep=keep)


def way():
    """Names of a shortest way on the instance."""
    WORLD.reset(options={"instance": INSTANCE.id})
    names = []
    while best := WORLD.best_actions(WORLD.snapshot()):
        names.append(WORLD.about.actions[best[0]])
        WORLD.step(best[0])
    return names


# --- language models --------------------------------------------------------------------------------------------------


def served(server, folder, *, tools=False):
    path = folder / "models.toml"
    flag = str(tools).lower()
    path.write_text(f'[models.m]\nendpoint = "{server.url}"\nmodel = "m"\ntools = {flag}\nseeded = true\n')
    return path


def test_a_text_model_is_asked_again_and_then_loses_a_turn(tmp_path):
    replies = ["Hm.", "<act>Jump</act>", f"<act>{way()[0]}</act>", "<answer>enough</answer>"]
    with EndpointServer(replies) as server:
        make = open_agent("m", WORLD, models=served(server, tmp_path))
        episode = played(make)
        models_of(make)[0].close()
    assert [d.context for d in episode.decisions] == ["P", "P", "E", "A"]
    assert episode.reason == "answered"
    asked = [request.body["messages"][-1]["content"] for request in server.requests]
    assert asked[1].startswith("Your reply could not be read: it has none of <simulate>...</simulate>")
    assert "'Jump' is no action; the actions are Left, Down, Right, Up" in episode.decisions[1].refusal
    assert "this turn passes" in asked[2]
    assert asked[3].startswith(f"OBSERVATION. You did: {way()[0]}.")
    assert len({request.body["seed"] for request in server.requests}) == 4


def test_seeds_follow_the_episode_and_not_the_clock(tmp_path):
    def seeds(seed):
        with EndpointServer(["<simulate>Left</simulate>", "<answer>no</answer>"]) as server:
            make = open_agent("m:temperature=0.7,max_tokens=99", WORLD, models=served(server, tmp_path))
            played(make, seed=seed)
            models_of(make)[0].close()
        assert {(r.body["temperature"], r.body["max_tokens"]) for r in server.requests} == {(0.7, 99)}
        return [request.body["seed"] for request in server.requests]

    assert seeds(0) == seeds(0)
    assert not set(seeds(0)) & set(seeds(1))


def test_functions_are_the_same_grammar(tmp_path):
    names = way()
    replies = [
        Behaviour.calls(("simulate", {"alternatives": [[names[0]], ["Up", "Up"]]}), text="Compare."),
        Behaviour.calls(("simulate", {"alternatives": [names[:1]], "from": 0}), text=""),
        Behaviour.calls(("act", {"actions": ["Jump"]})),
        Behaviour.calls(("act", {"actions": names[:1]}), ("act", {"actions": names[:1]})),
        Behaviour.calls(("fly", "not json")),
        Behaviour.calls(("act", "not json")),
        f"In words, then: <act>{names[0]}</act>",
        Behaviour.calls(("answer", {"answer": "a < b", "confidence": 0.25})),
    ]
    texts = []
    with EndpointServer(replies) as server:
        make = open_agent("m", WORLD, models=served(server, tmp_path, tools=True))
        episode = played(make, memory="continue", texts=texts)
        models_of(make)[0].close()
    assert [d.context for d in episode.decisions] == ["W", "W", "W", "P", "P", "P", "P", "E", "A"]
    assert texts[0] == f"Compare.\n<simulate>{names[0]} | Up, Up</simulate>"
    assert texts[1] == f'<simulate from="0">{names[0]}</simulate>'
    assert texts[2] == "<act>Jump</act>"
    refused = [d.refusal for d in episode.decisions if d.context == "P"]
    assert "'Jump' is no action" in refused[0]
    assert "2 of them (<act> and <act>)" in refused[1]
    assert "none of" in refused[2]
    assert "'not json' is no action" in refused[3]
    assert (episode.decisions[-1].confidence, episode.answer) == (0.25, "a \u2039 b")
    bodies = [request.body for request in server.requests]
    assert [tool["function"]["name"] for tool in bodies[0]["tools"]] == ["simulate", "act", "answer"]
    # A call that was understood is told as a call with its result; what was not, as what it said.
    first, second = bodies[2]["messages"][2:4], bodies[2]["messages"][4:6]
    assert first[0]["content"] == "Compare."
    arguments = json.loads(first[0]["tool_calls"][0]["function"]["arguments"])
    assert arguments == {"alternatives": [[names[0]], ["Up", "Up"]]}
    assert first[1]["tool_call_id"] == first[0]["tool_calls"][0]["id"] != second[0]["tool_calls"][0]["id"]
    assert first[1]["content"].startswith("HYPOTHETICAL (call 0, alternative 1 of 2)")
    assert json.loads(second[0]["tool_calls"][0]["function"]["arguments"])["from"] == 0
    assert bodies[3]["messages"][-2] == {"role": "assistant", "content": "<act>Jump</act>"}
    assert bodies[3]["messages"][-1]["role"] == "user"
    ids = [m["tool_call_id"] for m in bodies[-1]["messages"] if m["role"] == "tool"]
    assert ids == [c["id"] for m in bodies[-1]["messages"] for c in m.get("tool_calls", ())]


def test_functions_in_mode_invisible_say_nothing_of_a_simulator(tmp_path):
    with EndpointServer([Behaviour.calls(("answer", {"answer": "no", "confidence": 0.5}))]) as server:
        make = open_agent("m:confidence=true,reading=true", WORLD, models=served(server, tmp_path, tools=True))
        assert played(make, mode="invisible").reason == "answered"
        models_of(make)[0].close()
    body = server.requests[0].body
    assert "imulat" not in json.dumps(body)
    assert "hypothetical" not in json.dumps(body).lower()
    assert body["tools"][0]["function"]["parameters"]["required"] == ["actions", "confidence"]
    assert "reading" not in body["tools"][0]["function"]["parameters"]["properties"]


def test_tools_may_be_left_unused(tmp_path):
    with EndpointServer(["<answer>no</answer>"]) as server:
        make = open_agent("m:tools=false", WORLD, models=served(server, tmp_path, tools=True))
        played(make)
        models_of(make)[0].close()
    assert "tools" not in server.requests[0].body
    assert "# Functions" not in server.requests[0].body["messages"][0]["content"]


def test_ablations_of_wording_are_part_of_the_name(tmp_path):
    with EndpointServer(["<answer>no</answer>"]) as server:
        name = "m:order=first,tone=encouraging,cost=0.02,claim=exact,reading=true"
        make = open_agent(name, WORLD, models=served(server, tmp_path))
        played(make)
        models_of(make)[0].close()
    system = server.requests[0].body["messages"][0]["content"]
    assert system.index("# Simulator") < system.index("# Acting")
    for words in ("recommended", "score by 0.02", "exact copy", "at=... on=... terminal=... success=..."):
        assert words in system


def test_a_colon_in_a_models_name_is_none_of_a_setting(monkeypatch):
    with EndpointServer(["<answer>no</answer>"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        make = open_agent("openai/qwen3:8b:tone=encouraging", WORLD)
        played(make)
        models_of(make)[0].close()
    assert server.requests[0].body["model"] == "qwen3:8b"


def test_names_and_settings_that_are_none_are_refused_in_a_sentence(tmp_path):
    (tmp_path / "models.toml").write_text('[models.m]\nmodel = "scripted/nudge"\n')
    file = tmp_path / "models.toml"
    with pytest.raises(ModelNotFound, match=r"there is no model 'mm'.*did you mean m\?.*other agents are scripted"):
        open_agent("mm", WORLD, models=file)
    for name, why in [
        ("m:tune=loud", "m has no setting 'tune'; it has .*tools.*tone"),
        ("m:tone=loud", "tone is 'loud'; it is neutral or encouraging"),
        ("m:cost=-1", "cost is -1"),
        ("m:hope=all", "hope is 'all'"),
        ("m:confidence=perhaps", "'perhaps' is no bool"),
        ("recorded:", "names no record"),
        ("recorded:none.jsonl", "there is no file none.jsonl of replies"),
        ("recorded:last,cell=0", "'last' would be another run as soon as this one has begun; name the run"),
        ("cmd:", "names no command"),
        ("cmd:'", "is no command"),
        ("cmd:speed=2 ls", "cmd has no setting 'speed'"),
        ("cmd:timeout=0 ls", "timeout is 0"),
        ("none.py:Agent", "there is no file none.py"),
        ("none.py", "names no class; write none.py:CLASS"),
    ]:
        with pytest.raises(UsageError, match=why):
            open_agent(name, WORLD, models=file)
    assert {name.partition(":")[0] for name in agent_names()} >= {"scripted", "recorded", "cmd"}


# --- on record --------------------------------------------------------------------------------------------------------


def record_of(episode, texts, path, seed=None):
    lines = [
        Line(episode.instance, texts[int(d.text) - 1], d.state, seed, {"tokens_in": 3}) for d in episode.replies
    ]
    path.write_bytes(b"\n".join(map(msgspec.json.encode, lines)))


def test_what_was_said_is_said_again_in_order(tmp_path):
    scripted, texts = open_agent("scripted:perception=0", WORLD), []
    assert (format_of(scripted), keeps_replies(scripted)) == ("symbols", False)
    first = played(scripted, texts=texts)
    assert first.success
    record_of(first, texts, tmp_path / "said.jsonl")
    again = played(open_agent(f"recorded:{tmp_path / 'said.jsonl'}", WORLD), texts=[])
    assert [(d.context, d.actions, d.state) for d in again.decisions] == [
        (d.context, d.actions, d.state) for d in first.decisions
    ]
    assert again.tokens_in == 3 * len(first.decisions)


def test_a_record_says_where_the_episode_leaves_it(tmp_path):
    texts = []
    record_of(played(open_agent("scripted:perception=0", WORLD), texts=texts), texts, tmp_path / "said.jsonl")
    lines = (tmp_path / "said.jsonl").read_text().splitlines()
    other = WORLD.instances(2)[1]

    def raised(*lines, instance=INSTANCE, seed=0):
        (tmp_path / "changed.jsonl").write_text("\n".join(lines))
        make = open_agent(f"recorded:{tmp_path / 'changed.jsonl'}", WORLD)
        with pytest.raises(ReplayMismatch) as caught:
            played(make, instance=instance, seed=seed)
        return str(caught.value)

    assert "past its record: reply 2 of instance" in raised(lines[0])
    moved = json.loads(lines[2]) | {"state": "0" * 16}
    assert "leaves its record at reply 3" in raised(*lines[:2], json.dumps(moved), *lines[3:])
    assert "was in 0000000000000000 then" in raised(*lines[:2], json.dumps(moved), *lines[3:])
    assert f"has no replies for instance '{other.id}'" in raised(*lines, instance=other)
    seeded = [json.dumps(json.loads(line) | {"seed": 5}) for line in lines]
    assert "with seed 0; it has those of 1 others, such as" in raised(*seeded)
    (tmp_path / "bad.jsonl").write_text(f"{lines[0]}\n{{}}\n")
    with pytest.raises(UsageError, match=r"line 2 of .*bad.jsonl is no reply"):
        open_agent(f"recorded:{tmp_path / 'bad.jsonl'}", WORLD)
    (tmp_path / "bad.jsonl").write_text("\n")
    with pytest.raises(UsageError, match="holds no replies"):
        open_agent(f"recorded:{tmp_path / 'bad.jsonl'}", WORLD)


# --- commands ---------------------------------------------------------------------------------------------------------

WALKER = """
import json, os, sys
print("I am", os.getpid(), file=sys.stderr, flush=True)
for line in sys.stdin:
    turn = json.loads(line)
    if turn["begin"]:
        begin, asked = turn["begin"], False
        assert begin["world"]["actions"] == ["Left", "Down", "Right", "Up"], begin
    kinds = [event["kind"] for event in turn["events"]]
    grid = turn["events"][-1]["symbols"].split("\\n")
    assert turn["calls_left_now"] <= turn["calls_left"] and turn["real_left"] > 0
    text = "<act>%s</act>" if asked or begin["mode"] == "invisible" else "<simulate>%s</simulate>"
    asked = not asked
    print(json.dumps({"text": text % WAY[begin["cap"] - turn["real_left"]], "usage": {"tokens_in": 7}}), flush=True)
"""


def program(folder, text, name="agent.py"):
    path = folder / name
    path.write_text(text.replace("WAY", repr(way())))
    return f"{sys.executable} {path}"


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(pid):
    for _ in range(200):
        if not alive(pid):
            return True
        time.sleep(0.02)
    return False


def test_a_command_plays_episodes_one_after_the_other_and_is_ended(tmp_path):
    make = open_agent(f"cmd:{program(tmp_path, WALKER)}", WORLD)
    assert waits(make)
    first, second = played(make), played(make)
    assert first.success
    assert [d.context for d in first.decisions] == ["W", "E"] * INSTANCE.optimal
    assert first.decisions == second.decisions
    assert first.tokens_in == 7 * len(first.decisions)
    assert len(make._pool._all) == 1, "the same process played both"
    pid = make._pool._all[0]._process.pid
    assert alive(pid)
    make.close()
    assert gone(pid)
    with pytest.raises(EpisodeFailed, match="was closed"):
        played(make)


def test_episodes_at_once_have_a_process_each(tmp_path):
    make = open_agent(f"cmd:{program(tmp_path, WALKER)}", WORLD)
    one, other = make(), make()
    scene = Scene(WORLD, EXACT, "invisible")
    play(scene, INSTANCE, one, Draws(0))
    play(scene, INSTANCE, other, Draws(0))
    assert len(make._pool._all) == 2
    pids = [process._process.pid for process in make._pool._all]
    one.close()
    assert len(make._pool._idle) == 1
    del other, make
    gc.collect()
    assert all(map(gone, pids))


def test_its_children_are_ended_with_it(tmp_path):
    child = tmp_path / "pid"
    text = (
        "import json, subprocess, sys\n"
        f"child = subprocess.Popen(['sleep', '600']); open({str(child)!r}, 'w').write(str(child.pid))\n"
        "for line in sys.stdin: print(json.dumps({'text': '<answer>no</answer>'}), flush=True)\n"
    )
    make = open_agent(f"cmd:{program(tmp_path, text)}", WORLD)
    assert played(make).reason == "answered"
    make.close()
    assert gone(int(child.read_text()))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("import sys; sys.exit('no weights')", "ended with status 1 without a reply; the last of its stderr: no weights"),
        ("input(); print('hello')", "wrote 'hello', which is no reply as"),
        ("input(); print('{\"txt\": \"a\"}')", "which is no reply as"),
        ("input(); print('{\"text\": \"a\"', end='')", "ended with status 0 in the middle of a line"),
        ("import time; time.sleep(600)", "gave no reply within 0.5 s"),
        ("import os; os.write(1, b'{\"text\": \"\"}\\n' * 2); input(); input()", "wrote more than one line"),
        ("import os\nwhile True: os.write(1, b'x' * 65536)", "a line of more than 1 MiB"),
    ],
)
def test_a_command_that_fails_is_named_with_how(text, why, tmp_path):
    seconds = 0.5 if "within" in why else 20
    make = open_agent(f"cmd:timeout={seconds} {program(tmp_path, text)}", WORLD)
    began = time.monotonic()
    with pytest.raises(EpisodeFailed, match="the agent's command") as caught:
        played(make)
    assert why in str(caught.value)
    assert time.monotonic() - began < 15
    del caught
    gc.collect()
    assert not make._pool._idle
    make.close()


def test_a_command_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="the agent's command /nowhere/agent --fast cannot be started: No such file"):
        played(open_agent("cmd:/nowhere/agent --fast", WORLD))


# --- users' own -------------------------------------------------------------------------------------------------------

MINE = """
from __future__ import annotations
from dataclasses import dataclass
from journeyman.foresee.agents.prompts import Wording

@dataclass
class Mine:
    step: int = 0
    format = "text"
    repeats = True
    wording = Wording(confidence=True)
    def begin(self, brief):
        self.brief = brief
    def reply(self, turn):
        return f"<confidence>0.5</confidence><act>{WAY[self.brief.instance.cap - turn.real_left + self.step]}</act>"

class Silent:
    def begin(self, brief): ...

def broken():
    return 1 / 0
"""


def test_a_class_of_ones_own_plays(tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace("WAY", repr(way())))
    make = open_agent(f"{tmp_path}/mine.py:Mine", WORLD)
    assert (format_of(make), keeps_replies(make), waits(make)) == ("text", False, False)
    assert wording_of(make).confidence
    episode = played(make)
    assert episode.success
    assert [d.confidence for d in episode.decisions] == [0.5] * INSTANCE.optimal
    late = played(open_agent(f"{tmp_path}/mine.py:Mine,step=1", WORLD))
    assert late.decisions[0].actions != episode.decisions[0].actions or len(set(way())) == 1


def test_a_class_of_ones_own_that_cannot_play_is_named(tmp_path):
    (tmp_path / "mine.py").write_text(MINE.replace("WAY", repr(way())))
    (tmp_path / "syntax.py").write_text("def f(:\n")
    for name, why in [
        ("mine.py:Mina", "has no class 'Mina'; it has Mine, Silent"),
        ("mine.py:Silent", "has no 'reply'; reply.turn. gives a text"),
        ("mine.py:broken", r"could not be made: ZeroDivisionError: division by zero \(line 21\)"),
        ("mine.py:Mine,depth=1", "could not be made: TypeError: .*depth"),
        ("syntax.py:Mine", r"cannot be loaded: SyntaxError: .*\(line 1\)"),
    ]:
        with pytest.raises(UsageError, match=why):
            open_agent(f"{tmp_path}/{name}", WORLD)


# --- through an evaluation --------------------------------------------------------------------------------------------


def walker(body):
    """A served model that walks the instance's way, asking before each action; it reads the texts alone."""
    shown = [m["content"] for m in body["messages"] if m["role"] == "user"]
    left = int(re.findall(r"Actions left: (\d+)", "\n".join(shown))[-1])
    step = way()[INSTANCE.cap - left]
    asks = "# Simulator" in body["messages"][0]["content"] and "HYPOTHETICAL" not in shown[-1]
    return f"<simulate>{step}</simulate>" if asks and "call | actions" not in shown[-1] else f"<act>{step}</act>"


def test_an_evaluation_asks_pays_and_can_be_said_again(tmp_path, monkeypatch):
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path / "runs"))
    with EndpointServer(walker) as server:
        file = served(server, tmp_path)
        file.write_text(file.read_text() + "price = { input = 1, output = 2 }\n")
        result = evaluate("lake-4", agents="m", modes=["invisible", "normal"], instances=1, models_file=file, max_usd=10)
    assert [row.success for row in result.rows()] == [1.0, 1.0]
    assert [row.calls for row in result.rows()] == [0.0, float(INSTANCE.optimal)]
    assert len(server.requests) == 3 * INSTANCE.optimal
    again = evaluate("lake-4", agents=f"recorded:{result.run.name},cell=1", modes="normal", instances=1)
    assert len(server.requests) == 3 * INSTANCE.optimal, "nothing is asked for a second time"
    (first,) = [one for one in result.episodes if one.mode == "normal"]
    (second,) = again.episodes
    assert first.micro_usd == first.tokens_in + 2 * first.tokens_out > 0
    assert (second.tokens_in, second.micro_usd) == (first.tokens_in, first.micro_usd)
    for one, other in zip(first.decisions, second.decisions, strict=True):
        assert (one.context, one.actions, one.state, one.after) == (other.context, other.actions, other.state, other.after)


@pytest.mark.parametrize("tools", [False, True])
def test_branches_are_shown_as_a_table_and_not_as_a_mixed_transcript(tools, tmp_path):
    names = way()

    def reply(body):
        last = next(m["content"] for m in reversed(body["messages"]) if m["role"] in ("user", "tool"))
        words = ("simulate", names[0]) if "call | actions" not in last else ("act", names[0])
        if "OBSERVATION. You did" in last:
            words = ("answer", "done")
        if not tools:
            return "<{0}>{1}</{0}>".format(*words)
        given = {"simulate": {"alternatives": [[words[1]]]}, "act": {"actions": [words[1]]}, "answer": {"answer": words[1]}}
        return Behaviour.calls((words[0], given[words[0]]))

    with EndpointServer(reply) as server:
        make = open_agent("m", WORLD, models=served(server, tmp_path, tools=tools))
        episode = played(make, memory="branches")
        models_of(make)[0].close()
    assert [d.context for d in episode.decisions] == ["W", "E", "A"]
    asked = [request.body["messages"] for request in server.requests]
    assert [len(messages) for messages in asked] == [2, 2, 4]
    assert f"0 | {names[0]} | You stand on" in asked[1][-1]["content"]
    assert [m["role"] for m in asked[2]] == ["system", "user", "assistant", "tool" if tools else "user"]
    assert "HYPOTHETICAL" not in asked[2][1]["content"]


def test_what_was_hoped_for_is_on_record(tmp_path, monkeypatch):
    """A world model that complies shows what is hoped for: without the hopes, a record would be answered otherwise."""
    monkeypatch.setenv("JOURNEYMAN_RUNS", str(tmp_path / "runs"))
    (tmp_path / "hopes.py").write_text(
        "from journeyman.foresee.agents.agent import Reply\n"
        "class Hopes:\n"
        "    def begin(self, brief):\n        self.n = 0\n"
        "    def reply(self, turn):\n"
        "        self.n += 1\n"
        "        tag = 'simulate' if self.n % 2 else 'act'\n"
        "        name = ('Left', 'Down', 'Right', 'Up')[self.n // 2 % 4]\n"
        "        return Reply(f'<{tag}>{name}</{tag}>', extra={'hope': 'safe'})\n"
    )
    model = "exact+compliance=1"
    asked = {"world_models": model, "modes": "normal", "instances": 30}
    first = evaluate("lake-4", agents=f"{tmp_path}/hopes.py:Hopes", **asked)
    assert any(d.realised.get("compliance") and d.predicted != d.true for e in first.episodes for d in e.decisions)
    assert {d.hope for e in first.episodes for d in e.decisions if d.context == "W"} == {"safe"}
    again = evaluate("lake-4", agents=f"recorded:{first.run.name}", **asked)
    for one, other in zip(first.episodes, again.episodes, strict=True):
        assert [(d.context, d.predicted, d.hope) for d in one.decisions] == [
            (d.context, d.predicted, d.hope) for d in other.decisions
        ]


def test_a_command_is_shown_the_table_of_branches(tmp_path):
    text = (
        "import json, sys\n"
        "for number, line in enumerate(sys.stdin):\n"
        "    turn = json.loads(line)\n"
        "    tables = [e['text'] for e in turn['present'] if 'call | actions' in e['text']]\n"
        "    assert len(tables) == (number > 0), turn\n"
        "    assert turn['present'][0]['kind'] == 'real' and len(turn['events']) == 1, turn\n"
        "    word = 'answer' if tables else 'simulate'\n"
        "    print(json.dumps({'text': f'<{word}>Left</{word}>'}), flush=True)\n"
    )
    make = open_agent(f"cmd:{program(tmp_path, text)}", WORLD)
    assert [d.context for d in played(make, memory="branches").decisions] == ["W", "A"]
    make.close()
