# task: policy_short
# attack: a policy that never answers one step
# contained-at: namespaces restricted none
# expect: status:timeout
import time

from policy import *


def act(observation):
    if observation["step"] == 3:
        time.sleep(10**6)
    return 0.0
