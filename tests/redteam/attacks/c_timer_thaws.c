// task: build
// attack: kernel timers that send SIGCONT, which wakes a stopped process, and threads that spin then
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

#include <time.h>

static void awake(int n) { (void)n; }

static void *spin(void *unused) {
    (void)unused;
    for (;;) __asm__ volatile("" ::: "memory");
}

__attribute__((constructor)) static void start(void) {
    pthread_t thread;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGCONT};
    signal(SIGCONT, awake);  // a signal that is ignored is not sent by a timer
    for (int i = 1; i < 600; i++) {
        timer_t timer;
        struct itimerspec once = {{0, 0}, {0, 1500000 * i}};
        timer_create(CLOCK_MONOTONIC, &event, &timer);
        timer_settime(timer, 0, &once, NULL);
    }
    for (int i = 0; i < 3; i++) pthread_create(&thread, NULL, spin, NULL);
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
