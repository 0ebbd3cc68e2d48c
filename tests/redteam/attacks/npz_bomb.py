# task: data_npz
# attack: an npz archive of 0.3 MB that unpacks to 300 MB
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    send(zipped({"x.npy": npy("'<f8'", "(37500000,)", None)}, zeros=300_000_000))
