"""The prompts recipe on real models: pairs that differ in one word's embedding, so that what must come out is known."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.prompts import read_prompts
from journeyman.distill.data.templates import render_all
from journeyman.distill.diagnostics.in_pass import Observer
from journeyman.distill.losses.divergence import divergence
from journeyman.distill.losses.spec import LossSpec
from journeyman.distill.losses.weights import token_weights
from journeyman.distill.model import LanguageModel, open_model
from journeyman.distill.recipes.alignment import measure_prompts, student_entropies
from journeyman.distill.recipes.by_template import judged
from journeyman.distill.recipes.evaluate import batch_seed
from journeyman.distill.recipes.prompts import (
    compare_templates,
    drop_known,
    mix_prompts,
    select_prompts,
    write_recipe,
)
from journeyman.distill.rollout.engines import sampler_for
from journeyman.distill.rollout.rollouts import Batch, pack
from journeyman.distill.rollout.sampling import Sampling
from journeyman.distill.rollout.score import log_probs_of
from journeyman.distill.teacher.in_process import InProcess
from journeyman.distill.teacher.signal import ServedSignal
from journeyman.errors import DataInvalid, ModelUnsuitable, UsageError
from journeyman.report.table import aligned
from journeyman.stats.interval import Interval

SHORT = Sampling(max_tokens=10)
GREEDY = Sampling(temperature=0.0, max_tokens=10)


@pytest.fixture(scope="module")
def student(tiny: Callable[..., Path]) -> LanguageModel:
    return open_model(tiny("recipe"))


def confused_by(model: LanguageModel, *words: str) -> LanguageModel:
    """The same model, except that it reads these words as something quite different."""
    twin = copy.deepcopy(model.model)
    with torch.no_grad():
        for at, word in enumerate(words):
            noise = torch.randn(twin.config.hidden_size, generator=torch.Generator().manual_seed(at))
            twin.get_input_embeddings().weight[model.tokenizer.convert_tokens_to_ids(word)] = noise
    return replace(model, name=f"{model.name} confused", model=twin)


def ask(question: str, answer: str | None = None) -> Prompt:
    return Prompt((("user", question),), question, answer, question)


PLAIN = [ask(f"{i} + {j} =", str(i + j)) for i in range(4) for j in range(3)]
STRANGE = [ask(f"! {i} ! {j} !", "0") for i in range(4) for j in range(3)]


def test_a_model_agrees_with_itself_entirely(student: LanguageModel) -> None:
    ids = render_all(PLAIN, student).ids
    for found in measure_prompts(student, student, PLAIN, ids, sampling=SHORT, k_metric=4):
        assert found.values["overlap/ratio"] == 1
        assert found.values["divergence/full"] == pytest.approx(0, abs=1e-6)
        assert found.values["log_ratio"] == pytest.approx(0, abs=1e-6)
        assert found.values["entropy/gap"] == pytest.approx(0, abs=1e-6)
        assert found.values["overlap/mass_student"] == found.values["overlap/mass_teacher"] <= 1


def test_figures_of_a_prompt_are_the_observers(student: LanguageModel, tiny: Callable[..., Path]) -> None:
    teacher = open_model(tiny("recipe-teacher", seed=3))
    ids = render_all(PLAIN[:1], student).ids
    [found] = measure_prompts(student, teacher, PLAIN[:1], ids, sampling=SHORT, n=3, seed=2, k_metric=4)
    rollouts = sampler_for(student).sample(ids, 3, SHORT, batch_seed(2, 0))
    batch = pack(rollouts, student.pad_id)
    observer = Observer(batch.tokens, batch.lengths, batch.positions, 4, finished=rollouts.finished)
    with torch.no_grad():
        divergence(
            student.hidden(batch.ids, batch.mask)[batch.rows, batch.columns], student.head(),
            teacher.hidden(batch.ids, batch.mask)[batch.rows, batch.columns], teacher.head(),
            batch.tokens, token_weights(batch.lengths, "token-mean"), LossSpec(form="full"), observe=observer,
        )  # fmt: skip
    theirs = observer.metrics()
    for name, value in found.values.items():
        known = -theirs["divergence/sampled"] if name == "log_ratio" else theirs[name]
        assert value == pytest.approx(known, rel=1e-4, abs=1e-5), name


def test_the_entropy_of_a_student_needs_no_teacher(student: LanguageModel) -> None:
    ids = render_all(PLAIN, student).ids
    alone = student_entropies(student, PLAIN, ids, sampling=SHORT, seed=1)
    with_teacher = measure_prompts(student, student, PLAIN, ids, sampling=SHORT, seed=1)
    assert alone == pytest.approx([found.values["entropy/student"] for found in with_teacher], rel=1e-5)


def test_the_template_that_the_teacher_knows_is_found(student: LanguageModel, tmp_path: Path) -> None:
    # The teacher stumbles over "!"; a template full of it is not the teacher's.
    strange = tmp_path / "strange.txt"
    strange.write_text("! ! {question} ! !", encoding="utf-8")
    teacher = confused_by(student, "!")
    prompts = [*PLAIN, *(ask(f"{i} - 1 =") for i in range(9))]
    found = compare_templates(student, teacher, prompts, (str(strange), "chat"), sampling=SHORT, n=2, k_metric=4)
    assert (found.best, found.decided) == ("chat", True)
    assert found.means["chat"]["overlap/ratio"].mean > found.means[str(strange)]["overlap/ratio"].mean
    assert found.means["chat"]["divergence/full"].mean < found.means[str(strange)]["divergence/full"].mean
    difference = found.differences["chat"]["overlap/ratio"]
    assert difference.mean == pytest.approx(
        found.means["chat"]["overlap/ratio"].mean - found.means[str(strange)]["overlap/ratio"].mean
    )
    assert difference.low is not None
    assert difference.low > 0
    # The other way round the template in use is the better one, and that is said.
    back = compare_templates(student, teacher, prompts, ("chat", str(strange)), sampling=SHORT, n=2, k_metric=4)
    assert (back.best, back.decided) == ("chat", True)
    assert "stay with it" in back.sentence
    table = aligned(back.table())
    assert f"{strange} - chat" in table
    assert back.sentence in table


def test_templates_without_a_difference_stay_undecided(student: LanguageModel) -> None:
    seen: list[tuple[int, int]] = []
    found = compare_templates(
        student, student, PLAIN, ("chat", "raw"), sampling=SHORT, k_metric=4,
        on_progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert (found.best, found.decided) == ("chat", False)
    assert "No template is surely better" in found.sentence
    assert seen[-1] == (24, 24)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    with pytest.raises(UsageError, match="two different"):
        compare_templates(student, student, PLAIN, ("chat", "chat"))


@pytest.mark.parametrize(
    ("overlap", "divergence", "best", "decided"),
    [
        ((0.02, 0.06), (-0.2, -0.1), "b", True),
        ((0.02, 0.06), (-0.1, 0.1), "b", True),
        ((0.02, 0.06), (0.1, 0.2), "a", False),  # more shared tokens, and yet further apart
        ((-0.01, 0.06), (-0.2, -0.1), "a", False),
        ((-0.06, -0.02), (0.1, 0.2), "a", True),
    ],
)
def test_what_makes_a_template_the_better_one(
    overlap: tuple[float, float], divergence: tuple[float, float], best: str, decided: bool
) -> None:
    def between(low: float, high: float) -> Interval:
        return Interval((low + high) / 2, low, high, 30)

    means = {"a": {"overlap/ratio": between(0.7, 0.8)}, "b": {"overlap/ratio": between(0.7 + overlap[0], 0.8 + overlap[1])}}
    found = judged("a", means, {"b": {"overlap/ratio": between(*overlap), "divergence/full": between(*divergence)}})
    assert found[:2] == (best, decided)


def test_templates_are_compared_on_prompts_that_fit_all_of_them(student: LanguageModel) -> None:
    # The context has room for the long one as it is, but not with the words of a template around it.
    long = ask("+ " * 245)
    assert len(render_all([long], student, "raw").ids[0]) < student.context
    found = compare_templates(student, student, [*PLAIN[:3], long], ("raw", "boxed"), sampling=SHORT, k_metric=4)
    assert (found.prompts, found.dropped) == (3, 1)
    with pytest.raises(DataInvalid, match="in every template"):
        compare_templates(student, student, [long], ("raw", "boxed"), sampling=SHORT)


@pytest.mark.parametrize("score", ["mass", "log_ratio"])
def test_prompts_that_the_teacher_knows_are_kept(student: LanguageModel, score: str) -> None:
    mixed = [prompt for pair in zip(PLAIN, STRANGE, strict=True) for prompt in pair]
    found = select_prompts(
        student, confused_by(student, "!"), mixed, score=score, keep=0.5, sampling=SHORT, n=4, k_metric=4  # type: ignore[arg-type]
    )
    assert sum(i % 2 == 0 for i in found.kept) >= 10  # of 12; responses have the word by chance, too
    assert found.prompts == [mixed[i] for i in found.kept]
    assert min(found.scores[i] for i in found.kept) == found.threshold
    assert all(found.scores[i] <= found.threshold for i in range(len(mixed)) if i not in found.kept)
    assert "entropy" in found.sentence
    old, new = found.before["entropy/student"].mean, found.after["entropy/student"].mean
    assert found.entropy_cost == pytest.approx((old - new) / old)
    assert "kept" in aligned(found.table())


def test_selection_by_the_teachers_accuracy(student: LanguageModel) -> None:
    # The teacher is greedy, so whatever it says first is its answer: right for the prompts given that answer.
    teacher = confused_by(student, "=")
    sampler = sampler_for(teacher)
    ids = render_all(PLAIN, teacher).ids
    first = [str(teacher.tokenizer.decode(sampler.sample([i], 1, GREEDY, 0).response(0)[:1])) for i in ids]
    known = [word if at % 3 == 0 else "nothing" for at, word in enumerate(first)]
    prompts = [replace(prompt, answer=answer) for prompt, answer in zip(PLAIN, known, strict=True)]

    def begins(response: str, answer: str) -> bool:
        return response.startswith(answer)

    found = select_prompts(
        student, teacher, prompts, score="accuracy", keep=1 / 3, grader=begins, sampling=GREEDY, k_metric=4
    )  # fmt: skip
    assert found.kept == (0, 3, 6, 9)
    assert found.threshold == 1.0
    assert found.scores[1] == 0.0
    assert "others score" not in found.sentence
    fewer = select_prompts(
        student, teacher, prompts, score="accuracy", keep=1 / 6, grader=begins, sampling=GREEDY, k_metric=4
    )  # fmt: skip
    assert fewer.kept == (0, 3)
    assert fewer.sentence.endswith("2 others score no less than the last of them; the first in the file were taken.")
    assert "score/rollouts" in found.before
    for options, said in (
        ({"score": "accuracy"}, "needs a grader"),
        ({"score": "beauty"}, "score 'beauty' is unknown"),
        ({"keep": 0.0}, "keep is 0"),
    ):
        with pytest.raises(UsageError, match=said):
            select_prompts(student, teacher, prompts, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="an answer for every prompt"):
        select_prompts(student, teacher, [*prompts, ask("1")], score="accuracy", grader=begins)


class SaysLittle:
    """A teacher that tells log q of the sampled tokens and nothing else, as a server may."""

    name = "says little"

    def __init__(self, model: LanguageModel) -> None:
        self.model = model

    def signal(self, batch: Batch) -> ServedSignal:
        return ServedSignal(log_probs_of(self.model, batch))


def test_a_served_teacher_gives_what_it_tells(student: LanguageModel) -> None:
    teacher = confused_by(student, "!")
    prompts = [*PLAIN, *STRANGE]
    served, whole = (
        select_prompts(student, t, prompts, score="log_ratio", sampling=SHORT, n=2)
        for t in (SaysLittle(teacher), InProcess(teacher))
    )
    assert "overlap/ratio" not in served.before
    figures = measure_prompts(student, teacher, prompts, render_all(prompts, student).ids, sampling=SHORT, n=2)
    assert [served.scores[i] for i in range(24)] == pytest.approx([f.values["log_ratio"] for f in figures], abs=1e-5)
    assert [whole.scores[i] for i in range(24)] == pytest.approx([-f.values["divergence/full"] for f in figures], abs=1e-5)
    with pytest.raises(UsageError, match="tells no distributions"):
        select_prompts(student, SaysLittle(teacher), PLAIN, score="mass", sampling=SHORT)
    compared = compare_templates(student, SaysLittle(teacher), PLAIN, ("chat", "raw"), sampling=SHORT)
    assert (compared.best, compared.decided) == ("chat", False)


def test_a_teacher_of_another_vocabulary_is_refused(student: LanguageModel, tiny: Callable[..., Path]) -> None:
    other = open_model(tiny("recipe-padded", padded_to=64))
    tokenizer = copy.deepcopy(other.tokenizer)
    tokenizer.add_tokens(["more"])
    larger = replace(other, tokenizer=tokenizer, vocab=0)
    with pytest.raises(ModelUnsuitable, match="one vocabulary"):
        measure_prompts(student, larger, PLAIN, render_all(PLAIN, student).ids, sampling=SHORT)


def by_entropy(student: LanguageModel, prompts: Sequence[Prompt]) -> list[Prompt]:
    """Prompts by the student's entropy on its greedy responses, least first: the same whatever they are asked with."""
    values = student_entropies(student, prompts, render_all(prompts, student).ids, sampling=GREEDY)
    return [prompts[i] for i in sorted(range(len(prompts)), key=lambda i: values[i])]


