# task: data_short
# attack: ignore and block every signal, SIGTERM and SIGXCPU among them, and spin
# contained-at: namespaces restricted none
# expect: status:timeout
import signal


def solve(instance):
    for n in range(1, 65):
        try:
            signal.signal(n, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass
