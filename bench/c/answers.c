/* The shapes are those of api.openai.com and api.anthropic.com, with all the fields that they send. */
#include "answers.h"

#include <stdio.h>

#define TEXT                                                                                                           \
    "The quick brown fox jumps over the lazy dog, then it naps in the warm sun for an hour or so before it sets out "  \
    "again."
#define CHAT_HEAD(object)                                                                                              \
    "{\"id\":\"chatcmpl-BkQ0Zt7mX2vR9sLw4nYh1cUe8pDa\",\"object\":\"" object "\",\"created\":1763800000,"              \
    "\"model\":\"bench-model-2026-01-01\",\"service_tier\":\"default\",\"system_fingerprint\":\"fp_6f2eabb9a5\","      \
    "\"choices\":["
#define CHUNK "data: " CHAT_HEAD("chat.completion.chunk")
#define DELTA CHUNK "{\"index\":0,\"delta\":"
#define DELTA_END ",\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"
#define MESSAGE_HEAD                                                                                                   \
    "{\"id\":\"msg_01XFDUDYJgAACzvnptvVoYEL\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-bench\","
#define EVENT(type, fields) "event: " type "\ndata: {\"type\":\"" type "\"" fields "}\n\n"

static const char CHAT_JSON[] = CHAT_HEAD("chat.completion")
    "{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"" TEXT "\",\"refusal\":null,\"annotations\":[]},"
    "\"logprobs\":null,\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":25,\"completion_tokens\":28,"
    "\"total_tokens\":53,\"prompt_tokens_details\":{\"cached_tokens\":0,\"audio_tokens\":0},"
    "\"completion_tokens_details\":{\"reasoning_tokens\":0,\"audio_tokens\":0}}}";
static const char MESSAGE_JSON[] = MESSAGE_HEAD
    "\"content\":[{\"type\":\"text\",\"text\":\"" TEXT "\"}],\"stop_reason\":\"end_turn\",\"stop_sequence\":null,"
    "\"usage\":{\"input_tokens\":25,\"output_tokens\":28}}";

static const char CHAT_TEXT_START[] = DELTA "{\"role\":\"assistant\",\"content\":\"\",\"refusal\":null}" DELTA_END;
static const char CHAT_TOOL_START[] = DELTA
    "{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"index\":0,\"id\":\"call_DdmO9pD3xa9XTPNJ32zg2hcA\","
    "\"type\":\"function\",\"function\":{\"name\":\"Write\",\"arguments\":\"\"}}],\"refusal\":null}" DELTA_END;
static const char CHAT_TEXT_DELTA[] = DELTA "{\"content\":\"%s\"}" DELTA_END;
static const char CHAT_TOOL_DELTA[] = DELTA
    "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"%s\"}}]}" DELTA_END;
static const char CHAT_STOP[] = DELTA "{},\"logprobs\":null,\"finish_reason\":\"%s\"}],\"usage\":null}\n\n";
static const char CHAT_USAGE[] = CHUNK
    "],\"usage\":{\"prompt_tokens\":25,\"completion_tokens\":%d,\"total_tokens\":%d,"
    "\"prompt_tokens_details\":{\"cached_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0}}}\n\n";

static const char MESSAGE_START[] =
    EVENT("message_start", ",\"message\":" MESSAGE_HEAD
                           "\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
                           "\"usage\":{\"input_tokens\":25,\"output_tokens\":1}}");
static const char TEXT_START[] =
    EVENT("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}");
static const char TOOL_START[] =
    EVENT("content_block_start", ",\"index\":0,\"content_block\":{\"type\":\"tool_use\","
                                 "\"id\":\"toolu_01T1x1fJ34qAmk2tNTrN7Up6\",\"name\":\"Write\",\"input\":{}}");
static const char TEXT_DELTA[] =
    EVENT("content_block_delta", ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"%s\"}");
static const char TOOL_DELTA[] =
    EVENT("content_block_delta", ",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"%s\"}");
static const char BLOCK_STOP[] = EVENT("content_block_stop", ",\"index\":0");
static const char MESSAGE_DELTA[] =
    EVENT("message_delta", ",\"delta\":{\"stop_reason\":\"%s\",\"stop_sequence\":null},"
                           "\"usage\":{\"output_tokens\":%d}");
static const char MESSAGE_STOP[] = EVENT("message_stop", "");

/* Each SSE event is an HTTP chunk of its own, as the usual servers send it. */
static void chunk(buffer *out, const char *text) {
    char head[32];
    append(out, head, sprintf(head, "%zx\r\n", strlen(text)));
    append_text(out, text);
    append(out, "\r\n", 2);
}

void stream_start(buffer *out, manner how) {
    append_text(out, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
                     "x-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n");
    if (how.anthropic) {
        chunk(out, MESSAGE_START);
        chunk(out, how.tool ? TOOL_START : TEXT_START);
    } else {
        chunk(out, how.tool ? CHAT_TOOL_START : CHAT_TEXT_START);
    }
}

void stream_delta(buffer *out, manner how, const char *json_text) {
    char event[1024];
    const char *format = how.anthropic ? (how.tool ? TOOL_DELTA : TEXT_DELTA)
                                       : (how.tool ? CHAT_TOOL_DELTA : CHAT_TEXT_DELTA);
    snprintf(event, sizeof event, format, json_text);
    chunk(out, event);
}

void stream_end(buffer *out, manner how, int deltas) {
    char event[1024];
    if (how.anthropic) {
        chunk(out, BLOCK_STOP);
        snprintf(event, sizeof event, MESSAGE_DELTA, how.tool ? "tool_use" : "end_turn", deltas);
        chunk(out, event);
        chunk(out, MESSAGE_STOP);
    } else {
        snprintf(event, sizeof event, CHAT_STOP, how.tool ? "tool_calls" : "stop");
        chunk(out, event);
        snprintf(event, sizeof event, CHAT_USAGE, deltas, deltas + 25);
        chunk(out, event);
        chunk(out, "data: [DONE]\n\n");
    }
    append_text(out, "0\r\n\r\n");
}

const buffer *baked_json(bool anthropic) {
    static buffer baked[2];
    buffer *out = &baked[anthropic];
    if (out->length) return out;
    const char *body = anthropic ? MESSAGE_JSON : CHAT_JSON;
    char head[256];
    append(out, head,
           sprintf(head, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\n"
                         "content-length: %zu\r\n\r\n", strlen(body)));
    append_text(out, body);
    return out;
}

static void word(char *text, size_t size, bool tool, int i, int deltas) {
    if (!tool) snprintf(text, size, " word%04d", i);
    else if (i == 0) snprintf(text, size, "{\\\"path\\\":\\\"w0000");
    else if (i == deltas - 1) snprintf(text, size, " end\\\"}");
    else snprintf(text, size, " w%04d", i);
}

const buffer *baked_stream(manner how, int deltas) {
    enum { KEPT = 64 };
    static struct { manner how; int deltas; buffer out; } kept[KEPT];
    static int used;
    for (int i = 0; i < used; i++)
        if (kept[i].how.anthropic == how.anthropic && kept[i].how.tool == how.tool && kept[i].deltas == deltas)
            return &kept[i].out;
    if (used == KEPT) abort();
    kept[used].how = how;
    kept[used].deltas = deltas;
    buffer *out = &kept[used++].out;
    stream_start(out, how);
    for (int i = 0; i < deltas; i++) {
        char text[64];
        word(text, sizeof text, how.tool, i, deltas);
        stream_delta(out, how, text);
    }
    stream_end(out, how, deltas);
    return out;
}
