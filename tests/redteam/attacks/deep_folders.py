# attack: folders nested 3,000 deep, so that cleaning up overflows, with a name of 255 bytes each
# contained-at: namespaces restricted
# expect: deserved-or-not-ok
import os

from kit import *


def solve(instance):
    start = os.getcwd()
    with quietly():
        for _ in range(3000):
            os.mkdir("d" * 255)
            os.chdir("d" * 255)
    with quietly():
        os.chdir(start)
    return answer(instance)
