"""A run gives back what the candidate's function returned, or says how it ended, in words a person can act on."""

from __future__ import annotations

import pytest
from conftest import open_box, solve

from journeyman.errors import SandboxFailure, UsageError
from journeyman.sandbox import ENDS, Limits, Sandbox


def test_a_value_comes_back(box: Sandbox) -> None:
    value = {"a": [1, 2.5, "ü\u2028", None, True], "b": {"c": -(2**62)}}
    ended = solve(box, "return args[0]", value)
    assert (ended.end, ended.value) == ("returned", value)
    assert ended.wall_s > 0
    assert 0 < ended.cpu_s < 5
    assert 1 < ended.memory_mb < 500


def test_what_is_printed_is_captured(box: Sandbox) -> None:
    ended = solve(box, "print('out'); print('err', file=sys.stderr); os.write(1, b'raw'); return 1")
    assert ended.end == "returned"
    assert "out" in ended.stdout
    assert "raw" in ended.stdout
    assert ended.stderr == "err\n"


def test_control_characters_are_made_visible(box: Sandbox) -> None:
    ended = solve(box, r"print('\x1b[2J\u202e\x00end'); raise ValueError('\x1b[31mred\nsecond')")
    assert "\x1b" not in ended.stdout + ended.stderr + ended.message
    assert "\\x1b[2J\\u202e\\x00end" in ended.stdout
    assert "\n" not in ended.message


def test_an_exception_names_its_place(box: Sandbox) -> None:
    files = {"candidate.py": b"import lib.deep\n\ndef solve():\n    return lib.deep.divide(0)\n",
             "lib/__init__.py": b"", "lib/deep.py": b"def divide(x):\n    return 1 / x\n"}  # fmt: skip
    ended = box.run(files, "candidate:solve")
    assert ended.end == "raised"
    assert (
        ended.message == "the candidate raised ZeroDivisionError: division by zero at line 2 of lib/deep.py"
    )
    assert "candidate.py, line 4, in solve" in ended.stderr


def test_a_syntax_error_names_its_place(box: Sandbox) -> None:
    ended = box.run({"candidate.py": b"x = 1\ndef solve(:\n"}, "candidate:solve")
    assert ended.end == "raised"
    assert ended.message.startswith("the candidate raised SyntaxError")
    assert ended.message.endswith("at line 2 of candidate.py")


def test_a_missing_function_is_named(box: Sandbox) -> None:
    ended = box.run({"candidate.py": b"x = 1"}, "candidate:solve")
    assert ended.end == "raised"
    assert "'solve'" in ended.message


@pytest.mark.parametrize(
    ("body", "end", "words"),
    [
        ("sys.exit(0)", "exited", "exited (0) before it returned"),
        ("sys.exit('enough')", "exited", "exited (enough)"),
        ("os._exit(0)", "exited", "exited with status 0 before it returned"),
        ("os._exit(7)", "exited", "exited with status 7"),
        ("ctypes.string_at(1)", "killed", "memory access violation"),
        ("os.abort()", "killed", "abort"),
        ("raise KeyboardInterrupt", "raised", "KeyboardInterrupt"),
        ("return object()", "malformed", "object"),
        ("return {1, 2}", "malformed", "set"),
        ("return b'x'", "malformed", "bytes"),
        ("return float('nan')", "malformed", "not finite"),
        ("return [float('inf')]", "malformed", "not finite"),
        ("return 10**400", "malformed", "the result"),
        ("return 2**63", "malformed", "64 bits"),
        ("x = []\nfor _ in range(40): x = [x]\nreturn x", "malformed", "nested deeper than 32"),
        ("x = []\nfor _ in range(100000): x = [x]\nreturn x", "malformed", "deep"),
        ("x = []; x.append(x); return x", "malformed", "Circular"),
        ("return '\\ud800'", "malformed", "JSON"),
        ("os.write(4, b'hello'); os._exit(0)", "exited", "status 0"),
        ("os.write(4, b'J' + (3).to_bytes(8, 'little') + b'{]x'); time.sleep(9)", "malformed", "JSON"),
        (
            "os.write(4, b'E' + (3).to_bytes(8, 'little') + b'[1]'); time.sleep(9)",
            "malformed",
            "something else",
        ),
        (
            "os.write(4, b'Z' + (1).to_bytes(8, 'little') + b'1'); time.sleep(9)",
            "malformed",
            "something else",
        ),
        ("os.write(4, b'?' + (0).to_bytes(8, 'little')); time.sleep(9)", "malformed", "something else"),
    ],
)
def test_every_end_has_its_words(box: Sandbox, body: str, end: str, words: str) -> None:
    ended = solve(box, body)
    assert ended.end == end, ended
    assert words in ended.message
    assert ended.value is None
    assert ended.end in ENDS
    assert "\n" not in ended.message


