"""Prompts that are there already: equal, near, and far."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.data.dedup import Removed, deduplicate, duplicates, question
from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.similarity import nearest, ngram_vectors
from journeyman.distill.data.templates import in_template
from journeyman.distill.model import open_model
from journeyman.errors import MissingExtra, UsageError
from journeyman.report.table import aligned

# Questions of published sets that ask the same in other words, and their neighbours that do not.
PRIMES = "Find all prime numbers $p$ such that $4p^2 + 1$ and $6p^2 + 1$ are also prime numbers."
SAME_PRIMES = "Determine the value of $p$ such that the numbers $p$, $4p^2 + 1$, and $6p^2 + 1$ are all prime numbers."
OTHER_PRIMES = "Find all prime numbers $p$ such that the expression $p^2 - p + 1$ is a perfect cube."
DIVISORS = "Find all positive integers $n$ such that $n = 100 d(n)$, where $d(n)$ is the number of positive divisors of $n$."
SERIES = "Determine the radius of convergence of the power series $\\sum_{n=1}^{\\infty} \\frac{n!}{n^n} x^{2n}$."
DICE = "When $n$ standard six-sided dice are rolled, the product can be any of $936$ possible values. What is $n$?"


def prompts(*texts: str) -> list[Prompt]:
    return [Prompt((("user", text),), text) for text in texts]


REFERENCES = prompts(PRIMES, DIVISORS, SERIES, DICE)


def test_equal_near_and_far() -> None:
    found = deduplicate(prompts(DIVISORS, SAME_PRIMES, OTHER_PRIMES), REFERENCES, method="ngram", threshold=0.5)
    assert found.kept == [2]
    assert [(r.index, r.kind, r.of) for r in found.removed] == [(0, "exact", 1), (1, "near", 0)]
    assert found.method == "ngram"
    assert 0.5 <= found.removed[1].cosine < 1


def test_templates_do_not_make_questions_alike_nor_different() -> None:
    dapo = in_template(REFERENCES, "dapo")
    doubled = prompts(*(p.text.replace("{}", "{{}}") for p in in_template(REFERENCES, "boxed")))
    assert deduplicate(dapo, doubled, near=False).kept == []
    far = in_template(prompts(OTHER_PRIMES, "What is $1 + 1$?"), "dapo")
    assert deduplicate(far, dapo, method="ngram").kept == [0, 1]
    assert question(dapo[0]) == PRIMES


def test_without_references_the_first_of_equals_stays() -> None:
    found = deduplicate(prompts(PRIMES, DICE, PRIMES, SAME_PRIMES, f" {DICE} "), method="ngram", threshold=0.5)
    assert found.kept == [0, 1]
    assert [(r.index, r.kind, r.of) for r in found.removed] == [(2, "exact", 0), (3, "near", 0), (4, "exact", 1)]


def test_a_removed_prompt_removes_no_other() -> None:
    # b is near a, and c near b but far from a: c stays, for b is gone.
    def embed(texts: Sequence[str]) -> Any:
        angle = {"a": 0.0, "b": 0.7, "c": 1.4}
        return np.array([[np.cos(angle[t]), np.sin(angle[t])] for t in texts])

    found = deduplicate(prompts("a", "b", "c"), embed=embed, threshold=0.7)
    assert found.kept == [0, 2]
    assert found.removed == [Removed(1, "near", 0, pytest.approx(np.cos(0.7)))]


def test_duplicates_are_counted() -> None:
    assert duplicates([*REFERENCES, *in_template(REFERENCES, "boxed"), *prompts(OTHER_PRIMES)]) == 4


def test_equal_only() -> None:
    found = deduplicate(prompts(PRIMES, SAME_PRIMES), REFERENCES, near=False)
    assert (found.kept, found.method) == ([1], "exact")


def test_embeddings_of_a_real_model(tiny: Callable[..., Path]) -> None:
    model = open_model(tiny("embedder"))

    def embed(texts: Sequence[str]) -> Any:
        import torch

        rows = []
        for text in texts:
            ids = torch.tensor([model.tokenizer(text)["input_ids"]])
            with torch.no_grad():
                rows.append(model.hidden(ids, torch.ones_like(ids))[0].mean(0).numpy())
        return np.stack(rows)

    references = prompts("1 + 2 * 3 - 4", "so we get 9 . thus 8")
    asked = prompts("1 + 2 * 3 - 5", "[ ] = ? ! .", "so we get 9 . thus 8")
    found = deduplicate(asked, references, embed=embed, threshold=0.9)
    assert found.method == "embedding"
    assert [(r.index, r.kind, r.of) for r in found.removed] == [(0, "near", 0), (2, "exact", 1)]


def test_without_sentence_transformers_n_grams_are_used_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    found = deduplicate(prompts(SAME_PRIMES, DICE), REFERENCES)
    assert found.method == "ngram"
    assert "since embeddings need sentence-transformers" in found.why
    said = aligned(found.table(prompts(SAME_PRIMES, DICE), REFERENCES))
    assert "1 equal" in said
    assert "ngram, cosine 0.6 or more" in said
    with pytest.raises(MissingExtra, match="sentence-transformers"):
        deduplicate(prompts(DICE), REFERENCES, method="embedding")


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(UsageError, match="method 'cosine' is unknown"):
        deduplicate(REFERENCES, method="cosine")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="threshold is 0"):
        deduplicate(REFERENCES, threshold=0)
    with pytest.raises(UsageError, match="shape"):
        deduplicate(REFERENCES, embed=lambda texts: np.ones((1, 3)))


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(st.text(min_size=1, max_size=30).filter(lambda t: t.strip() != ""), min_size=1, max_size=8))
def test_cosines_are_cosines(texts: list[str]) -> None:
    vectors = ngram_vectors(texts)
    np.testing.assert_allclose(vectors.multiply(vectors).sum(axis=1), 1.0, rtol=1e-5)
    assert (vectors.data > 0).all()
    found = nearest(texts, texts, ngram_vectors)
    np.testing.assert_allclose(found.cosine, 1.0, rtol=1e-5)


@settings(max_examples=30, deadline=None)
@given(texts=st.lists(st.sampled_from([PRIMES, SAME_PRIMES, OTHER_PRIMES, DICE, SERIES]), max_size=12))
def test_nothing_is_lost_and_what_stays_is_clean(texts: list[str]) -> None:
    found = deduplicate(prompts(*texts), method="ngram", threshold=0.5)
    assert sorted([*found.kept, *(r.index for r in found.removed)]) == list(range(len(texts)))
    kept = prompts(*(texts[i] for i in found.kept))
    assert len(deduplicate(kept, method="ngram", threshold=0.5).kept) == len({p.text for p in kept}) == len(kept)


def test_blocks_are_searched_as_one() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(["so", "thus", "we", "get", "nine", "ten", "sum", "prime"], 12)) for _ in range(1300)]
    found = nearest(texts, texts[:700], ngram_vectors)
    whole = ngram_vectors([*texts[:700], *texts])
    dense = (whole[700:] @ whole[:700].T).toarray()
    np.testing.assert_array_equal(found.index, dense.argmax(1))
    np.testing.assert_allclose(found.cosine, dense.max(1), rtol=1e-5)
