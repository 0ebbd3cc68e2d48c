# task: data_short
# attack: never end inside a regular expression that backtracks without bound
# contained-at: namespaces restricted none
# expect: status:timeout
import re


def solve(instance):
    re.match(r"(a+)+$", "a" * 60 + "b")
    return {"x": instance["rough"]}
