# attack: rename one's scratch folder, put things beside it and swap it for a link, so that it outlives the run
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    own = os.getcwd()
    for path in (own + host.TOKEN, os.path.dirname(own) + "/" + host.TOKEN):
        with quietly():
            os.mkdir(path)
            got(f"made {path}")
        with quietly():
            os.rename(own, path)
            os.symlink(host.TMP, own)
            got(f"renamed {own}")
    return answer(instance)
