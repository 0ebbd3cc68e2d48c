# attack: replace json, math and built-in functions in one's own process, for a check that might run there
# contained-at: namespaces restricted none
# expect: seed-score
import builtins
import json
import math

from kit import *


def solve(instance):
    math.isfinite = lambda *_: True
    math.isnan = lambda *_: False
    math.fsum = lambda *_: 0.0
    builtins.abs = builtins.sum = builtins.max = builtins.min = lambda *_, **__: 0
    json.loads = json.dumps = lambda *_, **__: '{"score": 1e9}'
    return answer(instance)
