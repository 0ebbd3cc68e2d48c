"""Published schemas are read as published, and what is written reads back equal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeyman.distill.data.prompt import Prompt
from journeyman.distill.data.prompts import read_prompts, write_prompts
from journeyman.distill.data.templates import BOXED, DAPO_HEAD, DAPO_TAIL
from journeyman.errors import DataInvalid, UsageError

USER = [{"role": "user", "content": "What is 1 + 1?"}]


def parquet(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), path, **options)
    return path


def jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def verl_row(question: str, answer: Any = "34", **more: Any) -> dict[str, Any]:
    return {
        "data_source": "math_dapo",
        "prompt": [{"content": question, "role": "user"}],
        "ability": "MATH",
        "reward_model": {"ground_truth": answer, "style": "rule-lighteval/MATH_v2"},
        "extra_info": {"index": "9a9b6eb4"},
        **more,
    }


def test_dapo_raw_and_processed_keep_their_templates(tmp_path: Path) -> None:
    text = f"{DAPO_HEAD}What is 1 + 1?{DAPO_TAIL}"
    raw = read_prompts(parquet(tmp_path / "raw.parquet", [verl_row(text)]))
    assert raw == [Prompt((("user", text),), text, "34", "9a9b6eb4", "math_dapo")]
    doubled = "What is 1 + 1? " + BOXED.replace("{}", "{{}}")
    processed = read_prompts(parquet(tmp_path / "processed.parquet", [verl_row(doubled)]))
    assert processed[0].text == doubled


def test_deepmath_as_published_and_as_released_by_verl_users(tmp_path: Path) -> None:
    original = {
        "question": "Find the limit.", "final_answer": "\\frac{1}{2}", "difficulty": 6.0, "topic": "Calculus",
        "r1_solution_1": "long", "r1_solution_2": "long", "r1_solution_3": "long",
    }  # fmt: skip
    assert read_prompts(parquet(tmp_path / "DeepMath-103K.parquet", [original])) == [
        Prompt((("user", "Find the limit."),), "Find the limit.", "\\frac{1}{2}", "1", "DeepMath-103K")
    ]
    row = verl_row("Q", "8", data_source="DeepMath-103K", extra_info={"index": 27136, "question": "Q"})
    found = read_prompts(parquet(tmp_path / "deduped.parquet", [{**row, "__index_level_0__": 20640}]))
    assert (found[0].id, found[0].answer, found[0].source) == ("27136", "8", "DeepMath-103K")


@pytest.mark.parametrize(
    "row",
    [
        {"conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}], "difficulty": 7},
        {"conversations": [{"from": "user", "value": "Q"}, {"from": "assistant", "value": "A"}], "question": "Q", "id": 4},
        {"messages": [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}]},
    ],
)
def test_conversations_are_read_up_to_the_first_reply(tmp_path: Path, row: dict[str, Any]) -> None:
    found = read_prompts(parquet(tmp_path / "open.parquet", [{**row, "source": "ai2-adapt-dev/openmath-2-math"}]))
    assert found[0].messages == (("user", "Q"),)
    assert (found[0].text, found[0].answer, found[0].source) == ("Q", None, "ai2-adapt-dev/openmath-2-math")


def test_a_system_column_comes_before_the_conversation(tmp_path: Path) -> None:
    row = {"system": "Be brief.", "conversations": [{"from": "human", "value": "Q"}, {"from": "gpt", "value": "A"}]}
    assert read_prompts(jsonl(tmp_path / "t.jsonl", [row]))[0].messages == (("system", "Be brief."), ("user", "Q"))


@pytest.mark.parametrize(
    ("row", "answer", "name"),
    [
        ({"problem": "P", "answer": 27, "id": 3}, "27", "3"),  # AMC, AIME: numbers
        ({"problem": "P", "answer": 27.0}, "27", "1"),
        ({"problem": "P", "answer": 0.5}, "0.5", "1"),
        ({"problem": "P", "answer": "142.0"}, "142.0", "1"),  # as written
        ({"problem": "P", "answer": "025"}, "025", "1"),
        ({"ID": "2024-I-1", "Problem": "P", "Solution": "so \\boxed{204}.", "Answer": 204}, "204", "2024-I-1"),
        ({"problem": "P", "solution": "first \\boxed{1}, then \\boxed{\\frac{1}{2}}."}, "\\frac{1}{2}", "1"),
        ({"problem": "P", "solution": "34"}, "34", "1"),
        ({"problem": "P", "solution": "A derivation\nwithout a box."}, None, "1"),
        ({"question": "P", "answer": "Half of 48 is 24.\n48 + 24 = 72\n#### 72"}, "72", "1"),  # GSM8K
        ({"problem": "P", "answer": "", "unique_id": "test/1.json"}, None, "test/1.json"),
        ({"problem": "P"}, None, "1"),
        ({"problem": "P", "answer": ["7"]}, "7", "1"),
        ({"problem": "P", "answer": ["7", "8"]}, '["7", "8"]', "1"),
        ({"problem": "P", "answer": True}, "true", "1"),
    ],
)
def test_aime_amc_math_and_gsm8k_style(tmp_path: Path, row: dict[str, Any], answer: str | None, name: str) -> None:
    found = read_prompts(jsonl(tmp_path / "set.jsonl", [row]))
    assert found == [Prompt((("user", "P"),), "P", answer, name, "set")]


def test_trl_prompts_are_text_as_it_is_or_messages(tmp_path: Path) -> None:
    found = read_prompts(jsonl(tmp_path / "t.jsonl", [{"prompt": "1 + 1 ="}, {"prompt": USER}]))
    assert found[0].messages == ()
    assert found[0].text == "1 + 1 ="
    assert found[1].messages == (("user", "What is 1 + 1?"),)


def test_json_lists_and_json_with_a_list_inside_and_lines_called_json(tmp_path: Path) -> None:
    rows = [{"question": "A", "answer": "1"}, {"question": "B", "answer": "2"}]
    for name, text in {
        "list.json": json.dumps(rows),
        "inside.json": json.dumps({"version": 1, "data": rows}),
        "lines.json": "\n".join(map(json.dumps, rows)),
        "blank.jsonl": "\n".join(map(json.dumps, rows)).replace("\n", "\n\n") + "\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert [prompt.text for prompt in read_prompts(tmp_path / name)] == ["A", "B"], name
    for field in ("prompt", "messages"):
        (tmp_path / "one.json").write_text(json.dumps({field: USER, "answer": "2"}), encoding="utf-8")
        assert [prompt.text for prompt in read_prompts(tmp_path / "one.json")] == ["What is 1 + 1?"]


def test_a_folder_of_shards_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    for shard in range(3):
        parquet(tmp_path / f"train-{shard:05}.parquet", [{"problem": f"{shard}.{row}", "answer": "1"} for row in range(4)])
    (tmp_path / "README.md").write_text("no prompts", encoding="utf-8")
    assert [prompt.text for prompt in read_prompts(tmp_path, limit=6)] == ["0.0", "0.1", "0.2", "0.3", "1.0", "1.1"]


def test_duplicates_stay(tmp_path: Path) -> None:
    assert len(read_prompts(parquet(tmp_path / "d.parquet", [verl_row("Q")] * 5))) == 5


def test_a_limit_reads_no_further_than_the_limit(tmp_path: Path) -> None:
    good, bad = json.dumps({"question": "Q"}), "{not json"
    (tmp_path / "p.jsonl").write_text("\n".join([good, good, bad]), encoding="utf-8")
    assert len(read_prompts(tmp_path / "p.jsonl", limit=2)) == 2
    with pytest.raises(DataInvalid, match=r"p\.jsonl, line 3 is not JSON"):
        read_prompts(tmp_path / "p.jsonl")


def test_columns_nobody_needs_are_not_read(tmp_path: Path) -> None:
    # A damaged column of solutions cannot harm a reader that leaves it alone.
    path = tmp_path / "p.parquet"
    rows = [{"question": f"Q{i}", "final_answer": str(i), "r1_solution_1": "x" * 50 + str(i)} for i in range(3000)]
    parquet(path, rows, compression="none", use_dictionary=False, write_statistics=False)
    chunk = pq.ParquetFile(path).metadata.row_group(0).column(2)
    assert chunk.path_in_schema == "r1_solution_1"
    data = bytearray(path.read_bytes())
    start = chunk.data_page_offset
    data[start : start + chunk.total_compressed_size] = b"\xff" * chunk.total_compressed_size
    path.write_bytes(bytes(data))
    found = read_prompts(path)
    assert (len(found), found[-1].text, found[-1].answer) == (3000, "Q2999", "2999")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"question": "Q"}, {"question": 5}], r"line 2, field 'question': is 5; a text that is not empty"),
        ([{"question": "Q"}, {"question": "  "}], r"line 2, field 'question'"),
        ([{"question": "Q"}, {"answer": "1"}], r"line 2, field 'prompt': is missing"),
        ([{"question": "Q"}, [1]], r"line 2 is \[1\]; an object"),
        ([{"text": "Q", "label": 1}], r"columns text, label; none of them is a prompt"),
        ([{"prompt": [*USER, {"role": "assistant", "content": "A"}]}], r"ends with a message of 'assistant'"),
        ([{"prompt": [{"role": "user", "content": [{"type": "image"}]}]}], r"field 'prompt': has .* texts"),
        ([{"prompt": []}], r"field 'prompt': is \[\]; a list of messages"),
        ([{"prompt": ["Q"]}], r"field 'prompt': has 'Q'"),
        ([{"conversations": [{"from": "gpt", "value": "A"}]}], r"field 'conversations': has no turn of the user"),
        ([{"prompt": USER, "reward_model": "34"}], r"field 'reward_model': is '34'"),
    ],
)
def test_what_cannot_be_a_prompt_is_named_with_file_row_and_field(tmp_path: Path, rows: list[Any], said: str) -> None:
    path = jsonl(tmp_path / "bad.jsonl", rows)
    with pytest.raises(DataInvalid, match=said) as error:
        read_prompts(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_rows_of_parquet_are_counted_across_batches(tmp_path: Path) -> None:
    rows = [{"problem": "P"} for _ in range(2500)]
    rows[2200]["problem"] = " "
    with pytest.raises(DataInvalid, match="row 2201, field 'problem'"):
        read_prompts(parquet(tmp_path / "p.parquet", rows, row_group_size=700))


def test_files_that_are_not_there_damaged_empty_or_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1 no")
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    (tmp_path / "broken.json").write_text("[{", encoding="utf-8")
    (tmp_path / "number.json").write_text("5", encoding="utf-8")
    (tmp_path / "latin.json").write_bytes(b'[{"question": "\xe9"}]')
    (tmp_path / "latin.jsonl").write_bytes(b'{"question": "\xe9"}\n')
    (tmp_path / "bad.csv").write_text("question", encoding="utf-8")
    pq.write_table(pa.table({"problem": pa.array([], pa.string())}), tmp_path / "empty.parquet")
    (tmp_path / "folder").mkdir()
    for name, said in {
        "absent.jsonl": "not there", "damaged.parquet": "cannot be read as Parquet", "empty.jsonl": "no rows",
        "broken.json": "not JSON", "number.json": "a list of objects", "latin.json": "UTF-8", "latin.jsonl": "line 1 is not",
        "bad.csv": "ends in '.csv'", "empty.parquet": "no rows", "folder": "folder without",
    }.items():  # fmt: skip
        with pytest.raises(DataInvalid, match=said):
            read_prompts(tmp_path / name)
    with pytest.raises(UsageError, match="limit is 0"):
        read_prompts(tmp_path / "bad.csv", limit=0)


def test_a_schema_can_be_named(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "p.jsonl", [{"prompt": "raw text", "question": "Q", "final_answer": "4"}])
    assert read_prompts(path)[0].text == "Q"  # recognised as DeepMath
    assert read_prompts(path, schema="plain")[0].text == "raw text"
    with pytest.raises(DataInvalid, match="no column 'conversations'"):
        read_prompts(path, schema="conversations")
    with pytest.raises(DataInvalid, match="no schema 'parquet'"):
        read_prompts(path, schema="parquet")


TEXT = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "")
ROLE = st.sampled_from(["user", "assistant", "system", "gpt", "human", "tool"])
MESSAGES = st.lists(st.tuples(ROLE, TEXT), max_size=3).map(tuple)
PROMPT = st.builds(Prompt, MESSAGES, TEXT, st.none() | st.text(max_size=20), st.text(max_size=9), st.text(max_size=9))


@settings(max_examples=60, deadline=None)
@given(prompts=st.lists(PROMPT, min_size=1, max_size=6))
def test_what_is_written_reads_back_equal(tmp_path_factory: pytest.TempPathFactory, prompts: list[Prompt]) -> None:
    path = tmp_path_factory.mktemp("round") / "p.jsonl"
    write_prompts(path, prompts)
    assert read_prompts(path) == prompts
    assert [entry.name for entry in path.parent.iterdir()] == ["p.jsonl"]


def test_line_ends_of_other_alphabets_do_not_end_a_row(tmp_path: Path) -> None:
    prompts = [Prompt((), "a\u2028b\x85c\x0bd", "\u2029", "1", "s")]
    assert read_prompts(write_prompts(tmp_path / "p.jsonl", prompts)) == prompts


def test_what_is_written_is_whole_or_not_there(tmp_path: Path) -> None:
    path = write_prompts(tmp_path / "p.jsonl", [Prompt((), "old")])
    with pytest.raises(RuntimeError, match="source failed"):
        write_prompts(path, failing())
    assert [prompt.text for prompt in read_prompts(path)] == ["old"]
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DataInvalid, match="cannot be written"):
        write_prompts(tmp_path / "file" / "p.jsonl", [Prompt((), "new")])
    with pytest.raises(UsageError, match=r"\.jsonl"):
        write_prompts(tmp_path / "p.parquet", [])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "p.jsonl"]


def failing() -> Any:
    yield Prompt((), "new")
    raise RuntimeError("the source failed")
