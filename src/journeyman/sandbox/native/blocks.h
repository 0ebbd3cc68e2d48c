/* What a task's harness defines, and blocks.c calls. One program is blocks.c + the task's harness + one implementation.
 *
 * Nothing here is trusted: candidate code lives in the same process and could rewrite all of it. The program answers, the
 * verifier outside takes the time and checks every answer.
 */
#ifndef JOURNEYMAN_BLOCKS_H
#define JOURNEYMAN_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Called once before the first frame; returns 0, or anything else to end the program with that status. */
int blocks_start(void);

/* Untimed: take in `length` bytes of fresh input; the buffer stays valid and writable until the next call. */
int blocks_prepare(uint8_t *data, size_t length);

/* Timed: do the work that `request` names, write at most `room` bytes of answer, return how many (or SIZE_MAX: cannot). */
size_t blocks_work(const uint8_t *request, size_t length, uint8_t *answer, size_t room);

#ifdef __cplusplus
}
#endif
#endif
