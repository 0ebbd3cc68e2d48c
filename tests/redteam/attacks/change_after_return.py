# attack: a thread that goes on changing the returned list while it is being sent
# contained-at: namespaces restricted none
# expect: deserved-or-not-ok
import sys
import threading


def solve(instance):
    sys.setswitchinterval(1e-6)
    x = list(instance["rough"])

    def stir():
        while True:
            x[0] = 0.125
            x[0] = 1e300

    threading.Thread(target=stir, daemon=True).start()
    return {"x": x}
