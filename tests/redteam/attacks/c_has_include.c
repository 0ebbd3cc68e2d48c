// task: build
// attack: ask the compiler which files the host has, with __has_include, #embed and #pragma GCC dependency
// contained-at: namespaces
// expect: deserved
#include "kit.h"

#if __has_include("/etc/shadow") || __has_include("/etc/hostname") || __has_include("/root/.bashrc") || __has_include("/proc/self/environ")
#define SEEN 1
#endif
#if __has_include(HOST_KEY) || __has_include(HOST_VERIFIER)
#define SEEN 1
#endif

uint32_t crc(const uint8_t *data, size_t length) {
#ifdef SEEN
    got("a file of the host by __has_include");
#endif
    return honest(data, length);
}