@pytest.mark.parametrize("number", [9, 15, 24])
def test_a_signal_to_itself(box: Sandbox, number: int) -> None:
    ended = solve(box, f"os.kill(os.getpid(), {number}); return 'alive'", limits=Limits(processes=2))
    assert ended.end == "killed", ended
    ended = solve(box, f"os.kill(os.getpid(), {number}); return 'alive'")
    assert (ended.end, ended.value) == (
        ("returned", "alive") if box.level == "namespaces" else ("killed", None)
    ), ended


def test_an_exception_that_cannot_be_shown(box: Sandbox) -> None:
    ended = solve(box, "class E(Exception):\n    def __str__(self): raise RuntimeError\nraise E()")
    assert ended.end == "raised"
    assert "E: (its text cannot be shown)" in ended.message


def test_finalizers_and_threads_do_not_delay_the_end(box: Sandbox) -> None:
    body = """
import atexit, threading
atexit.register(time.sleep, 100)
threading.Thread(target=time.sleep, args=(100,)).start()
class Slow:
    def __del__(self): time.sleep(100)
global slow
slow = Slow()
return 5
"""
    ended = solve(box, body)
    assert (ended.end, ended.value) == ("returned", 5)
    assert ended.wall_s < 5


def test_the_random_module_is_seeded(box: Sandbox) -> None:
    body = "import random; return random.random()"
    first, again, other = (solve(box, body, seed=seed).value for seed in (1, 1, 2))
    assert first == again != other


def test_a_file_may_have_the_name_of_a_standard_module(box: Sandbox) -> None:
    ended = box.run({"random.py": b"def solve():\n    return 'mine'\n"}, "random:solve")
    assert ended.value == "mine"


def test_numpy_is_there_seeded_and_its_values_are_plain(numpy_box: Sandbox) -> None:
    body = """
import numpy as np
return {'a': np.arange(3), 'b': np.float32(0.5), 'c': np.bool_(True), 'r': np.random.random()}
"""
    first, second = (solve(numpy_box, body, seed=3).value for _ in range(2))
    assert isinstance(first, dict)
    assert first == second
    assert (first["a"], first["b"], first["c"]) == ([0, 1, 2], 0.5, True)


def test_arrays_come_back_as_npz(numpy_box: Sandbox) -> None:
    body = """
import numpy as np
return {'x': np.eye(2), 'n': np.array([1, 2], dtype='int16'), 'f': np.asfortranarray([[1, 2], [3, 4]])}
"""
    ended = solve(numpy_box, body, result="npz")
    assert ended.end == "returned", ended
    assert isinstance(ended.value, dict)
    assert {name: array.tolist() for name, array in ended.value.items()} == {
        "x": [[1, 0], [0, 1]], "n": [1, 2], "f": [[1, 2], [3, 4]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return {'x': np.array([object()])}", "objects"),
        ("return {'x': np.array([np.nan])}", "not finite"),
        ("return {'x': np.array(['text'])}", "something else than plain numbers"),
        ("return {'x': np.zeros(1, dtype=[('a', 'f8')])}", "something else than plain numbers"),
        ("return 'x'", "not a dict"),
    ],
)
def test_arrays_that_are_no_numbers_are_malformed(numpy_box: Sandbox, body: str, words: str) -> None:
    ended = solve(numpy_box, f"import numpy as np; {body}", result="npz")
    assert ended.end == "malformed", ended
    assert words in ended.message


def test_one_run_leaves_nothing_to_the_next(box: Sandbox) -> None:
    first = solve(
        box,
        "import json; json.mine = 1; open('left', 'w').write('x'); sys.modules['planted'] = sys; return 1",
    )
    assert first.end == "returned", first
    second = solve(
        box, "import json; return [hasattr(json, 'mine'), os.path.exists('left'), 'planted' in sys.modules]"
    )
    assert second.value == [False, False, False]


def test_wrong_calls_are_refused(box: Sandbox) -> None:
    for path in ("../x.py", "/etc/x", "a//b", "", "a/./b", "x\0y"):
        with pytest.raises(UsageError):
            box.run({path: b""}, "candidate:solve")
    with pytest.raises(UsageError):
        box.run({"candidate.py": b""}, "candidate")
    assert solve(box, "return 1").value == 1


def test_packages_that_cannot_be_declared() -> None:
    with pytest.raises(SandboxFailure, match="pip install surely-not-there"):
        Sandbox(packages=["surely-not-there"])
    with pytest.raises(SandboxFailure, match="must never see the code that scores it"):
        Sandbox(packages=["journeyman"])


def test_undeclared_packages_cannot_be_imported() -> None:
    with open_box("embedded") as box:
        for name in ("numpy", "msgspec", "journeyman", "pip"):
            assert "ModuleNotFoundError" in solve(box, f"import {name}").message
