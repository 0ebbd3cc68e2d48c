# task: policy
# attack: a policy that exits with status 0 when it has done well so far
# contained-at: namespaces restricted none
# expect: not-ok
import os

from policy import *


def act(observation):
    if observation["step"] == 5:
        os._exit(0)
    return 0.0
