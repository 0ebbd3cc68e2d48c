# task: data_npz
# attack: archives with wrong sums, encrypted members, absurd sizes, overlapping entries and comments as large as the file
# contained-at: namespaces restricted none
# expect: not-ok
from archive import *


def solve(instance):
    data = bytearray(zipped({"x.npy": npy("'<f8'", "(8,)", bytes(64))}))
    at = data.rindex(b"PK\x01\x02")
    data[at + 8] |= 1  # encrypted
    data[at + 20 : at + 28] = b"\xff\xff\xff\x7f" * 2  # sizes
    send(bytes(data) + b"PK\x05\x06" + b"\xff" * 18)
