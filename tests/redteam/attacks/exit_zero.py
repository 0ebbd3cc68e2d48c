# attack: exit with status 0 before answering
# contained-at: namespaces restricted none
# expect: not-ok
import os


def solve(instance):
    os._exit(0)
