# task: data_npz
# attack: members with paths, absolute names, twice the same name, and names that are no text
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
from archive import *


def solve(instance):
    good = npy("'<f8'", "(8,)", struct.pack("<8d", *instance["rough"]))
    bad = npy("'<f8'", "(8,)", struct.pack("<8d", *[9.0] * 8))
    send(zipped({"x.npy": bad, "../../../../tmp/owned.npy": bad, "/tmp/owned.npy": bad, "x.npy\0.npy": bad, "\u202ex.npy": bad},
                again={"x.npy": good}))
