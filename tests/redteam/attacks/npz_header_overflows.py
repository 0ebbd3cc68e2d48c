# task: data_npz
# attack: an array whose size overflows 64 bits to a small number, and one of negative length
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    send(zipped({"x.npy": npy("'<f8'", "(4294967296, 4294967296, 8)", bytes(64)), "y.npy": npy("'<f8'", "(-1,)", bytes(64))}))
