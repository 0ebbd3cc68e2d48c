# task: data_npz
# attack: an npz archive with an array of objects, that is a pickle
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    pickle = b"\x80\x04\x95\x1d\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x02id\x94\x85\x94R\x94."
    send(zipped({"x.npy": npy("'|O'", "(8,)", pickle)}))
