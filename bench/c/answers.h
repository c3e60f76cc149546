/* What the mock model says, as HTTP/1.1 answers, in both APIs. */
#pragma once
#include <stdbool.h>

#include "buffer.h"

typedef struct {
    bool anthropic; /* else OpenAI chat completions */
    bool tool;      /* a tool call's arguments, else text */
} manner;

/* Answers written once and kept; the bytes are shared by all connections. */
const buffer *baked_json(bool anthropic);
const buffer *baked_stream(manner how, int deltas);

/* A stream piece by piece, for one connection's own buffer. */
void stream_start(buffer *out, manner how);
void stream_delta(buffer *out, manner how, const char *json_text);
void stream_end(buffer *out, manner how, int deltas);
