// task: build
// attack: pragmas and attributes that ask the compiler for files, options, plugins and other programs
// contained-at: namespaces restricted
// expect: deserved-or-not-ok
#pragma GCC dependency "/etc/hostname"
#pragma GCC pch_preprocess "/etc/shadow"
#pragma GCC optimize("O3", "-fplugin=/tmp/x.so", "-wrapper=/bin/sh", "-specs=/tmp/x")
#pragma GCC target("arch=x86-64,-wrapper")
#pragma comment(linker, "-T /tmp/x")
#include "kit.h"

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
