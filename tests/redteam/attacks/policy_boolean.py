# task: policy
# attack: a policy that answers True, and once 10^400
# contained-at: namespaces restricted none
# expect: not-ok
from policy import *


def act(observation):
    return 10**400 if observation["step"] == 5 else True
