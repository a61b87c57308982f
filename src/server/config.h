/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - the configuration: built-in defaults, a YAML file, the environment, the command line.
 *
 * Every setting stands once in a table (config_table.c) with its path, type, default and one line of
 * help; the reader, `config check`, --help, the man page and the shell completion walk it. An unknown
 * key, a wrong type or a contradiction is refused with file, line and what would be right. */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "base/log.h"
#include "world/category.h"

enum anonymous { ANONYMOUS_LOOPBACK, ANONYMOUS_NEVER };
enum tick_mode { TICK_FREE, TICK_EXTERNAL };

/* Strings are owned by the configuration; NULL: not set. */
struct config {
    const struct memory *memory;
    char *file;

    char *listen_grpc;  /* 127.0.0.1:7350 */
    char *listen_udp;   /* 127.0.0.1:7351 */
    char *listen_http;  /* 127.0.0.1:7352 */
    char *advertise_udp;
    char *data;         /* "./statesync-data"; "none" */

    struct config_journal {
        uint64_t checkpoint_bytes;           /* 64 MiB: of groups, then a checkpoint begins */
        uint32_t log_pages;                  /* 2000: of the write-ahead log */
        uint64_t ballast_bytes;              /* 16 MiB: room to give back on a full disk */
    } journal;

    char *tls_cert, *tls_key, *tls_client_ca;

    char *auth_jwt_keys;
    char *auth_audience;
    enum anonymous anonymous;

    char **world_names;
    size_t world_count;
    uint32_t tick_hz;
    enum tick_mode tick_mode;
    uint32_t max_rewind_ms;

    struct config_limits {
        uint32_t updates_per_second, burst;  /* 2000, 4000 */
        uint32_t request_bytes;              /* 262144 */
        uint32_t state_bytes;                /* 65536 */
        uint32_t category_bytes, key_bytes;  /* 64, 256 */
        uint32_t cells_per_player;           /* 4096 */
        uint64_t bytes_per_player;           /* 16 MiB */
        uint64_t cells_per_world;            /* 4 000 000 */
        uint32_t worlds;                     /* 64 */
        uint32_t connections;                /* 10 000 */
        uint32_t connections_per_player;     /* 16 */
        uint32_t streams_per_connection;     /* 100 */
        uint32_t subscriptions;              /* per player, 256 */
        uint32_t snapshot_bytes;             /* 4 MiB: above it paging is asked for */
        uint32_t parked;                     /* 1024 */
        uint32_t parked_per_player;          /* 64 */
    } limits;

    char *schema;
    char *log_level;     /* debug, info, warn, error */

    struct category *categories; /* without `default` */
    size_t category_count;
    struct category *fallback;   /* `default`, or NULL when categories are declared without one */
    struct format_rules **rules; /* owned, one per category, then the fallback's */
    uint32_t *audit_days;        /* parallel to rules */
    char **dictionaries;         /* likewise: files, NULL: none */
};

/* Reads defaults, then `file` (NULL: none), then STATESYNC_* of `environment` (NULL: none), then
 * `settings` ("path=value", NULL-terminated, NULL: none). Things that parse but are not built yet are told
 * to `log` once. SS_OK; SS_ERR_INVALID, SS_ERR_NOT_FOUND, SS_ERR_NOMEM with a sentence
 * "FILE:LINE: what is wrong; what would be right" in `why`. */
int config_read(struct config **config, const struct memory *memory, const char *file,
                char *const *environment, const char *const *settings, const struct log_sink *log,
                char *why, size_t why_size);
/* The same from text in memory (what embedders, tests and the fuzzer have); `name` stands for the file in
 * messages. Reads no file: `schema` is not opened, and what needs it not checked. */
int config_read_text(struct config **config, const struct memory *memory, const char *name,
                     struct bytes text, char *const *environment, const char *const *settings,
                     const struct log_sink *log, char *why, size_t why_size);
void config_free(struct config *config);

/* The table, for help, man page and completion: NULL at the end. Paths of a category's keys begin with
 * "categories.NAME.". */
struct config_setting {
    const char *path;    /* "listen.grpc" */
    const char *type;    /* "address", "number", "text", "loopback|never" */
    const char *value;   /* the default as text */
    const char *help;    /* one line */
    bool reloadable;     /* applied by SIGHUP */
};
const struct config_setting *config_setting_at(size_t index);

/* What a reload may not change: writes one line per difference to `log`, returns how many. */
size_t config_differences(const struct config *running, const struct config *wanted,
                          const struct log_sink *log);

#endif
