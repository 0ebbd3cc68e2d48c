// task: build
// attack: keep running while stopped: handlers and timers for SIGCONT, a stopped thread woken by another, changed tracing
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "kit.h"

#include <sys/time.h>

static void spin(int n) {
    (void)n;
    for (volatile int i = 0; i < 100000; i++) {}
}

static void *wake(void *unused) {
    (void)unused;
    for (;;) {
        kill(getpid(), SIGCONT);
        syscall(SYS_tgkill, getpid(), getpid(), SIGCONT);
    }
}

__attribute__((constructor)) static void start(void) {
    pthread_t thread;
    struct itimerval often = {{0, 100}, {0, 100}};
    signal(SIGCONT, spin);
    signal(SIGALRM, SIG_IGN);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < 4; i++) pthread_create(&thread, NULL, wake, NULL);
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
