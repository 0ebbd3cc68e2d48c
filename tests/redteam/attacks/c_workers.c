// task: build
// attack: let threads do the work, which a clock on the main thread alone would not see
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "kit.h"

static const uint8_t *volatile job;
static volatile size_t job_length;
static volatile uint32_t sum;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t go = PTHREAD_COND_INITIALIZER;

static void *work(void *unused) {
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        while (job == NULL) pthread_cond_wait(&go, &lock);
        sum = honest(job, job_length);
        job = NULL;
        pthread_cond_broadcast(&go);
    }
}

uint32_t crc(const uint8_t *data, size_t length) {
    static int started;
    pthread_t thread;
    if (!started++ && pthread_create(&thread, NULL, work, NULL) != 0) return honest(data, length);
    pthread_mutex_lock(&lock);
    job = data, job_length = length;
    pthread_cond_broadcast(&go);
    while (job != NULL) pthread_cond_wait(&go, &lock);
    uint32_t result = sum;
    pthread_mutex_unlock(&lock);
    return result;
}