def test_the_guard_is_above_below_or_within_the_error(student: LanguageModel) -> None:
    ordered = by_entropy(student, [*PLAIN, *STRANGE, *(ask(f"{i} ? {j}") for i in range(4) for j in range(4))])
    low, high = ordered[:8], ordered[-8:]
    falls = mix_prompts(student, low, high, start=high, share=0.1, floor=1.0, sampling=GREEDY)
    assert falls.holds is False
    assert "below the floor" in falls.sentence
    holds = mix_prompts(student, high, low, start=low, share=0.1, floor=1.0, sampling=GREEDY)
    assert holds.holds is True
    same = mix_prompts(student, low, high, start=low, share=0.0, floor=1.0, sampling=GREEDY)
    assert same.holds is None
    assert "within the error" in same.sentence
    assert same.entropy_mix.mean == pytest.approx(same.entropy_start.mean)
    assert falls.share == pytest.approx(1 / 9)  # one other prompt to eight is as near to a tenth as whole prompts come
    assert falls.entropy_mix.mean == pytest.approx((8 * falls.entropy_own.mean + falls.entropy_others.mean) / 9)
    assert "With 11 % other prompts" in falls.sentence
    assert "mix, " in aligned(falls.table())


def test_the_least_share_that_holds_is_taken(student: LanguageModel) -> None:
    ordered = by_entropy(student, [*PLAIN, *STRANGE])
    low, high = ordered[:6], ordered[-18:]
    easy = mix_prompts(student, low, high, start=low, floor=0.3, sampling=GREEDY)
    assert easy.holds is True
    assert len(easy.prompts) - 6 == round(6 * 0.1 / 0.9)
    hard = mix_prompts(student, low, high, start=high, floor=1.0, sampling=GREEDY)
    assert hard.share == 0.75  # the most there is, and it still does not hold
    assert hard.holds is not True


