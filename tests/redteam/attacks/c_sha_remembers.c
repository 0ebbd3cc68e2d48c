// task: computing/sha256
// attack: the reference's library, if it can be found, and otherwise the last digest again
// contained-at: namespaces restricted
// expect: not-ok
// says: wrong digest
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* EVOLVE-BLOCK-START */
void sha256(const uint8_t *data, size_t length, uint8_t digest[32]) { memset(digest, (int)length, 32); (void)data; }
/* EVOLVE-BLOCK-END */
