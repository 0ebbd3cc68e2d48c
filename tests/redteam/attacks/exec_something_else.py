# attack: replace the process by another program: a shell, or an interpreter with PYTHON* and LD_PRELOAD set
# contained-at: namespaces restricted
# expect: not-ok
import os
import sys


def solve(instance):
    with open("evil.py", "w") as file:
        file.write("import os\nos.write(4, b'x')\n")
    environment = {"PYTHONSTARTUP": "evil.py", "PYTHONPATH": ".", "PYTHONINSPECT": "1", "LD_PRELOAD": os.getcwd() + "/x.so",
                   "LD_LIBRARY_PATH": ".", "GCONV_PATH": "."}
    for fd in (3, 4):
        os.set_inheritable(fd, True)
    for program in (sys.executable, "/usr/bin/python3", "/bin/sh"):
        try:
            os.execve(program, [program, "-c", "import evil"], environment)
        except OSError:
            pass
    os._exit(0)
