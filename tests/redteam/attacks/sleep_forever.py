# task: data_short
# attack: never end, using no time at all
# contained-at: namespaces restricted none
# expect: status:timeout
import time


def solve(instance):
    time.sleep(10**6)