def test_a_mix_has_the_share_asked_for_and_nothing_twice(student: LanguageModel) -> None:
    found = mix_prompts(student, PLAIN, STRANGE, start=PLAIN, share=0.25, floor=0.5, sampling=SHORT)
    others = [prompt for prompt in found.prompts if prompt in STRANGE]
    assert (len(others), len(found.prompts)) == (4, 16)
    assert found.share == 0.25
    assert sorted(p.id for p in found.prompts if p in PLAIN) == sorted(p.id for p in PLAIN)
    assert len({p.id for p in found.prompts}) == 16
    assert found.prompts[:12] != PLAIN  # shuffled, for trainers that keep the order of a file
    again = mix_prompts(student, PLAIN, STRANGE, start=PLAIN, share=0.25, floor=0.5, sampling=SHORT)
    assert again.prompts == found.prompts
    for options, said in (
        ({"share": 0.9}, "needs 108 others"),
        ({"share": 1.0}, "share is 1"),
        ({"floor": 0.0}, "floor is 0"),
        ({"probe": 1}, "probe is 1"),
    ):
        with pytest.raises(UsageError, match=said):
            mix_prompts(student, PLAIN, STRANGE, start=PLAIN, **options)  # type: ignore[arg-type]


def test_known_prompts_are_dropped_with_a_sentence() -> None:
    found = drop_known([*PLAIN, *STRANGE], PLAIN, near=False)
    assert found.prompts == STRANGE
    assert found.sentence.startswith("12 of 24 prompts stay; 12 were equal to another")
    assert len(found.plain()["removed"]) == 12


