# task: policy
# attack: a policy whose functions are no functions: classes, descriptors and callables that change with each look
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import sys
import types


class Shifty(types.ModuleType):
    @property
    def act(self):
        return lambda observation: 0.25

    def __getattr__(self, name):
        return lambda *_: None


sys.modules[__name__].__class__ = Shifty
