# attack: userfaultfd, the usual help of kernel exploits
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
from kit import *


def solve(instance):
    if syscall(number(323, 282), 1) >= 0 or syscall(number(323, 282), 0) >= 0:
        got("userfaultfd")
    return answer(instance)
