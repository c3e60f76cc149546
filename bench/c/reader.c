#define _GNU_SOURCE
#include "reader.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void reader_reset(reader *r) {
    r->place = IN_HEAD;
    r->left = r->line = r->head_length = 0;
    r->in_extension = false;
    r->keep_alive = true;
}

static outcome bad(reader *r, const char *why, const char *bytes, size_t length) {
    size_t shown = length < 200 ? length : 200;
    snprintf(r->error, sizeof r->error, "%s %.*s", why, (int)shown, bytes);
    return BAD_ANSWER;
}

/* Decides from the head how the body ends. */
static outcome begin_body(reader *r, const char *rest, size_t length) {
    int status = atoi(r->head + 9);
    if (status != 200) {
        char why[32];
        snprintf(why, sizeof why, "status %d:", status);
        return bad(r, why, rest, length);
    }
    const char *field = strcasestr(r->head, "\ncontent-length:");
    r->keep_alive = strcasestr(r->head, "\nconnection: close") == NULL;
    if (strcasestr(r->head, "\ntransfer-encoding: chunked")) {
        r->place = IN_CHUNK_SIZE;
    } else if (field) {
        r->place = IN_LENGTH;
        r->left = strtoul(field + 16, NULL, 10);
        if (!r->left) return FINISHED;
    } else {
        r->place = UNTIL_CLOSE;
        r->keep_alive = false;
    }
    return UNFINISHED;
}

/* Takes bytes up to the head's end; returns how many. 0: the head does not fit. */
static size_t take_head(reader *r, const char *bytes, size_t length, bool *whole) {
    size_t room = HEAD_SIZE - 1 - r->head_length, taken = length < room ? length : room, before = r->head_length;
    memcpy(r->head + before, bytes, taken);
    r->head_length += taken;
    char *end = memmem(r->head, r->head_length, "\r\n\r\n", 4);
    *whole = end != NULL;
    if (!end) return taken;
    end[2] = 0;
    return end + 4 - r->head - before;
}

static void size_digit(reader *r, char c) {
    if (c == '\n') {
        r->place = r->left ? IN_CHUNK : IN_TRAILER;
        r->line = 0;
        r->in_extension = false;
    } else if (c == ';') {
        r->in_extension = true;
    } else if (!r->in_extension && isxdigit((unsigned char)c)) {
        r->left = r->left * 16 + (c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
    }
}

outcome reader_feed(reader *r, const char *bytes, size_t length, take_content *take, void *owner) {
    while (length) {
        size_t n = 1;
        switch (r->place) {
        case IN_HEAD: {
            bool whole;
            n = take_head(r, bytes, length, &whole);
            if (!n) return bad(r, "head too long:", r->head, 60);
            if (!whole) break;
            outcome begun = begin_body(r, bytes + n, length - n);
            if (begun != UNFINISHED) return begun;
            break;
        }
        case IN_LENGTH:
        case IN_CHUNK:
            n = length < r->left ? length : r->left;
            take(owner, bytes, n);
            r->left -= n;
            if (r->left) break;
            if (r->place == IN_LENGTH) return FINISHED;
            r->place = AFTER_CHUNK;
            break;
        case IN_CHUNK_SIZE: size_digit(r, *bytes); break;
        case AFTER_CHUNK:
            if (*bytes == '\n') r->place = IN_CHUNK_SIZE;
            break;
        case IN_TRAILER:
            if (*bytes == '\n') {
                if (!r->line) return FINISHED;
                r->line = 0;
            } else if (*bytes != '\r') {
                r->line++;
            }
            break;
        case UNTIL_CLOSE:
            n = length;
            take(owner, bytes, n);
            break;
        }
        bytes += n;
        length -= n;
    }
    return UNFINISHED;
}
