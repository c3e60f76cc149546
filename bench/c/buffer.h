/* Bytes that grow, and the clock. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
    char *bytes;
    size_t length, capacity;
} buffer;

static inline void reserve(buffer *b, size_t room) {
    if (b->capacity - b->length >= room) return;
    b->capacity = (b->length + room) * 2;
    b->bytes = realloc(b->bytes, b->capacity);
    if (!b->bytes) abort();
}

static inline void append(buffer *b, const char *bytes, size_t length) {
    reserve(b, length);
    memcpy(b->bytes + b->length, bytes, length);
    b->length += length;
}

static inline void append_text(buffer *b, const char *text) { append(b, text, strlen(text)); }

/* Microseconds of CLOCK_MONOTONIC: the same clock in every process of the machine. */
static inline uint64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000u + t.tv_nsec / 1000;
}
