/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP/2 session: nghttp2 between a connection's bytes and its calls.
 *
 * nghttp2 has no clock and no opinion on floods, and a session that failed must not be asked again;
 * so every ending goes one way: what is left to say is moved into connection->out, the session is
 * marked dead, and only then do its calls end. */
#include "transport/http2.h"

#include "base/status.h"

enum {
    STREAM_WINDOW = 256 * 1024,
    CONNECTION_WINDOW = 1024 * 1024,
    SPARE_MEMORY = 256 * 1024,
};

/* ---- life ---------------------------------------------------------------------------------- */

static void *mem_malloc(size_t size, void *pool) {
    return pool_alloc(pool, size);
}
static void mem_free(void *piece, void *pool) {
    pool_release(pool, piece);
}
static void *mem_calloc(size_t count, size_t size, void *pool) {
    return pool_zeroed(pool, count, size);
}
static void *mem_realloc(void *piece, size_t size, void *pool) {
    return pool_resize(pool, piece, size);
}

static int session_open(struct connection *connection, nghttp2_session_callbacks *callbacks,
                        nghttp2_option *option) {
    struct http2 *http2 = connection->http2;
    nghttp2_option_set_no_auto_window_update(option, 1);
    /* otherwise nghttp2 skips unknown frames silently, and a flood of them would cost nothing */
    for (unsigned type = NGHTTP2_CONTINUATION + 1; type <= UINT8_MAX; type++)
        nghttp2_option_set_user_recv_extension_type(option, (uint8_t)type);
    http2_callbacks(callbacks);
    int result = connection->config.server
                     ? nghttp2_session_server_new3(&http2->session, callbacks, connection, option,
                                                   &http2->mem)
                     : nghttp2_session_client_new3(&http2->session, callbacks, connection, option,
                                                   &http2->mem);
    return result == 0 ? SS_OK : SS_ERR_NOMEM;
}

/* The callbacks and options are copied by the session, so both live only here. */
static int session_create(struct connection *connection) {
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int status = SS_ERR_NOMEM;
    if (nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0)
        status = session_open(connection, callbacks, option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return status;
}

static int settings_submit(struct connection *connection) {
    const struct connection_config *config = &connection->config;
    nghttp2_session *session = connection->http2->session;
    /* the last one is of the role */
    nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, STREAM_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)config->headers_max},
        {config->server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH,
         config->server ? config->streams_max : 0},
    };
    size_t count = sizeof entries / sizeof *entries;
    if (nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries, count) != 0 ||
        nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) !=
            0)
        return SS_ERR_NOMEM;
    return SS_OK;
}

int http2_create(struct connection *connection) {
    const struct memory *memory = connection->config.memory;
    struct http2 *http2 = memory_zeroed(memory, 1, sizeof *http2);
    if (!http2) return SS_ERR_NOMEM;
    connection->http2 = http2;
    http2->connection = connection;
    http2->pool = pool_of(memory, SPARE_MEMORY);
    http2->mem = (nghttp2_mem){&http2->pool, mem_malloc, mem_free, mem_calloc, mem_realloc};
    http2->ping_at = connection->now;
    http2->gather = gather_of(connection->config.server ? NGHTTP2_CLIENT_MAGIC_LEN : 0);
    int status = session_create(connection);
    if (status == SS_OK) status = settings_submit(connection);
    if (status != SS_OK) http2_destroy(connection);
    return status;
}

void http2_destroy(struct connection *connection) {
    struct http2 *http2 = connection->http2;
    if (!http2) return;
    header_block_clear(&http2->block);
    nghttp2_session_del(http2->session);
    pool_free(&http2->pool);
    memory_free(connection->config.memory, http2, sizeof *http2);
    connection->http2 = NULL;
}

/* ---- endings ------------------------------------------------------------------------------- */

/* What nghttp2 handed out and was not yet given away goes first. */
static void pending_keep(struct connection *connection) {
    struct http2 *http2 = connection->http2;
    queue_bytes(&connection->out, http2->pending);
    http2->pending = bytes_view(NULL, 0);
}

/* GOAWAY: length 8 | type 7 | flags | stream 0 | last stream | error code, big-endian */
static void goaway_write(struct connection *connection, uint32_t error_code) {
    uint32_t last = (uint32_t)nghttp2_session_get_last_proc_stream_id(connection->http2->session);
    uint8_t frame[17] = {0, 0, 8, NGHTTP2_GOAWAY};
    for (unsigned i = 0; i < 4; i++) {
        frame[9 + i] = (uint8_t)(last >> (24 - 8 * i));
        frame[13 + i] = (uint8_t)(error_code >> (24 - 8 * i));
    }
    queue_bytes(&connection->out, bytes_view(frame, sizeof frame));
}

void http2_cut(struct connection *connection, uint32_t error_code) {
    if (connection->http2->dead) return;
    pending_keep(connection);
    goaway_write(connection, error_code);
    connection->http2->dead = true;
}

/* nghttp2 has ended the session by itself (a protocol error, or the last stream after GOAWAY): its
 * last frames are taken now, while the calls that they may speak of still exist. */
static void session_finish(struct connection *connection) {
    struct http2 *http2 = connection->http2;
    const uint8_t *data;
    ssize_t size;
    pending_keep(connection);
    http2->target = NULL;
    while (!http2->dead && (size = nghttp2_session_mem_send(http2->session, &data)) > 0)
        queue_bytes(&connection->out, bytes_view(data, (size_t)size));
    http2->dead = true;
    connection->over = true;
}

