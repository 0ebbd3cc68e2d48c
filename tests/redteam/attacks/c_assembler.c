// task: build
// attack: assembler text that includes files, makes sections of its own, exports symbols of the harness and never ends
// contained-at: namespaces restricted
// expect: not-ok
#include "kit.h"

__asm__(".globl blocks_work\nblocks_work: ret\n.section .init_array,\"aw\"\n.quad blocks_work\n.previous\n");
__asm__(".rept 2000000000\n.quad 0\n.endr\n");

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
