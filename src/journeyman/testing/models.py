"""What every model must pass. Inherit and give one fixture:

    class TestMine(ModelSuite):
        @pytest.fixture
        def make_model(self):
            return lambda: Mine("mine")

Each call of it gives a new, open model that answers the prompts of `ask`, which a subclass may replace. `deterministic`
says whether equal prompts with equal seeds have equal replies; `counts` whether every reply says what it took.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from journeyman.errors import BudgetExhausted, ModelUnavailable
from journeyman.models import Completion, Cost, Message, Model, Outcome, Price, Prompt

MakeModel = Callable[[], Model]


def ask(number: int) -> Prompt:
    """The prompts of the suite, one for each number from 1 on, each with a key, a seed and a cap."""
    messages = (
        Message("system", "You improve designs."),
        Message("user", f"# Candidate to improve\n\n### FILE: a.py\n```python\nx = {number}.5\n```\n"),
    )
    return Prompt(messages, key=f"{number}/call/1", seed=number, max_tokens=40)


class Counted:
    """A meter that writes down what it was told. Once there are `limit` reservations it refuses further ones."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.reserved: list[Cost] = []
        self.settled: list[tuple[Cost | None, Completion | None]] = []
        self.course: list[str] = []
        self._lock = threading.Lock()

    def reserve(self, worst: Cost) -> None:
        """Write down, or refuse."""
        with self._lock:
            if self.limit is not None and len(self.reserved) >= self.limit:
                self.course.append("refuse")
                raise BudgetExhausted("tokens", self.limit, len(self.reserved), worst.tokens)
            self.course.append("reserve")
            self.reserved.append(worst)

    def settle(self, actual: Cost | None, completion: Completion | None) -> None:
        """Write down."""
        with self._lock:
            self.course.append("settle")
            self.settled.append((actual, completion))


class ModelSuite:
    """The rules of `journeyman.models.model`, as tests."""

    deterministic = True
    counts = True

    @pytest.fixture
    def make_model(self) -> MakeModel:
        """A maker of open models."""
        raise NotImplementedError("give a fixture make_model that returns a function without arguments")

    def ask(self, number: int) -> Prompt:
        """A prompt that the model answers; numbers 1 to 12 are used."""
        return ask(number)

    def test_says_its_name_its_price_and_whether_it_sees(self, make_model: MakeModel) -> None:
        with make_model() as model:
            assert isinstance(model, Model)
            assert model.name
            assert "\n" not in model.name
            assert model.sees in (True, False)
            assert model.price is None or isinstance(model.price, Price)

    def test_answers_with_a_named_outcome(self, make_model: MakeModel) -> None:
        with make_model() as model:
            completion = model.complete(self.ask(1))
        assert isinstance(completion, Completion)
        assert completion.outcome in Outcome
        if completion.outcome in (Outcome.ANSWERED, Outcome.CUT):
            assert completion.text.strip()
        assert completion.latency_s >= 0
        assert completion.attempts >= 1
        if completion.logprobs is not None:
            assert all(token.logprob <= 0 for token in completion.logprobs)

    def test_a_reply_survives_the_log(self, make_model: MakeModel) -> None:
        with make_model() as model:
            completion = model.complete(self.ask(1))
        assert msgspec.json.decode(msgspec.json.encode(completion), type=Completion) == completion

    def test_usage_is_sane_and_within_the_worst_case(self, make_model: MakeModel) -> None:
        with make_model() as model:
            for number in range(1, 5):
                prompt = self.ask(number)
                worst = model.worst_case(prompt)
                completion = model.complete(prompt)
                usage = completion.usage
                assert usage is not None or not self.counts
                if usage is None:
                    assert completion.micro_usd is None
                    continue
                assert usage.input > 0
                assert 0 <= usage.cached <= usage.input
                assert 0 <= usage.reasoning <= usage.output
                assert usage.total <= worst.tokens
                if model.price is not None:
                    assert completion.micro_usd == model.price.micro_usd(usage)
                    assert completion.micro_usd <= worst.micro_usd

    def test_each_attempt_is_reserved_and_then_settled_with_its_reply(self, make_model: MakeModel) -> None:
        with make_model() as model:
            for number in range(1, 4):
                meter, prompt = Counted(), self.ask(number)
                completion = model.complete(prompt, meter)
                assert meter.course == ["reserve", "settle"] * completion.attempts
                assert meter.reserved == [model.worst_case(prompt)] * completion.attempts
                actual, said = meter.settled[-1]
                assert said == completion
                if completion.usage is None:
                    assert actual is None
                else:
                    assert actual == Cost(completion.usage.total, completion.micro_usd or 0)

    def test_a_refused_reservation_reaches_the_caller_and_charges_nothing(
        self, make_model: MakeModel
    ) -> None:
        with make_model() as model:
            meter = Counted()
            attempts = model.complete(self.ask(1), meter).attempts
            meter.limit = attempts
            with pytest.raises(BudgetExhausted):
                model.complete(self.ask(2), meter)
            assert meter.course == [*["reserve", "settle"] * attempts, "refuse"]
            model.complete(self.ask(2))

    def test_many_threads_may_call_at_once(self, make_model: MakeModel) -> None:
        prompts = [self.ask(number) for number in range(1, 13)]
        meters = [Counted() for _ in prompts]
        start = threading.Barrier(len(prompts))
        with make_model() as model:

            def call(prompt: Prompt, meter: Counted) -> Completion:
                start.wait()
                return model.complete(prompt, meter)

            with ThreadPoolExecutor(len(prompts)) as pool:
                at_once = list(pool.map(call, prompts, meters))
            for completion, meter in zip(at_once, meters, strict=True):
                assert meter.course == ["reserve", "settle"] * completion.attempts
                assert meter.settled[-1][1] == completion
            if self.deterministic:
                one_by_one = [model.complete(prompt) for prompt in prompts]
                assert [c.text for c in at_once] == [c.text for c in one_by_one]

    def test_the_same_prompt_and_seed_have_the_same_reply(self, make_model: MakeModel) -> None:
        if not self.deterministic:
            pytest.skip("this model has chance of its own")
        with make_model() as one, make_model() as other:
            order = [1, 2, 3, 4]
            forward = {number: one.complete(self.ask(number)) for number in order}
            backward = {number: other.complete(self.ask(number)) for number in reversed(order)}
        for number in order:
            # Seconds and attempts are the weather's.
            first, second = (
                msgspec.structs.replace(said[number], latency_s=0.0, attempts=1)
                for said in (forward, backward)
            )
            assert first == second

    def test_does_not_change_the_prompt(self, make_model: MakeModel) -> None:
        with make_model() as model:
            prompt, untouched = self.ask(1), self.ask(1)
            model.worst_case(prompt)
            model.complete(prompt)
        assert prompt == untouched
        assert prompt.digest == untouched.digest

    def test_closed_it_answers_no_more_and_charges_nothing(self, make_model: MakeModel) -> None:
        model = make_model()
        model.complete(self.ask(1))
        model.close()
        model.close()
        meter = Counted()
        with pytest.raises(ModelUnavailable):
            model.complete(self.ask(2), meter)
        assert [cost for cost, _ in meter.settled if cost != Cost()] == []
        assert len(meter.settled) == len(meter.reserved)
