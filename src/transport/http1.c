/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1, the small part of it that monitoring needs.
 *
 * libhttp-parser finds the pieces of a request and we keep the few that matter in one buffer
 * (`text`) as spans, since pieces may come byte by byte. When a request is complete the parser is
 * paused; what follows waits in `waiting` until the answer has been sent, so there is never more
 * than one exchange. Heads are capped here (the library's own cap is a global variable), and so are
 * bodies, which are only skipped. */
#include "transport/http1.h"

#include <http_parser.h>
#include <strings.h>

#include "base/status.h"

enum { BODY_MAX = 64 * 1024, WAITING_MAX = 1024 * 1024, NAME_MAX_SIZE = 32 };
enum { HEADER_OVERHEAD = 32 }; /* counted for each header, as HTTP/2 does */

enum piece {
    PIECE_URL,
    PIECE_HOST,
    PIECE_CONTENT_TYPE,
    PIECE_USER_AGENT,
    PIECE_AUTHORIZATION,
    PIECE_ACCEPT,
    PIECE_WORLD,
    PIECE_COUNT,
    PIECE_OTHER = PIECE_COUNT
};

static const char *const piece_names[PIECE_COUNT] = {
    [PIECE_URL] = "", /* no header has this name */
    [PIECE_HOST] = "host",
    [PIECE_CONTENT_TYPE] = "content-type",
    [PIECE_USER_AGENT] = "user-agent",
    [PIECE_AUTHORIZATION] = "authorization",
    [PIECE_ACCEPT] = "accept",
    [PIECE_WORLD] = "statesync-world",
};

struct span {
    size_t at, size;
};

struct http1 {
    struct connection *connection;
    http_parser parser;
    struct buffer text;
    struct span pieces[PIECE_COUNT];
    enum piece piece; /* whose value is being read */
    char name[NAME_MAX_SIZE];
    size_t name_size;
    bool in_value;
    size_t head_size, body_size;
    unsigned refusal; /* the status that this request earned by itself, 0: none */

    struct buffer waiting; /* bytes behind the request that is being answered */
    struct call *call;     /* the exchange; NULL between requests */
    bool keep_alive;
    bool answered; /* its answer stands in connection->out */
};

/* ---- answers ------------------------------------------------------------------------------- */

static const char *reason_of(unsigned status) {
    switch (status) {
#define REASON(number, name, text)                                                                 \
    case number: return #text;
        HTTP_STATUS_MAP(REASON)
#undef REASON
    default: return "";
    }
}

static void answer_write(struct connection *connection, unsigned status, const char *content_type,
                         const char *allow, struct bytes body, bool with_body) {
    struct buffer *out = &connection->out.bytes;
    struct http1 *http1 = connection->http1;
    size_t before = out->size;
    if (queue_size(&connection->out) == 0) connection->out_moved = connection->now;
    buffer_format(out, "HTTP/1.1 %u %s\r\ncontent-length: %zu\r\n", status, reason_of(status),
                  body.size);
    if (content_type[0]) buffer_format(out, "content-type: %s\r\n", content_type);
    if (allow) buffer_format(out, "allow: %s\r\n", allow);
    buffer_text(out,
                http1->keep_alive ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n");
    if (with_body) buffer_bytes(out, body);
    if (!out->failed) return;
    out->failed = false;
    out->size = before; /* out of memory: better no answer than half of one */
    http1->keep_alive = false;
}

/* Answers what is not a request worth an exchange, and closes. */
static void refuse(struct http1 *http1, unsigned status) {
    http1->keep_alive = false;
    answer_write(http1->connection, status, "", status == 405 ? "GET, HEAD" : NULL,
                 bytes_view(NULL, 0), false);
    http1->connection->over = true;
}

void http1_flush(struct connection *connection) {
    struct http1 *http1 = connection->http1;
    struct call *call = http1->call;
    if (!call || http1->answered || !call->closing || connection->over) return;
    list_remove(&call->ready);
    http1->answered = true;
    if (connection->drain != DRAIN_NONE || call->cancelling) http1->keep_alive = false;
    if (!call->cancelling)
        answer_write(connection, call->http_status, call->content_type, call->allow,
                     queue_view(&call->queue), !call->head);
    call_forget(call);
}

void http1_sent(struct connection *connection) {
    struct http1 *http1 = connection->http1;
    if (!http1->answered || connection->over) return;
    struct call *call = http1->call;
    http1->call = NULL;
    http1->answered = false;
    if (!http1->keep_alive) connection->over = true;
    call_closed(call, GRPC_OK);
}

/* ---- requests ------------------------------------------------------------------------------ */

static struct http1 *http1_of(http_parser *parser) {
    return parser->data;
}

static struct bytes piece_of(const struct http1 *http1, enum piece piece) {
    struct span span = http1->pieces[piece];
    return span.size ? bytes_view(http1->text.data + span.at, span.size) : bytes_view(NULL, 0);
}

static int on_begin(http_parser *parser) {
    struct http1 *http1 = http1_of(parser);
    buffer_clear(&http1->text);
    memset(http1->pieces, 0, sizeof http1->pieces);
    http1->head_size = http1->body_size = http1->name_size = 0;
    http1->in_value = false;
    http1->refusal = 0;
    return 0;
}

/* Counts bytes of the head; nonzero stops the parser. */
static int head_count(struct http1 *http1, size_t size) {
    http1->head_size += size;
    if (http1->head_size > http1->connection->config.headers_max) http1->refusal = 431;
    return http1->refusal != 0;
}

static int piece_add(struct http1 *http1, enum piece piece, const char *at, size_t size) {
    if (head_count(http1, size)) return 1;
    if (piece == PIECE_OTHER) return 0;
    struct span *span = &http1->pieces[piece];
    if (span->size == 0) span->at = http1->text.size;
    buffer_bytes(&http1->text, bytes_view(at, size));
    span->size += size;
    if (http1->text.failed) http1->refusal = 503;
    return http1->text.failed;
}

static int on_url(http_parser *parser, const char *at, size_t size) {
    return piece_add(http1_of(parser), PIECE_URL, at, size);
}

static int on_field(http_parser *parser, const char *at, size_t size) {
    struct http1 *http1 = http1_of(parser);
    bool first = http1->in_value || http1->name_size == 0;
    if (http1->in_value) http1->name_size = 0;
    http1->in_value = false;
    for (size_t i = 0; i < size && http1->name_size < NAME_MAX_SIZE; i++)
        http1->name[http1->name_size++] = at[i];
    return head_count(http1, first ? size + HEADER_OVERHEAD : size);
}

/* The piece that a header's name asks for, unless it was given before. */
static enum piece piece_named(const struct http1 *http1) {
    for (unsigned i = PIECE_HOST; i < PIECE_COUNT; i++) {
        if (strlen(piece_names[i]) == http1->name_size &&
            strncasecmp(piece_names[i], http1->name, http1->name_size) == 0)
            return http1->pieces[i].size ? PIECE_OTHER : (enum piece)i;
    }
    return PIECE_OTHER;
}

static int on_value(http_parser *parser, const char *at, size_t size) {
    struct http1 *http1 = http1_of(parser);
    if (!http1->in_value) http1->piece = piece_named(http1);
    http1->in_value = true;
    return piece_add(http1, http1->piece, at, size);
}

static int on_head(http_parser *parser) {
    struct http1 *http1 = http1_of(parser);
    bool readable = parser->method == HTTP_GET || parser->method == HTTP_HEAD;
    if (!readable) http1->refusal = 405;
    parser->upgrade = 0; /* an offer that we do not take up */
    return http1->refusal ? -1 : 0;
}

static int on_body(http_parser *parser, const char *at, size_t size) {
    struct http1 *http1 = http1_of(parser);
    (void)at;
    http1->body_size += size;
    if (http1->body_size > BODY_MAX) http1->refusal = 413;
    return http1->refusal != 0;
}

static int on_complete(http_parser *parser) {
    struct http1 *http1 = http1_of(parser);
    struct connection *connection = http1->connection;
    const struct connection_events *events = &connection->config.events;
    struct call *call = call_open(connection);
    if (!call) {
        http1->refusal = 503;
        return 1;
    }
    connection->headers_at = SS_NEVER;
    http1->call = call;
    http1->keep_alive = http_should_keep_alive(parser) != 0;
    http_parser_pause(parser, 1);
    call->stream_id = 1;
    call->head = parser->method == HTTP_HEAD;
    call->told = call->request_whole = call->peer_done = call->deaf = true;
    struct request request = {
        .method = bytes_of(http_method_str((enum http_method)parser->method)),
        .path = piece_of(http1, PIECE_URL),
        .authority = piece_of(http1, PIECE_HOST),
        .content_type = piece_of(http1, PIECE_CONTENT_TYPE),
        .user_agent = piece_of(http1, PIECE_USER_AGENT),
        .authorization = piece_of(http1, PIECE_AUTHORIZATION),
        .world = piece_of(http1, PIECE_WORLD),
        .accept = piece_of(http1, PIECE_ACCEPT),
        .deadline = SS_NEVER,
    };
    events->on_request(events->context, call, &request);
    return 0;
}

static const http_parser_settings parser_settings = {
    .on_message_begin = on_begin,
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

/* ---- bytes in ------------------------------------------------------------------------------ */

static void wait_for_answer(struct http1 *http1, struct bytes bytes) {
    if (bytes.size > WAITING_MAX - http1->waiting.size) {
        http1->connection->over = true;
        return;
    }
    buffer_bytes(&http1->waiting, bytes);
    if (http1->waiting.failed) http1->connection->over = true;
}

/* Parses up to the end of one request; the rest waits. */
static size_t parse(struct http1 *http1, struct bytes bytes) {
    struct connection *connection = http1->connection;
    if (connection->headers_at == SS_NEVER)
        connection->headers_at = time_add(connection->now, connection->config.headers_timeout);
    size_t used =
        http_parser_execute(&http1->parser, &parser_settings, (const char *)bytes.data, bytes.size);
    enum http_errno error = HTTP_PARSER_ERRNO(&http1->parser);
    if (error == HPE_PAUSED) {
        http_parser_pause(&http1->parser, 0);
    } else if (error == HPE_INVALID_METHOD) {
        connection->over = true; /* not HTTP at all, so nobody would understand an answer */
    } else if (error != HPE_OK) {
        refuse(http1, http1->refusal ? http1->refusal : 400);
    }
    return used;
}

void http1_recv(struct connection *connection, struct bytes bytes) {
    struct http1 *http1 = connection->http1;
    size_t used = 0;
    if (!http1->call && http1->waiting.size == 0) used = parse(http1, bytes);
    if (!connection->over && used < bytes.size)
        wait_for_answer(http1, bytes_view(bytes.data + used, bytes.size - used));
}

bool http1_resumable(const struct connection *connection) {
    return !connection->over && !connection->http1->call && connection->http1->waiting.size;
}

void http1_resume(struct connection *connection) {
    struct http1 *http1 = connection->http1;
    while (http1_resumable(connection))
        buffer_drop(&http1->waiting, parse(http1, buffer_view(&http1->waiting)));
}

bool http1_wants_read(const struct connection *connection) {
    return !connection->http1->call && connection->http1->waiting.size == 0;
}

void http1_timeout(struct connection *connection) {
    refuse(connection->http1, 408);
}

/* ---- life ---------------------------------------------------------------------------------- */

int http1_create(struct connection *connection) {
    const struct memory *memory = connection->config.memory;
    struct http1 *http1 = memory_zeroed(memory, 1, sizeof *http1);
    if (!http1) return SS_ERR_NOMEM;
    http1->connection = connection;
    http1->text = http1->waiting = buffer_of(memory);
    http_parser_init(&http1->parser, HTTP_REQUEST);
    http1->parser.data = http1;
    connection->http1 = http1;
    return SS_OK;
}

void http1_destroy(struct connection *connection) {
    struct http1 *http1 = connection->http1;
    if (!http1) return;
    buffer_free(&http1->text);
    buffer_free(&http1->waiting);
    memory_free(connection->config.memory, http1, sizeof *http1);
    connection->http1 = NULL;
}
