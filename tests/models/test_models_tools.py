"""Functions that models call: what is offered, what is called, what is sent back, and who takes none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from remote_kit import PRICE, Book, client

from journeyman.errors import UsageError
from journeyman.models import (
    Completion,
    Message,
    Outcome,
    Prompt,
    Tool,
    ToolCall,
    Usage,
    open_model,
    takes_tools,
)
from journeyman.models.bound import input_tokens
from journeyman.models.recorded import Record, Recorded
from journeyman.models.reply import Malformed, read_reply
from journeyman.models.scripted import open_scripted
from journeyman.testing.endpoint import Behaviour, EndpointServer

SCHEMA = {"type": "object", "properties": {"actions": {"type": "array", "items": {"enum": ["Left", "Right"]}}}}
ACT = Tool("act", "Carries actions out.", SCHEMA)
ASKED = (Message("user", "Go left."),)
PROMPT = Prompt(ASKED, key="1/call/1", tools=(ACT,))


def completed(behaviour: Behaviour, prompt: Prompt = PROMPT, **settings: Any) -> Completion:
    with EndpointServer([behaviour]) as server, client(server, tools=True, **settings) as model:
        return model.complete(prompt)


def test_a_function_is_offered_and_its_call_comes_back() -> None:
    with (
        EndpointServer([Behaviour.calls(("act", {"actions": ["Left"]}))]) as server,
        client(server, tools=True) as model,
    ):
        completion = model.complete(PROMPT)
    assert server.requests[0].body["tools"] == [
        {"type": "function", "function": {"name": "act", "description": "Carries actions out.", "parameters": SCHEMA}}
    ]
    assert completion.tool_calls == (ToolCall("call_0", "act", '{"actions": ["Left"]}'),)
    assert (completion.outcome, completion.text, completion.finish) == (Outcome.ANSWERED, "", "tool_calls")


def test_a_call_and_its_result_are_sent_as_such() -> None:
    call = ToolCall("x1", "act", '{"actions":["Left"]}')
    messages = (*ASKED, Message("assistant", "", calls=(call,)), Message("tool", "You went left.", answers="x1"))
    with EndpointServer(["done"]) as server, client(server, tools=True) as model:
        model.complete(Prompt(messages, tools=(ACT,)))
    assert server.requests[0].body["messages"][1:] == [
        {
            "role": "assistant", "content": None,
            "tool_calls": [
                {"id": "x1", "type": "function", "function": {"name": "act", "arguments": '{"actions":["Left"]}'}}
            ],
        },
        {"role": "tool", "tool_call_id": "x1", "content": "You went left."},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "calls"),
    [
        ({"tool_calls": [{"id": "a", "function": {"name": "act", "arguments": "{}"}}]}, [("a", "act", "{}")]),
        ({"tool_calls": [{"function": {"name": "act", "arguments": {"n": 1}}}]}, [("call_0", "act", '{"n": 1}')]),
        ({"tool_calls": [{"id": "a", "function": {"name": "act"}}]}, [("a", "act", "{}")]),
        ({"tool_calls": [{"id": "a", "function": {"name": "act", "arguments": "{bro"}}]}, [("a", "act", "{bro")]),
        ({"tool_calls": [{"id": "a", "type": "web_search"}]}, []),
        ({"tool_calls": []}, []),
        ({"tool_calls": None}, []),
        ({}, []),
    ],
)  # fmt: skip
def test_calls_as_the_endpoints_write_them(message: dict[str, Any], calls: list[tuple[str, str, str]]) -> None:
    completion = completed(Behaviour.ok("I go left.", **message))
    assert [(call.id, call.name, call.arguments) for call in completion.tool_calls] == calls
    assert completion.text == "I go left."


def test_a_call_that_is_no_call_is_not_taken_for_a_reply() -> None:
    body = json.dumps({"choices": [{"message": {"content": "x", "tool_calls": [7]}}]}).encode()
    assert isinstance(read_reply(body), Malformed)


def test_calls_of_nothing_are_an_empty_reply() -> None:
    behaviour = Behaviour.finish("tool_calls", None, tool_calls=[{"id": "a", "function": {"name": ""}}])
    assert completed(behaviour).outcome is Outcome.EMPTY


def test_a_key_in_a_call_is_cut_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "sk-0123456789abcdef")
    completion = completed(Behaviour.calls(("act", {"note": "sk-0123456789abcdef"})), key="A_KEY")
    assert completion.tool_calls[0].arguments == '{"note": "[key]"}'


def test_the_worst_case_counts_functions_and_calls() -> None:
    call = ToolCall("x" * 100, "act", "{}")
    plain, offered = Prompt(ASKED), PROMPT
    said = Prompt((*ASKED, Message("assistant", "", calls=(call,))))
    silent = Prompt((*ASKED, Message("assistant", "")))
    assert input_tokens(offered, 1) - input_tokens(plain, 1) >= len(json.dumps(SCHEMA, separators=(",", ":")))
    assert input_tokens(said, 1) - input_tokens(silent, 1) >= 100
    book = Book()
    with (
        EndpointServer([Behaviour.calls(("act", {"actions": ["Left"]}))]) as server,
        client(server, tools=True, price=msgspec.to_builtins(PRICE)) as model,
    ):
        completion = model.complete(offered, book)
        assert completion.usage is not None
        assert completion.usage.total <= model.worst_case(offered).tokens
    assert len(book.costs) == 1


def test_a_model_that_calls_nothing_is_sent_nothing() -> None:
    with EndpointServer(["hello"]) as server, client(server) as model:
        assert not takes_tools(model)
        with pytest.raises(UsageError, match="model 'loop' calls no functions: set tools = true"):
            model.complete(PROMPT)
        assert server.requests == []
    with open_scripted("nudge") as model, pytest.raises(UsageError, match="calls no functions"):
        model.complete(PROMPT)
    with pytest.raises(UsageError, match="calls no functions"):
        Recorded("m", {}, tools=False).complete(PROMPT)


def test_an_endpoint_that_refuses_functions_says_what_to_set() -> None:
    from journeyman.errors import ModelRejected

    behaviour = Behaviour.status(400, '"auto" tool choice requires --enable-auto-tool-choice')
    with pytest.raises(ModelRejected, match="set tools = false"):
        completed(behaviour)


def test_a_script_calls_functions(tmp_path: Path) -> None:
    script = tmp_path / "caller.py"
    script.write_text(
        "def reply(messages, seed):\n"
        "    if messages[-1].role == 'tool':\n"
        "        return f'{messages[-2].calls[0].name} said {messages[-1].text}'\n"
        "    return {'text': '', 'tool_calls': [{'id': '1', 'name': 'act', 'arguments': '{}'}]}\n"
    )
    (tmp_path / "models.toml").write_text(f'[models.caller]\nmodel = "scripted/{script}"\ntools = true\n')
    with open_model("caller", file=tmp_path / "models.toml") as model:
        assert takes_tools(model)
        first = model.complete(PROMPT)
        assert first.outcome is Outcome.ANSWERED
        assert first.usage is not None
        assert first.usage.output > 0
        messages = (*ASKED, Message("assistant", "", calls=first.tool_calls), Message("tool", "done", answers="1"))
        assert model.complete(Prompt(messages, tools=(ACT,))).text == "act said done"


def test_a_call_on_record_is_given_again() -> None:
    completion = Completion("", Outcome.ANSWERED, Usage(5, 6), tool_calls=(ToolCall("1", "act", "{}"),))
    assert msgspec.json.decode(msgspec.json.encode(completion), type=Completion) == completion
    with Recorded("m", {PROMPT.key: Record(PROMPT.digest, completion)}) as model:
        assert model.complete(PROMPT) == completion


def test_replies_from_before_there_were_calls_are_read() -> None:
    old = b'{"text":"hi","outcome":"answered","usage":null,"micro_usd":null,"model":"","finish":"stop"}'
    assert msgspec.json.decode(old, type=Completion).tool_calls == ()


def test_without_functions_a_digest_is_what_it_was() -> None:
    prompt = Prompt((Message("system", "You are terse."), Message("user", "Say hello.")), max_tokens=5)
    assert prompt.digest == "7d523e2cf20170422e7f33c1b8b4b5d46b977f80bb2543879994f52843cbef67"
