// task: build
// attack: a kernel timer that sends SIGCONT a moment after each answer, when the reference is being timed
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "kit.h"

#include <time.h>

static timer_t timer;

static void awake(int n) { (void)n; }

static void *spin(void *unused) {
    (void)unused;
    for (;;) __asm__ volatile("" ::: "memory");
}

__attribute__((constructor)) static void start(void) {
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
    signal(SIGCONT, awake);  // a signal that is ignored is not sent by a timer
    timer_create(CLOCK_MONOTONIC, &event, &timer);
}

uint32_t crc(const uint8_t *data, size_t length) {
    static int calls;
    pthread_t thread;
    struct itimerspec later = {{0, 0}, {0, 2500000}};
    if (++calls % 40 == 6) timer_settime(timer, 0, &later, NULL);
    if (calls == 6)
        for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, spin, NULL);
    return honest(data, length);
}
