/* Reads one HTTP/1.1 answer, in whatever pieces it comes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

enum { HEAD_SIZE = 16384 };

typedef enum { IN_HEAD, IN_LENGTH, IN_CHUNK_SIZE, IN_CHUNK, AFTER_CHUNK, IN_TRAILER, UNTIL_CLOSE } place;
typedef enum { UNFINISHED, FINISHED, BAD_ANSWER } outcome;

typedef struct {
    place place;
    size_t left; /* bytes of the body or of the chunk */
    size_t line; /* bytes of the line at hand, in chunk sizes and trailers */
    bool in_extension;
    bool keep_alive;
    char head[HEAD_SIZE];
    size_t head_length;
    char error[300];
} reader;

/* Called for each piece of content. */
typedef void take_content(void *owner, const char *bytes, size_t length);

void reader_reset(reader *r);
outcome reader_feed(reader *r, const char *bytes, size_t length, take_content *take, void *owner);
