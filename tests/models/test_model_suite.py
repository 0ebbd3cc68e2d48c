"""All models pass one suite: scripted ones, one from a folder, a recorded one, and an endpoint over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tiny_model import save_tiny

from journeyman.models import Price, Prompt
from journeyman.models.config import ModelSpec, open_model
from journeyman.models.endpoint import open_endpoint
from journeyman.models.local import open_local
from journeyman.models.recorded import Record, Recorded
from journeyman.models.scripted import open_scripted
from journeyman.testing.endpoint import Behaviour, EndpointServer
from journeyman.testing.models import MakeModel, ModelSuite, ask

PROGRAM = "def reply(messages, seed):\n    return f'{messages[-1].text[:9]} {seed}'\n"


class TestNudge(ModelSuite):
    @pytest.fixture
    def make_model(self) -> MakeModel:
        return lambda: open_scripted("nudge", Price(0.5, 2.0))


class TestRepliesFromAFile(ModelSuite):
    @pytest.fixture
    def make_model(self, tmp_path: Path) -> MakeModel:
        path = tmp_path / "replies.jsonl"
        path.write_text("".join(json.dumps({"text": f"reply {number}"}) + "\n" for number in range(1, 13)))
        return lambda: open_model(f"scripted/{path}")


class TestAProgram(ModelSuite):
    @pytest.fixture
    def make_model(self, tmp_path: Path) -> MakeModel:
        path = tmp_path / "answers.py"
        path.write_text(PROGRAM)
        return lambda: open_model(f"scripted/{path}")


class TestRecorded(ModelSuite):
    @pytest.fixture
    def make_model(self) -> MakeModel:
        with open_scripted("nudge", Price(0.5, 2.0)) as original:
            prompts = [ask(number) for number in range(1, 13)]
            records = {p.key: Record(p.digest, original.complete(p)) for p in prompts}
        return lambda: Recorded("nudge", records, price=original.price)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A tiny model's."""
    torch = pytest.importorskip("torch")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield save_tiny(tmp_path_factory.mktemp("tiny") / "model")
    torch.set_num_threads(threads)


class TestFromAFolder(ModelSuite):
    @pytest.fixture
    def make_model(self, folder: Path) -> MakeModel:
        return lambda: open_local(folder, logprobs=True)

    def ask(self, number: int) -> Prompt:
        return msgspec.structs.replace(ask(number), max_tokens=12)


class OverHttp(ModelSuite):
    """The endpoint's client against a server that answers as the same prompt would be answered again."""

    first: tuple[Behaviour, ...] = ()

    @pytest.fixture
    def make_model(self) -> Iterator[MakeModel]:
        troubles = list(self.first)

        def reply(body: dict[str, Any]) -> str | Behaviour:
            return troubles.pop(0) if troubles else self.said(body)

        with EndpointServer(reply) as server:
            spec = ModelSpec(endpoint=server.url, model="m", backoff_s=0.001, price=Price(0.5, 2.0))
            yield lambda: open_endpoint("served", spec)

    def said(self, body: dict[str, Any]) -> str | Behaviour:
        return f"you said {body['messages'][-1]['content'][-20:]}"


class TestEndpoint(OverHttp):
    pass


class TestEndpointThatIsBusyAtFirst(OverHttp):
    first = (Behaviour.status(429, retry_after="0"), Behaviour.status(503))


class TestEndpointThatDoesNotCount(OverHttp):
    counts = False

    def said(self, body: dict[str, Any]) -> Behaviour:
        return Behaviour.no_usage(f"you said {body['messages'][-1]['content'][-20:]}")


def test_the_prompts_of_the_suite_are_told_apart() -> None:
    prompts: list[Prompt] = [ask(number) for number in range(1, 13)]
    assert len({prompt.digest for prompt in prompts}) == len({prompt.key for prompt in prompts}) == 12
