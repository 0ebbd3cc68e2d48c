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

/* The processor's own SHA-256 instructions where it has them (Gueron, Yap, Hasan: Intel SHA Extensions), else plain C. */
#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

#define QUIET __attribute__((target("sha,sse4.1"), always_inline)) static inline
#define WITH_SHA __attribute__((target("sha,sse4.1")))

/* Four rounds on the words `m`, whose constants start at K[4 i]. */
QUIET void four_rounds(__m128i *abef, __m128i *cdgh, __m128i m, int i) {
    __m128i wk = _mm_add_epi32(m, _mm_loadu_si128((const __m128i *)(K + 4 * i)));
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, wk);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* W[t .. t+3] from the sixteen words before it, oldest first. */
QUIET __m128i next_words(__m128i a, __m128i b, __m128i c, __m128i d) {
    __m128i w = _mm_add_epi32(_mm_sha256msg1_epu32(a, b), _mm_alignr_epi8(d, c, 4));
    return _mm_sha256msg2_epu32(w, d);
}

WITH_SHA static void compress_sha(uint32_t state[8], const uint8_t *data, size_t blocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);        /* CDAB */
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b); /* EFGH */
    __m128i abef = _mm_alignr_epi8(low, high, 8);
    __m128i cdgh = _mm_blend_epi16(high, low, 0xf0);
    for (; blocks > 0; blocks--, data += 64) {
        __m128i abef0 = abef, cdgh0 = cdgh, m[4];
        for (int i = 0; i < 4; i++) {
            m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(data + 16 * i)), swap);
            four_rounds(&abef, &cdgh, m[i], i);
        }
#pragma GCC unroll 12
        for (int i = 4; i < 16; i++) {
            m[i & 3] = next_words(m[i & 3], m[(i + 1) & 3], m[(i + 2) & 3], m[(i + 3) & 3]);
            four_rounds(&abef, &cdgh, m[i & 3], i);
        }
        abef = _mm_add_epi32(abef, abef0);
        cdgh = _mm_add_epi32(cdgh, cdgh0);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);  /* FEBA */
    high = _mm_shuffle_epi32(cdgh, 0xb1); /* DCHG */
    _mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static int has_sha(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}

#endif

static uint32_t rotr(uint32_t x, int n) { return x >> n | x << (32 - n); }

static void compress_plain(uint32_t state[8], const uint8_t *data, size_t blocks) {
    for (; blocks > 0; blocks--, data += 64) {
        uint32_t w[64], s[8];
        for (int t = 0; t < 16; t++) {
            memcpy(&w[t], data + 4 * t, 4);
            w[t] = __builtin_bswap32(w[t]);
        }
        for (int t = 16; t < 64; t++)
            w[t] = w[t - 16] + w[t - 7] + (rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ w[t - 15] >> 3) +
                   (rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ w[t - 2] >> 10);
        memcpy(s, state, sizeof s);
        for (int t = 0; t < 64; t++) {
            uint32_t a = s[0], e = s[4];
            uint32_t sum = s[7] + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + (s[6] ^ (e & (s[5] ^ s[6]))) + K[t] + w[t];
            uint32_t more = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & s[1]) | (s[2] & (a | s[1])));
            memmove(s + 1, s, 7 * sizeof *s);
            s[4] += sum;
            s[0] = sum + more;
        }
        for (int i = 0; i < 8; i++) state[i] += s[i];
    }
}

void sha256(const uint8_t *data, size_t length, uint8_t digest[32]) {
    void (*compress)(uint32_t *, const uint8_t *, size_t) = compress_plain;
#if defined(__x86_64__)
    static int known = -1; /* cpuid is slow in a virtual machine: asked once */
    if (known < 0) known = has_sha();
    if (known) compress = compress_sha;
#endif
    uint32_t state[8];
    memcpy(state, H0, sizeof state);
    size_t blocks = length / 64, left = length % 64, end = left < 56 ? 64 : 128;
    if (blocks > 0) compress(state, data, blocks);
    uint8_t last[128];
    memset(last, 0, sizeof last);
    if (left > 0) memcpy(last, data + 64 * blocks, left);
    last[left] = 0x80;
    uint64_t bits = __builtin_bswap64((uint64_t)length * 8);
    memcpy(last + end - 8, &bits, 8);
    compress(state, last, end / 64);
    for (int i = 0; i < 8; i++) state[i] = __builtin_bswap32(state[i]);
    memcpy(digest, state, 32);
}

/* EVOLVE-BLOCK-END */
