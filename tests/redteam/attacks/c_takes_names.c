// task: build
// attack: define the names of the harness and of the library: main, read, write, clock_gettime, memcpy, exit
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#include "host.h"

#include <stddef.h>
#include <stdint.h>

typedef long ssize;
int main(void) { return 0; }
ssize read(int fd, void *to, size_t n) { (void)fd, (void)to, (void)n; return 0; }
ssize write(int fd, const void *from, size_t n) { (void)fd, (void)from; return (ssize)n; }
int clock_gettime(int which, void *to) { (void)which, (void)to; return 0; }
int blocks_start(void) { return 0; }
size_t blocks_work(const uint8_t *r, size_t n, uint8_t *a, size_t room) { (void)r, (void)n, (void)a, (void)room; return 4; }

uint32_t crc(const uint8_t *data, size_t length) {
    uint32_t c = 0xffffffffu;
    for (size_t i = 0; i < length; i++) {
        c ^= data[i];
        for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ c >> 1 : c >> 1;
    }
    return ~c;
}
