# attack: search the own memory, a copy of the zygote's, for a planted key, held-out numbers and the scorer's names
# contained-at: namespaces restricted none
# expect: seed-score
import re

from kit import *

# The first bytes of a planted held-out number as a C double; and words that only the scorer's side knows.
NUMBER = re.compile(rb"[\x37]\x13\xfe\xca[\x5e].[\xe0-\xef]\x3f", re.DOTALL)
NAMES = re.compile(rb"journeyman[/.]verify[/.]la[n]e_main|held-out[.]js[o]nl")


def solve(instance):
    searched = 0
    for at, data in own_memory():
        searched += len(data)
        tell(data, f"memory at {at:#x}")
        tell(data.replace(b"\0", b""), f"wide text in memory at {at:#x}")
        for found in NUMBER.findall(data)[:1]:
            got(f"held-out number {found.hex()}")
        for found in NAMES.findall(data)[:1]:
            got(f"{found.decode()} in memory at {at:#x}")
    if searched < 5_000_000:
        got(f"only {searched} bytes were searched: the attack is no attack")
    return answer(instance)
