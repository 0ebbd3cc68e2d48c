/* A chain of digests over one message, so that no answer can be known before the one before it.
 *
 * 'prepare' brings the message. 'work' brings a nonce of 32 bytes and a count n (8 bytes, little endian); then n times:
 * XOR the 32 bytes (first the nonce, then the last digest) over the whole message, again and again from its first byte on,
 * and hash. The answer is the last digest. Every block of every message changes at every step, so nothing of one step, a
 * message schedule for one, can serve in another.
 */
#include "blocks.h"

#include <string.h>

#ifdef __cplusplus
extern "C"
#endif
void sha256(const uint8_t *data, size_t length, uint8_t digest[32]);

static uint8_t *message;
static size_t message_length;

int blocks_start(void) { return 0; }

int blocks_prepare(uint8_t *data, size_t length) {
    message = data;
    message_length = length;
    return 0;
}

static void stir(uint8_t *to, size_t length, const uint8_t with[32]) {
    uint64_t w[4];
    memcpy(w, with, sizeof w);
    size_t i = 0;
    for (; i + 32 <= length; i += 32)
        for (int j = 0; j < 4; j++) {
            uint64_t x;
            memcpy(&x, to + i + 8 * j, 8);
            x ^= w[j];
            memcpy(to + i + 8 * j, &x, 8);
        }
    for (size_t j = 0; i + j < length; j++) to[i + j] ^= with[j];
}

size_t blocks_work(const uint8_t *request, size_t length, uint8_t *answer, size_t room) {
    if (length != 40 || room < 32) return SIZE_MAX;
    uint8_t digest[32];
    uint64_t n = 0;
    memcpy(digest, request, 32);
    for (int i = 7; i >= 0; i--) n = n << 8 | request[32 + i];
    while (n-- > 0) {
        stir(message, message_length, digest);
        sha256(message, message_length, digest);
    }
    memcpy(answer, digest, 32);
    return 32;
}
