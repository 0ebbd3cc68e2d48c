/* The main of every compiled program that is timed: frames in on one pipe, answers out on another.
 *
 * A frame is one byte ('P' prepare, 'W' work), the length of what follows as 8 bytes little endian, and so many bytes.
 * An answer is its length as 4 bytes little endian, and so many bytes; 'P' is answered with length 0.
 * Frames come on descriptor 0, answers go to what descriptor 1 was at the start; printing goes to descriptor 2 from then
 * on. End of input ends the program.
 *
 * The input of 'P' is laid so that its last byte is the last byte of a page, and the next page cannot be touched: reading
 * past the end is a crash, not luck.
 */
#define _GNU_SOURCE
#include "blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROOM = 1 << 16, SMALL = 1 << 16, PAGE = 1 << 16 };

static int take(int fd, uint8_t *to, size_t length) {
    while (length > 0) {
        ssize_t n = read(fd, to, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        to += n;
        length -= (size_t)n;
    }
    return 0;
}

static int give(int fd, const uint8_t *from, size_t length) {
    while (length > 0) {
        ssize_t n = write(fd, from, length);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return -1;
        from += n;
        length -= (size_t)n;
    }
    return 0;
}

/* `length` bytes that end where an untouchable page begins. */
static uint8_t *before_a_wall(uint8_t **mapping, size_t *mapped, size_t length) {
    size_t size = (length + PAGE - 1) / PAGE * PAGE + PAGE;
    if (*mapped < size) {
        if (*mapping != NULL) munmap(*mapping, *mapped + PAGE);
        *mapping = mmap(NULL, size + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (*mapping == MAP_FAILED || mprotect(*mapping + size, PAGE, PROT_NONE) != 0) return NULL;
        *mapped = size;
    }
    return *mapping + *mapped - length;
}

int main(void) {
    static uint8_t request[SMALL], answer[4 + ROOM];
    uint8_t *mapping = NULL;
    size_t mapped = 0;
    int in = 0, out = fcntl(1, F_DUPFD_CLOEXEC, 3);
    if (out < 0 || dup2(2, 1) < 0) return 64;
    int status = blocks_start();
    if (status != 0) return status;
    for (;;) {
        uint8_t head[9];
        if (take(in, head, sizeof head) != 0) return 0;
        uint64_t length = 0;
        for (int i = 8; i > 0; i--) length = length << 8 | head[i];
        size_t answered = 0;
        if (head[0] == 'P') {
            uint8_t *data = before_a_wall(&mapping, &mapped, length);
            if (data == NULL || take(in, data, length) != 0 || blocks_prepare(data, length) != 0) return 65;
        } else {
            if (length > SMALL || take(in, request, length) != 0) return 66;
            answered = blocks_work(request, length, answer + 4, ROOM);
            if (answered > ROOM) return 67;
        }
        for (int i = 0; i < 4; i++) answer[i] = (uint8_t)(answered >> 8 * i);
        if (give(out, answer, 4 + answered) != 0) return 68;
    }
}
