"""The lab's tokenizer: a real one of transformers, a word a token, with one of two chat templates (`templates/`).

All languages of the lab share one vocabulary, so that any two of their models can be student and teacher.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from journeyman.distill.lab import language

Template = Literal["T0", "T1"]
TEMPLATES: tuple[Template, ...] = ("T0", "T1")

PAD, BOS, EOS, UNKNOWN = "<pad>", "<s>", "</s>", "<unk>"
T1_WORDS = ("problem", "please", "reason", "and", "put", "your", "answer", "in", "solution")

# Words first met in a template come last, so that numbers and operators keep their ids.
VOCABULARY: tuple[str, ...] = tuple(
    dict.fromkeys(
        (
            *(PAD, BOS, EOS, UNKNOWN),
            *map(str, range(language.LARGEST_PRIME)),
            *language.OPERATORS,
            *language.MARKS,
            *language.LINKS,
            *language.VERBS,
            *language.OPERATORS.values(),
            *language.JOINTS,
            *language.GIVES,
            *language.CHECKS,
            *language.FINES,
            *("user", "assistant", "system"),
            *T1_WORDS,
        )
    )
)

def template_file(template: Template) -> Path:
    """The chat template as a file, for `template="...jinja"`: T0 is plain; T1 says first what is wanted, at length."""
    return Path(__file__).parent / "templates" / f"{template}.jinja"


def lab_tokenizer(template: Template = "T0", *, context: int = 512) -> Any:
    """A PreTrainedTokenizerFast of the lab's words; `template` becomes its chat template, `context` its longest text."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token=UNKNOWN))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=PAD, bos_token=BOS, eos_token=EOS, unk_token=UNKNOWN, model_max_length=context,
        clean_up_tokenization_spaces=False,
    )  # fmt: skip
    tokenizer.chat_template = template_file(template).read_text(encoding="utf-8").strip()
    return tokenizer