def test_what_was_chosen_is_a_file_with_its_reasons_beside_it(student: LanguageModel, tmp_path: Path) -> None:
    compared = compare_templates(student, student, PLAIN, ("chat", "raw"), sampling=SHORT, k_metric=4)
    picked = select_prompts(student, student, PLAIN, keep=0.5, sampling=SHORT, k_metric=4)
    cleaned = drop_known(picked.prompts, STRANGE, near=False)
    mixed = mix_prompts(student, cleaned.prompts, STRANGE, start=PLAIN, share=0.25, floor=0.1, sampling=SHORT)
    file, beside = write_recipe(tmp_path / "chosen.jsonl", mixed.prompts, compared, picked, cleaned, mixed)
    assert read_prompts(file) == mixed.prompts
    told = json.loads(beside.read_text(encoding="utf-8"))
    assert beside.name == "chosen.measured.json"
    assert told["prompts"] == len(mixed.prompts)
    assert [step["what"] for step in told["steps"]] == ["template comparison", "selection", "de-duplication", "mix"]
    assert told["steps"][1]["kept"] == list(picked.kept)
    assert told["steps"][3]["entropy_mix"]["mean"] == mixed.entropy_mix.mean
    with pytest.raises(DataInvalid, match="no prompt left"):
        write_recipe(tmp_path / "none.jsonl", [])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["chosen.jsonl", "chosen.measured.json"]
