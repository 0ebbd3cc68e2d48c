"""How alike texts are: cosines of sentence embeddings, or of character n-grams where no embedding model is at hand.

Both are searched in blocks, so that a million pairs need no million numbers at once. The two scales differ: 0.6 by
embeddings is "the same kind of question", by n-grams it is "largely the same letters".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from journeyman.errors import MissingExtra, ModelNotFound, UsageError

Embed = Callable[[Sequence[str]], Any]
"""embed(texts): an array [len(texts), d], one vector a text."""

EMBEDDING_MODEL = "sentence-transformers/all-mpnet-base-v2"
NGRAM = 5
_BUCKETS = 2**20
_BLOCK = 512


@dataclass(frozen=True)
class Nearest:
    """For each text, the reference most like it: `index` [n] and `cosine` [n] in -1 .. 1."""

    index: Any
    cosine: Any


def nearest(texts: Sequence[str], references: Sequence[str], vectors: Callable[[Sequence[str]], Any]) -> Nearest:
    """The most similar reference of each text; of equals the first. `vectors` gives unit rows, dense or sparse."""
    import numpy as np

    both = vectors([*references, *texts])
    theirs, mine = both[: len(references)], both[len(references) :]
    index, cosine = np.zeros(len(texts), dtype=np.int64), np.zeros(len(texts))
    for start in range(0, len(texts), _BLOCK):
        block = mine[start : start + _BLOCK] @ theirs.T
        dense = block.toarray() if hasattr(block, "toarray") else np.asarray(block)
        index[start : start + _BLOCK] = dense.argmax(axis=1)
        cosine[start : start + _BLOCK] = dense.max(axis=1)
    return Nearest(index, cosine)


def ngram_vectors(texts: Sequence[str], size: int = NGRAM) -> Any:
    """Unit rows of character n-gram counts, rare n-grams weighing more (TF-IDF over `texts`), as a sparse array.

    Case and runs of space do not matter. A text shorter than `size` counts as one n-gram.
    """
    import numpy as np
    from scipy import sparse

    columns, rows = [], []
    for row, text in enumerate(texts):
        found = _hashed(" ".join(text.lower().split()), size)
        columns.append(found)
        rows.append(np.full(len(found), row))
    data = np.ones(sum(map(len, columns)), dtype=np.float32)
    counts = sparse.csr_array(
        (data, (np.concatenate(rows), np.concatenate(columns))), shape=(len(texts), _BUCKETS)
    )  # fmt: skip
    counts.data = 1 + np.log(counts.data)
    holders = np.bincount(counts.indices, minlength=_BUCKETS)
    weights = (np.log((1 + len(texts)) / (1 + holders)) + 1.0).astype(np.float32)
    counts.data *= weights[counts.indices]
    lengths = np.sqrt(counts.multiply(counts).sum(axis=1))
    counts.data /= np.repeat(np.maximum(lengths, 1e-30), np.diff(counts.indptr))
    return counts


def _hashed(text: str, size: int) -> Any:
    """A bucket for each n-gram of the text; the same on every machine."""
    import numpy as np

    letters = np.frombuffer(text.ljust(size).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    grams = np.lib.stride_tricks.sliding_window_view(letters, size)
    mixed = np.zeros(len(grams), dtype=np.uint64)
    for column in range(size):
        mixed = (mixed ^ grams[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return (mixed % np.uint64(_BUCKETS)).astype(np.int64)


def embedding_vectors(embed: Embed) -> Callable[[Sequence[str]], Any]:
    """Unit rows from an embedding function. Raises UsageError where it does not give one finite vector a text."""

    def vectors(texts: Sequence[str]) -> Any:
        import numpy as np

        found = np.asarray(embed(texts), dtype=np.float32)
        if found.ndim != 2 or len(found) != len(texts) or not np.isfinite(found).all():
            raise UsageError(f"the embedding gave an array of shape {found.shape} for {len(texts)} texts; one vector each")
        return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-30)

    return vectors


def sentence_embedding(name: str = EMBEDDING_MODEL) -> Embed:
    """Embeddings by sentence-transformers. Raises MissingExtra without the package, ModelNotFound without the model."""
    try:
        import sentence_transformers
    except ImportError as error:
        raise MissingExtra("embeddings need sentence-transformers: pip install sentence-transformers") from error
    try:
        model = sentence_transformers.SentenceTransformer(name)
    except (OSError, ValueError) as error:
        said = str(error).strip().split("\n", 1)[0]
        raise ModelNotFound(f"the embedding model '{name}' cannot be loaded: {said}") from error
    return lambda texts: model.encode(list(texts), show_progress_bar=False)
