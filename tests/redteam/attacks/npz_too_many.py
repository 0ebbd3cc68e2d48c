# task: data_npz
# attack: an archive with 5,000 members
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
from archive import *


def solve(instance):
    small = npy("'<f8'", "(1,)", bytes(8))
    send(zipped({f"{i}.npy": small for i in range(5_000)}))