static void session_check(struct connection *connection, ssize_t result) {
    struct http2 *http2 = connection->http2;
    if (http2->dead) return;
    if (result == NGHTTP2_ERR_BAD_CLIENT_MAGIC) {
        connection_cut(connection, NGHTTP2_PROTOCOL_ERROR);
    } else if (result == NGHTTP2_ERR_FLOODED) {
        connection_cut(connection, NGHTTP2_ENHANCE_YOUR_CALM);
    } else if (result < 0) {
        connection_cut(connection, NGHTTP2_INTERNAL_ERROR);
    } else if (!nghttp2_session_want_read(http2->session)) {
        session_finish(connection);
    }
}

/* ---- bytes in and out ---------------------------------------------------------------------- */

void http2_recv(struct connection *connection, struct bytes bytes) {
    struct http2 *http2 = connection->http2;
    if (http2->dead) return;
    uint8_t room[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX];
    ssize_t result = 0;
    while (bytes.size && result >= 0 && !http2->dead) {
        struct bytes piece = gather_next(&http2->gather, &bytes, room);
        result = nghttp2_session_mem_recv(http2->session, piece.data, piece.size);
    }
    if (!http2->dead && result >= 0 && http2->received) {
        result = nghttp2_session_consume_connection(http2->session, http2->received);
        http2->received = 0;
    }
    session_check(connection, result);
}

static int flush_ready(struct connection *connection) {
    int result = 0;
    while (result == 0 && !list_empty(&connection->ready)) {
        struct call *call = LIST_ENTRY(connection->ready.next, struct call, ready);
        list_remove(&call->ready);
        result = http2_flush(call);
        if (!nghttp2_is_fatal(result)) result = 0; /* that stream is already gone */
    }
    return result;
}

/* Moves what fits of the pending frame; false when the target is full. */
static bool pending_move(struct http2 *http2, struct writer *target) {
    size_t room = target->capacity - target->size;
    size_t size = http2->pending.size < room ? http2->pending.size : room;
    writer_bytes(target, bytes_view(http2->pending.data, size));
    http2->pending = bytes_view(http2->pending.data + size, http2->pending.size - size);
    return http2->pending.size == 0;
}

void http2_send(struct connection *connection, struct writer *target) {
    struct http2 *http2 = connection->http2;
    ssize_t size = flush_ready(connection);
    http2->target = target;
    while (size >= 0 && !http2->dead) {
        if (http2->pending.size && !pending_move(http2, target)) break;
        size = nghttp2_session_mem_send(http2->session, &http2->pending.data);
        if (size <= 0) break;
        http2->pending.size = (size_t)size;
    }
    http2->target = NULL;
    session_check(connection, size < 0 ? size : 0);
}

bool http2_wants_send(const struct connection *connection) {
    const struct http2 *http2 = connection->http2;
    return !http2->dead && (http2->pending.size || nghttp2_session_want_write(http2->session) != 0);
}

/* ---- time ---------------------------------------------------------------------------------- */

static bool ping_wanted(const struct connection *connection) {
    return connection->config.ping_interval && connection->open && !connection->http2->ping_open;
}

ss_time http2_deadline(const struct connection *connection) {
    const struct http2 *http2 = connection->http2;
    if (http2->dead) return SS_NEVER;
    if (http2->ping_open) return time_add(http2->ping_sent, connection->config.ping_timeout);
    return ping_wanted(connection) ? http2->ping_at : SS_NEVER;
}

static int ping_submit(struct connection *connection) {
    struct http2 *http2 = connection->http2;
    if (http2->ping_open) return 0;
    http2->ping_sequence++;
    http2->ping_open = true;
    http2->ping_sent = connection->now;
    return nghttp2_submit_ping(http2->session, NGHTTP2_FLAG_NONE,
                               (const uint8_t *)&http2->ping_sequence);
}

/* The two GOAWAYs of RFC 9113, section 6.8: the first names the largest stream and says what is
 * coming, the second follows a round trip later, when everything sent before the first has arrived.
 */
static int drain_step(struct connection *connection) {
    nghttp2_session *session = connection->http2->session;
    if (connection->drain == DRAIN_ASKED && connection->config.server) {
        connection->drain = DRAIN_NOTICE;
        connection->drain_at = time_add(connection->now, SS_SECOND);
        int result = nghttp2_submit_shutdown_notice(session);
        return result != 0 ? result : ping_submit(connection);
    }
    bool last =
        connection->config.server ? connection->now >= connection->drain_at : connection->open == 0;
    if (connection->drain == DRAIN_FINAL || connection->drain == DRAIN_NONE || !last) return 0;
    connection->drain = DRAIN_FINAL;
    connection->drain_at = SS_NEVER;
    return nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                                 nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR,
                                 NULL, 0);
}

void http2_expire(struct connection *connection) {
    struct http2 *http2 = connection->http2;
    int result = 0;
    if (http2->dead) return;
    if (http2->ping_open &&
        connection->now >= time_add(http2->ping_sent, connection->config.ping_timeout)) {
        connection_cut(connection, NGHTTP2_NO_ERROR);
        return;
    }
    if (ping_wanted(connection) && connection->now >= http2->ping_at)
        result = ping_submit(connection);
    if (result == 0) result = drain_step(connection);
    session_check(connection, result);
}
