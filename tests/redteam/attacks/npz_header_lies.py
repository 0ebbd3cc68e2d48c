# task: data_npz
# attack: an array whose header announces 8 TB
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    send(zipped({"x.npy": npy("'<f8'", "(1000000000000,)", bytes(64))}))
