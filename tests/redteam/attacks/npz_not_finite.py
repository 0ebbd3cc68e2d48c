# task: data_npz
# attack: NaN in an array
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    send(zipped({"x.npy": npy("'<f8'", "(8,)", struct.pack("<8d", *[float("nan")] * 8))}))
