# task: data_npz
# attack: an array header that is an expression, deeply nested, or a type with fields and titles
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    send(zipped({"x.npy": npy("__import__('os').system('id')", "(8,)", bytes(64)),
                 "y.npy": npy("[('x', '<f8', (3,)), (('t', 'y'), '|O')]", "(1,)", bytes(64)),
                 "z.npy": npy("'<f8'", "(" * 5000 + ")" * 5000, bytes(64))}))
