# task: data_npz
# attack: booleans, complex numbers, dates and raw bytes for numbers
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    send(zipped({"x.npy": npy("'|b1'", "(8,)", bytes(8)), "y.npy": npy("'<c16'", "(1,)", bytes(16)),
                 "z.npy": npy("'<M8[ns]'", "(1,)", bytes(8)), "v.npy": npy("'|V64'", "(1,)", bytes(64))}))
