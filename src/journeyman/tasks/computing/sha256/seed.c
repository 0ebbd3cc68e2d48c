#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* FIPS 180-4, 5.3.3: the same of the square roots of the first 8 primes. */
static const uint32_t H0[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

void sha256(const uint8_t *data, size_t length, uint8_t digest[32]);

/* EVOLVE-BLOCK-START */

#define ROUNDS_AT_ONCE 1     // tune: 1 | 8 | 16 | 64
#define SCHEDULE_AT_ONCE 1   // tune: 1 | 4 | 8 | 16
#define ROLLING_SCHEDULE 0   // tune: 0 | 1
#define SHORT_CHOOSE 0       // tune: 0 | 1
#define SHORT_MAJORITY 0     // tune: 0 | 1
#define NESTED_ROTATIONS 0   // tune: 0 | 1
#define BLOCKS_COPIED 1      // tune: 0 .. 32
#define PREFETCH_BYTES 0     // tune: 0 .. 1024

#define TEXT(x) #x
#define UNROLL(n) _Pragma(TEXT(GCC unroll n))

static inline uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

static inline uint32_t big_sigma0(uint32_t x) {
    return NESTED_ROTATIONS ? rotr(rotr(rotr(x, 9) ^ x, 11) ^ x, 2) : rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}

static inline uint32_t big_sigma1(uint32_t x) {
    return NESTED_ROTATIONS ? rotr(rotr(rotr(x, 14) ^ x, 5) ^ x, 6) : rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}

static inline uint32_t small_sigma0(uint32_t x) { return rotr(x, 7) ^ rotr(x, 18) ^ x >> 3; }
static inline uint32_t small_sigma1(uint32_t x) { return rotr(x, 17) ^ rotr(x, 19) ^ x >> 10; }

static inline uint32_t choose(uint32_t e, uint32_t f, uint32_t g) {
    return SHORT_CHOOSE ? g ^ (e & (f ^ g)) : (e & f) ^ (~e & g);
}

static inline uint32_t majority(uint32_t a, uint32_t b, uint32_t c) {
    return SHORT_MAJORITY ? (a & b) + (c & (a ^ b)) : (a & b) ^ (a & c) ^ (b & c);
}

static inline uint32_t load(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The word of round t >= 16, from the sixteen before it: kept in all 64 places, or in a window of 16. */
static inline uint32_t expand(uint32_t *w, int t) {
    int mask = ROLLING_SCHEDULE ? 15 : 63;
    uint32_t x = small_sigma1(w[(t - 2) & mask]) + w[(t - 7) & mask] + small_sigma0(w[(t - 15) & mask]) + w[(t - 16) & mask];
    return w[t & mask] = x;
}

/* One round. The eight words stay where they are in v; their names move by one place a round, so that a is v[-t mod 8]. */
static inline void round_of(uint32_t v[8], int t, uint32_t k_and_w) {
    uint32_t *a = &v[-t & 7], *b = &v[(1 - t) & 7], *c = &v[(2 - t) & 7], *d = &v[(3 - t) & 7];
    uint32_t *e = &v[(4 - t) & 7], *f = &v[(5 - t) & 7], *g = &v[(6 - t) & 7], *h = &v[(7 - t) & 7];
    uint32_t sum = *h + big_sigma1(*e) + choose(*e, *f, *g) + k_and_w;
    *d += sum;
    *h = sum + big_sigma0(*a) + majority(*a, *b, *c);
}

static void compress(uint32_t state[8], const uint8_t *block) {
    uint32_t w[64], v[8];
    memcpy(v, state, sizeof v);
    for (int t = 0; t < 16; t++) w[t] = load(block + 4 * t);
    if (!ROLLING_SCHEDULE) {
        UNROLL(SCHEDULE_AT_ONCE)
        for (int t = 16; t < 64; t++) expand(w, t);
    }
    for (int t = 0; t < 64; t += ROUNDS_AT_ONCE) {
        UNROLL(ROUNDS_AT_ONCE)
        for (int i = t; i < t + ROUNDS_AT_ONCE; i++)
            round_of(v, i, K[i] + (ROLLING_SCHEDULE && i >= 16 ? expand(w, i) : w[i]));
    }
    for (int i = 0; i < 8; i++) state[i] += v[i];
}

void sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {
    uint32_t state[8];
    uint8_t buffer[64 * (BLOCKS_COPIED > 2 ? BLOCKS_COPIED : 2)];
    memcpy(state, H0, sizeof state);
    size_t left = length;
    while (left >= 64) {
        const uint8_t *from = data;
        size_t n = 64 * (size_t)(BLOCKS_COPIED > 0 ? BLOCKS_COPIED : 1);
        if (n > left) n = left / 64 * 64;
        if (BLOCKS_COPIED > 0) from = memcpy(buffer, data, n);
        for (size_t i = 0; i < n; i += 64) {
            if (PREFETCH_BYTES > 0) __builtin_prefetch(data + i + PREFETCH_BYTES);
            compress(state, from + i);
        }
        data += n;
        left -= n;
    }
    /* Padding: the bit 1, zeros, and the length in bits as 64 bits, to the end of a block. */
    uint64_t bits = (uint64_t)length * 8;
    size_t end = left < 56 ? 64 : 128;
    memcpy(buffer, data, left);
    memset(buffer + left, 0, end - left);
    buffer[left] = 0x80;
    for (int i = 0; i < 8; i++) buffer[end - 1 - i] = (uint8_t)(bits >> 8 * i);
    for (size_t i = 0; i < end; i += 64) compress(state, buffer + i);
    for (int i = 0; i < 8; i++)
        for (int j = 0; j < 4; j++) digest[4 * i + j] = (uint8_t)(state[i] >> (24 - 8 * j));
}

/* EVOLVE-BLOCK-END */
