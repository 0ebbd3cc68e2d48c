# task: policy_short
# attack: a policy that uses up its CPU in one step
# contained-at: namespaces restricted none
# expect: status:timeout
from policy import *


def act(observation):
    while observation["step"] == 3:
        pass
    return 0.0
