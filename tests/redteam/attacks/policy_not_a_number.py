# task: policy
# attack: a policy that answers NaN, once
# contained-at: namespaces restricted none
# expect: not-ok
from policy import *


def act(observation):
    return float("nan") if observation["step"] == 5 else 0.0
