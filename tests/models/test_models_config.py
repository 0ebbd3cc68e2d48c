"""models.toml: what is read, from where, and one sentence for each thing that is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from remote_kit import PRICE, PROMPT

from journeyman.errors import ModelConfigInvalid, ModelNotFound, UsageError
from journeyman.models import Image, Model, Price, image_of, list_models, open_model, require_price
from journeyman.models.config import read_spec
from journeyman.models.endpoint import Endpoint
from journeyman.testing.endpoint import EndpointServer

WHOLE = """
[models.fast]
endpoint = "https://api.example.org/v1"
model = "small-2"
key = "EXAMPLE_KEY"
temperature = 0.7
top_p = 1
max_tokens = 8000
reasoning = "low"
sees = true
logprobs = true
timeout_s = 90
concurrency = 4

[models.fast.price]
input = 2.0
output = 8
cached_input = 0.5

[models.fast.body]
provider = { order = ["a", "b"] }

[models.fast.headers]
X-Title = "journeyman"

[models."openai/gpt-5-mini"]
endpoint = "https://api.openai.com/v1"
model = "gpt-5-mini"
"""


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("JOURNEYMAN_MODELS", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def written(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "models.toml").write_text(text)
    return folder / "models.toml"


def test_a_whole_table_is_read(tmp_path: Path) -> None:
    specs = list_models(written(tmp_path, WHOLE))
    assert list(specs) == ["fast", "openai/gpt-5-mini"]
    fast = specs["fast"]
    assert (fast.endpoint, fast.model, fast.key) == ("https://api.example.org/v1", "small-2", "EXAMPLE_KEY")
    assert (fast.temperature, fast.top_p, fast.max_tokens, fast.reasoning) == (0.7, 1.0, 8000, "low")
    assert (fast.price, fast.body) == (PRICE, {"provider": {"order": ["a", "b"]}})
    assert (fast.limit_field, fast.sampling) == ("max_tokens", True)


def test_the_first_file_that_exists_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def table(name: str) -> str:
        return f'[models.{name}]\nendpoint = "http://localhost:1/v1"\nmodel = "m"\n'

    assert list_models() == {}
    written(tmp_path / "home" / ".config" / "journeyman", table("from_home"))
    assert list(list_models()) == ["from_home"]
    written(tmp_path / "here", table("from_here"))
    assert list(list_models()) == ["from_here"]
    monkeypatch.setenv("JOURNEYMAN_MODELS", str(written(tmp_path / "named", table("from_variable"))))
    assert list(list_models()) == ["from_variable"]
    assert list(list_models(written(tmp_path / "given", table("given")))) == ["given"]


def test_a_file_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelConfigInvalid, match=r"there is no file of models at .*nowhere.toml$"):
        list_models(tmp_path / "nowhere.toml")
    monkeypatch.setenv("JOURNEYMAN_MODELS", "gone.toml")
    with pytest.raises(ModelConfigInvalid, match=r"at gone.toml \(from \$JOURNEYMAN_MODELS\)"):
        open_model("fast")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[models.x", "is no TOML"),
        ('[model.x]\nmodel = "m"', "'model' is no table of a model: write [models.NAME]"),
        ('models = "x"', "'models' is no table of a model"),
        ('[models]\nfast = "m"', "'models' is no table of a model"),
        ('[models.x]\nmodel = "m"\n[extra]\n', "'extra' is no table"),
    ],
)
def test_a_file_that_is_none(text: str, words: str, tmp_path: Path) -> None:
    file = written(tmp_path, text)
    with pytest.raises(ModelConfigInvalid) as caught:
        list_models(file)
    assert str(caught.value).startswith(str(file))
    assert words in str(caught.value)


GOOD = {"endpoint": "https://api.example.org/v1", "model": "m"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"temprature": 1}, "'temprature' is no setting; did you mean temperature?"),
        ({"zzz": 1}, "'zzz' is no setting; there are endpoint, model, key"),
        ({"endpoint": None}, "endpoint is missing: write the address before /chat/completions"),
        ({"model": None}, "model is missing"),
        ({"endpoint": "api.example.org/v1"}, "endpoint must begin with http:// or https://"),
        ({"endpoint": "ftp://example.org"}, "endpoint must begin with"),
        ({"endpoint": "https://"}, "name a host"),
        ({"endpoint": "http://example.org:port/v1"}, "endpoint is no address"),
        ({"model": "hf/tiny"}, "endpoint makes no sense with 'hf/tiny'"),
        ({"temperature": "hot"}, "temperature: expected `float"),
        ({"max_tokens": 1.5}, "max_tokens: expected `int"),
        ({"sees": "yes"}, "sees: expected `bool`"),
        ({"temperature": -1}, "temperature is -1.0; it must be 0 or more"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"top_p": 1.5}, "top_p is 1.5"),
        ({"max_tokens": 0}, "max_tokens is 0; it must be 1 or more"),
        ({"attempts": 0}, "attempts is 0"),
        ({"concurrency": -2}, "concurrency is -2"),
        ({"image_tokens": 0}, "image_tokens is 0"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"patience_s": float("inf")}, "patience_s is inf"),
        ({"backoff_s": -0.1}, "backoff_s is -0.1"),
        ({"limit_field": "max"}, "limit_field: invalid enum value 'max'"),
        ({"sampling": False, "temperature": 1}, "sampling is false, so temperature"),
        ({"price": 3}, "price: expected `object | null`"),
        ({"price": {"input": 1}}, "price: object missing required field `output`"),
        (
            {"price": {"input": 1, "output": 2, "cached": 3}},
            "price: 'cached' is no setting; did you mean cached_input?",
        ),
        (
            {"price": {"input": -1, "output": 2}},
            "price.input is -1.0; write US dollars per million tokens, 0 or more",
        ),
        ({"price": {"input": 1, "output": float("inf")}}, "price.output is inf"),
        ({"price": {"input": 1, "output": "2"}}, "price.output: expected `float`"),
        ({"body": {"max_tokens": 3}}, "body.max_tokens may not be set here"),
        ({"body": {"stream": True}}, "body.stream may not be set here"),
        ({"body": []}, "body: expected `object`"),
        ({"headers": {"X-A": 1}}, "headers[...]: expected `str`"),
        ({"key": 5}, "key: expected `str`"),
    ],
)
def test_each_fault_of_a_table_is_one_sentence(change: dict[str, Any], words: str) -> None:
    table = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(ModelConfigInvalid) as caught:
        read_spec(table, what="models.toml: model 'fast'")
    text = str(caught.value)
    assert text.startswith("models.toml: model 'fast': ")
    assert words in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("endpoint", "model", "limit_field", "sampling"),
    [
        ("https://api.openai.com/v1", "gpt-4o", "max_completion_tokens", True),
        ("https://api.openai.com/v1", "gpt-5-mini", "max_completion_tokens", False),
        ("https://api.openai.com/v1", "gpt-5-chat-latest", "max_completion_tokens", True),
        ("https://api.openai.com/v1", "o3", "max_completion_tokens", False),
        ("https://me.openai.azure.com/openai/v1", "o4-mini", "max_completion_tokens", False),
        ("https://openrouter.ai/api/v1", "openai/gpt-5", "max_tokens", True),
        ("http://localhost:8000/v1", "gpt-5", "max_tokens", True),
    ],
)
def test_what_is_left_open_fits_the_endpoint(
    endpoint: str, model: str, limit_field: str, sampling: bool
) -> None:
    spec = read_spec({"endpoint": endpoint, "model": model}, what="x")
    assert (spec.limit_field, spec.sampling) == (limit_field, sampling)
    said = {"limit_field": "max_tokens", "sampling": True}
    spec = read_spec({"endpoint": endpoint, "model": model, **said}, what="x")
    assert (spec.limit_field, spec.sampling) == ("max_tokens", True)


def test_a_temperature_that_was_asked_for_is_sent_to_any_model() -> None:
    assert read_spec(
        {"endpoint": "https://api.openai.com/v1", "model": "gpt-5", "temperature": 1.0}, what="x"
    ).sampling


def test_a_name_of_the_file_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_KEY", "abcdefghijk")
    with open_model("fast", file=written(tmp_path, WHOLE)) as model:
        assert isinstance(model, Model)
        assert (model.name, model.sees, model.price) == ("fast", True, PRICE)
        assert require_price(model) is model.price


def test_an_unknown_name_says_which_there_are(tmp_path: Path) -> None:
    file = written(tmp_path, WHOLE)
    with pytest.raises(
        ModelNotFound, match=r"has fast, openai/gpt-5-mini; did you mean fast\?, and there are openai/NAME"
    ):
        open_model("fats", file=file)
    with pytest.raises(
        ModelNotFound, match=r"write openai/NAME, hf/PATH or scripted/NAME, or name it in a models.toml"
    ):
        open_model("fast")
    with pytest.raises(ModelNotFound, match="journeyman optimize opens it"):
        open_model("replay/last")
    for name in ("openai/", "hf/", "", "/"):
        with pytest.raises(ModelNotFound):
            open_model(name)


def test_openai_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelConfigInvalid, match="the environment variable OPENAI_API_KEY is not set"):
        open_model("openai/gpt-5-mini")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    with open_model("openai/gpt-5-mini") as model:
        assert isinstance(model, Endpoint)
        assert (model.name, model.spec.endpoint, model.spec.model) == (
            "openai/gpt-5-mini", "https://api.openai.com/v1", "gpt-5-mini",
        )  # fmt: skip
        assert model.price is None
        with pytest.raises(ModelConfigInvalid, match="model 'openai/gpt-5-mini' has no price"):
            require_price(model)


def test_openai_may_be_another_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with EndpointServer(["hello"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with open_model("openai/my/model") as model:  # on this machine, and so without a key
            assert model.complete(PROMPT).text == "hello"
        assert server.requests[0].body["model"] == "my/model"
        assert server.requests[0].path == "/v1/chat/completions"
        assert "authorization" not in server.requests[0].headers
        monkeypatch.setenv("OPENAI_API_KEY", "local-key-1")
        with open_model("openai/my/model") as model:
            model.complete(PROMPT)
        assert server.requests[1].headers["authorization"] == "Bearer local-key-1"
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:secret@example.org")
    with pytest.raises(ModelConfigInvalid, match="OPENAI_BASE_URL has a user or password in it"):
        open_model("openai/x")


def test_the_file_goes_before_the_prefix_and_gives_it_a_price(tmp_path: Path) -> None:
    table = (
        '[models."openai/x"]\nendpoint = "http://localhost:1/v1"\nmodel = "y"\nprice = {input = 1, output = 2}\n'
        '[models.s]\nmodel = "scripted/nudge"\n'
    )
    file = written(tmp_path, table)
    with open_model("openai/x", file=file) as model:
        assert model.price == Price(1, 2)
    with open_model("s", file=file) as model:
        assert model.name == "s"


def test_a_broken_file_does_not_stand_in_the_way_of_a_script(tmp_path: Path) -> None:
    written(tmp_path / "here", "[models.x]\nbroken = 1")
    with open_model("scripted/nudge") as model:
        assert model.name == "scripted/nudge"
    with pytest.raises(ModelConfigInvalid):
        open_model("openai/x")


def test_pictures_are_known_by_how_they_begin() -> None:
    starts = {
        b"\x89PNG\r\n\x1a\n...": "image/png",
        b"\xff\xd8\xff\xe0...": "image/jpeg",
        b"GIF89a...": "image/gif",
        b"RIFF\0\0\0\0WEBPVP8 ": "image/webp",
    }
    for data, media_type in starts.items():
        assert image_of(data) == Image(media_type, data)
    for data in (b"", b"<svg/>", b"RIFF\0\0\0\0WAVEfmt "):
        with pytest.raises(UsageError, match="no PNG, JPEG, GIF or WebP"):
            image_of(data)
    with pytest.raises(UsageError, match="not 'image/svg"):
        Image("image/svg+xml", b"<svg/>")


def test_importing_loads_no_http_library_and_no_torch() -> None:
    code = "import sys, journeyman.models; print(sorted({'httpx', 'torch', 'numpy', 'anyio'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
