// task: build
// attack: reach the host's services from the program: TCP, UDP, abstract and file sockets
// contained-at: namespaces restricted
// expect: deserved
#include "kit.h"

__attribute__((constructor)) static void reach(void) {
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    in.sin_port = htons(HOST_TCP);
    if (connect(fd, (struct sockaddr *)&in, sizeof in) == 0) got("TCP");
    fd = socket(AF_INET, SOCK_DGRAM, 0);
    in.sin_port = htons(HOST_UDP);
    sendto(fd, "loot", 4, 0, (struct sockaddr *)&in, sizeof in);
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    memcpy(un.sun_path + 1, HOST_ABSTRACT, sizeof HOST_ABSTRACT - 1);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&un, offsetof(struct sockaddr_un, sun_path) + sizeof HOST_ABSTRACT) == 0) got("abstract");
    strcpy(un.sun_path, HOST_TMP "/service");
    if (connect(fd, (struct sockaddr *)&un, sizeof un) == 0) got("file socket");
}

uint32_t crc(const uint8_t *data, size_t length) { return honest(data, length); }
