# attack: create a file, a folder, a link and a fifo in every folder that can be reached
# contained-at: namespaces restricted
# expect: seed-score
import os

from kit import *


def solve(instance):
    own = os.path.realpath(os.getcwd())
    tried = 0
    for base in ("/",):
        for folder, names, _ in os.walk(base):
            if os.path.realpath(folder).startswith(own) or folder.startswith(("/proc", "/sys")):
                names.clear()
                continue
            if folder.count("/") > 3 or tried > 1500:
                names.clear()
            tried += 1
            path = os.path.join(folder, host.TOKEN)
            for name, act in (("file", lambda: os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))),
                              ("folder", lambda: os.mkdir(path)),
                              ("link", lambda: os.symlink("/etc/passwd", path)),
                              ("fifo", lambda: os.mkfifo(path)),
                              ("hard link", lambda: os.link(__file__, path)),
                              ("unnamed file", lambda: os.close(os.open(folder, os.O_TMPFILE | os.O_WRONLY)))):
                with quietly():
                    act()
                    got(f"{name} in {folder}")
    return answer(instance)
