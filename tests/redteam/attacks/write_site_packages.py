# attack: plant code that the next interpreter would run: .pth files, sitecustomize, modules that shadow the library's
# contained-at: namespaces restricted
# expect: seed-score
import os
import sys

from kit import *


def solve(instance):
    folders = [*host.SITE_PACKAGES, host.PACKAGE, host.TASK, f"{host.HOME}/.local/lib", os.path.dirname(os.__file__),
               "/usr/lib/python3", "/site", "/usr/local/lib", *[p for p in sys.path if p and p != os.getcwd()]]
    for folder in folders:
        for name in (f"{host.TOKEN}.pth", f"sitecustomize_{host.TOKEN}.py", f"{host.TOKEN}.so"):
            with quietly():
                with open(os.path.join(folder, name), "w") as file:
                    file.write(f"import os  # {host.TOKEN}\n")
                got(f"planted {folder}/{name}")
    return answer(instance)
