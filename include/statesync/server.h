/* SPDX-License-Identifier: Apache-2.0 */
/* statesync/server.h - the statesync server as a library: worlds, sessions and the whole network
 * side behind one handle, to be run inside a game server's own process and loop.
 *
 * A server belongs to one thread: every function must be called from the thread that calls
 * ss_server_poll, except ss_server_wake. Hooks are called from inside ss_server_poll and
 * ss_server_put; from inside a hook only ss_server_get may be called.
 *
 *     ss_server *server;
 *     ss_server_config config = ss_server_config_default();
 *     if (ss_server_open(&server, &config) != SS_OK) ...config.error...
 *     while (running) ss_server_poll(server, 16);
 *     ss_server_close(server);
 */
#ifndef STATESYNC_SERVER_H
#define STATESYNC_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "statesync/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SS_API __attribute__((visibility("default")))
#else
#define SS_API
#endif

typedef struct ss_server ss_server;

/* An update as a hook sees it, or as the game makes it. Views are borrowed for the call. */
typedef struct ss_update {
    const char *world;    /* NULL: "default" */
    uint64_t player;      /* who writes; ss_server_put takes 0 for the owner */
    uint64_t owner;       /* whose cell; 0: the category's default */
    const char *category; /* NUL-terminated */
    const char *key;      /* NUL-terminated */
    const void *state;
    size_t state_size;
    uint32_t expected_version; /* 0: no expectation */
    bool remove;               /* a tombstone instead of a state */
} ss_update;

typedef enum ss_result {
    SS_RESULT_UNKNOWN = 0,
    SS_RESULT_SUCCESS = 1,
    SS_RESULT_CONFLICT = 2,
    SS_RESULT_STALE = 3,
    SS_RESULT_ERROR = 4,
    SS_RESULT_RATE_LIMITED = 5
} ss_result;

/* What stands after an update, or what a get found. */
typedef struct ss_state {
    uint32_t version; /* 0: nothing ever stood */
    const void *data; /* borrowed until the next call on the server */
    size_t size;
    bool absent; /* a tombstone, or nothing */
    uint64_t writer;
    int64_t updated_us; /* since the epoch */
} ss_state;

typedef struct ss_conflict {
    const char *id;    /* UUID of a parked conflict, "" otherwise */
    uint32_t type;     /* ConflictType of the protocol */
    uint32_t strategy; /* ResolutionStrategy of the protocol */
    bool requires_manual;
    const void *old_state;
    size_t old_size;
    const void *new_state;
    size_t new_size;
} ss_conflict;

/* Everything has a default; pass what ss_server_config_default gave, changed where you like. */
typedef struct ss_server_config {
    /* A reload reads both again: keep the texts until the server is closed. */
    const char *file; /* YAML configuration, NULL: built-in defaults */
    const char *const
        *settings; /* "listen.grpc=127.0.0.1:7350", ..., NULL: over the file; NULL: none */
    bool ignore_environment; /* do not read STATESYNC_* variables */

    /* Called for each update to the world's cells before the world sees it, with what stands. SS_OK
     * lets it through; anything else refuses it as DATA_INCONSISTENCY with `why` (at most 191
     * bytes). */
    ss_status (*validate)(void *context, const ss_update *update, const ss_state *standing,
                          char *why, size_t why_size);
    /* Told after a conflict was detected, whatever became of it. */
    void (*on_conflict)(void *context, const ss_update *update, const ss_conflict *conflict);
    /* Told after each accepted write. */
    void (*on_change)(void *context, const ss_update *update, const ss_state *stands);
    void (*on_log)(void *context, int level,
                   const char *line); /* 0 debug .. 3 error; NULL: stderr */
    void *context;                    /* handed to all of them */

    void *(*resize)(void *context, void *block, size_t old_size,
                    size_t new_size); /* NULL: the heap */
    void *resize_context;

    char error[512]; /* filled by a failed ss_server_open: what is wrong, what would be right */
} ss_server_config;

SS_API ss_server_config ss_server_config_default(void);

/* Opens doors and worlds. On an error *server is NULL and config->error tells what is wrong.
 * SS_ERR_INVALID (configuration), SS_ERR_BUSY (a port in use), SS_ERR_NOMEM, SS_ERR_IO. */
SS_API ss_status ss_server_open(ss_server **server, ss_server_config *config);
/* Cuts what is open and frees everything. NULL is allowed. */
SS_API void ss_server_close(ss_server *server);

/* Does what is due and waits at most `timeout_ms` (0: not at all, -1: until something happens) for
 * more. SS_OK; SS_ERR_CLOSED after a drain has finished. */
SS_API ss_status ss_server_poll(ss_server *server, int timeout_ms);
/* Becomes readable when ss_server_poll has work: for an outer loop. */
SS_API int ss_server_fd(const ss_server *server);
/* Makes a waiting ss_server_poll return; from any thread or signal handler. */
SS_API void ss_server_wake(ss_server *server);
/* Stops accepting, lets open calls finish for at most `grace_ms`, then ends them. */
SS_API void ss_server_drain(ss_server *server, int grace_ms);
/* Reads the configuration again and applies what can change while running; the rest is named in the
 * log. SS_ERR_INVALID leaves everything as it was. */
SS_API ss_status ss_server_reload(ss_server *server);

/* Opens a world. SS_ERR_EXISTS, SS_ERR_INVALID (name: 1..64 of [A-Za-z0-9._:-]). */
SS_API ss_status ss_server_world(ss_server *server, const char *name);
/* Writes as role server through the same path as the network. `result` and `stands` may be NULL. */
SS_API ss_status ss_server_put(ss_server *server, const ss_update *update, ss_result *result,
                               ss_state *stands);
/* SS_ERR_NOT_FOUND when nothing is known of the cell. */
SS_API ss_status ss_server_get(ss_server *server, const char *world, uint64_t owner,
                               const char *category, const char *key, ss_state *state);
/* With `tick: external`: closes the tick, so that what changed is distributed now. */
SS_API ss_status ss_server_tick(ss_server *server, const char *world);
/* The bound address of a door ("grpc", "http"), "" when shut. */
SS_API const char *ss_server_address(const ss_server *server, const char *door);
/* Why the last call on this server failed; "" when none did. */
SS_API const char *ss_server_error(const ss_server *server);
SS_API const char *ss_version(void);

#ifdef __cplusplus
}
#endif
#endif
