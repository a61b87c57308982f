/* SPDX-License-Identifier: Apache-2.0 */
/* format.h - what the bytes of a state mean: a table of functions per payload format.
 *
 * The world knows states only through this table, so a new format is one more file. Formats are
 * pure: the same bytes and rules give the same answer, nothing is kept between calls, and what they
 * write goes into a buffer of the caller. */
#ifndef PAYLOAD_FORMAT_H
#define PAYLOAD_FORMAT_H

#include "base/bytes.h"
#include "base/time.h"

/* What happens to a leaf that both sides changed (contract: strategies, MERGE). */
enum merge_policy {
    MERGE_LWW,    /* the incoming value; the standing one is `overwritten` */
    MERGE_KEEP,   /* the standing value; the incoming one is `overwritten` */
    MERGE_MAX,    /* numbers: the greater */
    MERGE_MIN,    /* numbers: the lesser */
    MERGE_SUM,    /* numbers: standing + incoming - base */
    MERGE_UNION,  /* arrays: elements of both, without what either removed from the base */
    MERGE_MANUAL, /* somebody must decide: the whole write is parked */
    MERGE_REJECT, /* the whole write is refused */
};

enum merge_result {
    MERGE_DONE = 0,   /* `out` holds the merged state */
    MERGE_MUST_PARK,  /* a `manual` leaf collided */
    MERGE_REFUSED,    /* a `reject` leaf collided */
    MERGE_IMPOSSIBLE, /* a state is not of this format, or a sum overflows: `why` says which */
    MERGE_NO_MEMORY,
};

/* Compiled field rules of one category: policies by path, invariants, where the position is. */
struct format_rules;

/* A short reason for people, always NUL-terminated. */
struct reason {
    char text[192];
};
void reason_set(struct reason *reason, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Paths that lost a collision: NUL-terminated texts one after the other, `count` of them; at most
 * PATHS_MAX are kept, `more` counts the rest. */
#define PATHS_MAX 64
struct paths {
    struct buffer text;
    size_t count, more;
};

/* Who looks at a state that it may read, from the most to the least trusted. */
enum format_reader { READER_SERVER, READER_OWNER, READER_OTHER };

/* A value that no other state may have in the same field; equal ones are equal in `bits` and
 * `text`, however they were written. */
#define FORMAT_UNIQUES_MAX 8 /* unique fields of one message */
struct format_unique {
    uint32_t field;           /* of these rules: told apart by it, named by format_rules_field */
    enum format_reader least; /* the least trusted who sees the field */
    uint64_t bits;            /* of an integer; else 0 */
    struct bytes text;        /* of a string or bytes, in the state; else empty */
};

struct format {
    const char *name; /* "opaque", "json", "protobuf" */
    bool can_merge;

    /* SS_OK, or SS_ERR_INVALID with the reason. An empty state is a state like any other: JSON
     * refuses it, the others take it. */
    int (*validate)(const struct format_rules *rules, struct bytes state, struct reason *why);

    /* Three-way merge of `incoming` into `standing` with the common `base`, into the cleared `out`.
     * All three have been validated. NULL when !can_merge. */
    enum merge_result (*merge)(const struct format_rules *rules, struct bytes base,
                               struct bytes standing, struct bytes incoming, struct buffer *out,
                               struct paths *overwritten, struct reason *why);

    /* The declared invariants of `next`, after `span` microseconds on `previous` (NULL: no previous
     * state). SS_OK, or SS_ERR_INVALID with the reason. */
    int (*check)(const struct format_rules *rules, const struct bytes *previous, struct bytes next,
                 ss_time span, struct reason *why);

    /* What turns `from` into `to`, appended to `out` (JSON: RFC 7396 merge patch). SS_OK,
     * SS_ERR_UNSUPPORTED when the format has no patch or the patch cannot say it, SS_ERR_NOMEM. */
    int (*diff)(struct bytes from, struct bytes to, struct buffer *out);

    /* The position in metres by the rules' `spatial` paths; SS_ERR_NOT_FOUND when there is none. */
    int (*locate)(const struct format_rules *rules, struct bytes state, float position[3]);

    /* The state `at` microseconds after `from`, when `to` is `span` after it, into the cleared
     * `out`. At 0 and before it is `from`, at `span` and behind it `to`, to the byte. The same
     * bytes on every machine. SS_OK, SS_ERR_NOMEM; SS_ERR_UNSUPPORTED without a schema. NULL:
     * never. */
    int (*interpolate)(const struct format_rules *rules, struct bytes from, struct bytes to,
                       ss_time span, ss_time at, struct buffer *out);

    /* `state` without the fields that `reader` may not see, into the cleared `out`; what stays is
     * byte for byte what it was. SS_OK or SS_ERR_NOMEM. NULL: the format hides nothing. */
    int (*redact)(const struct format_rules *rules, struct bytes state, enum format_reader reader,
                  struct buffer *out);

    /* The values of the rules' unique fields in `state`, into values[0 .. FORMAT_UNIQUES_MAX);
     * returns how many. A field that is absent has none. NULL: the format has no such fields. */
    size_t (*uniques)(const struct format_rules *rules, struct bytes state,
                      struct format_unique *values);
};

extern const struct format format_opaque;   /* any bytes; no merge */
extern const struct format format_json;     /* RFC 8259, depth <= 32, no duplicate names */
extern const struct format format_protobuf; /* fields by number, depth <= 32, no groups */

/* The format of that name, or NULL. */
const struct format *format_find(const char *name);

/* ---- rules --------------------------------------------------------------------------------- */

/* One declared rule. `path` is "/a/b" with RFC 6901 escapes for JSON, "/3" for a protobuf field
 * number (one level: without a schema a field is a leaf). */
struct format_rule {
    enum format_rule_kind {
        RULE_POLICY,    /* merge policy of the leaf */
        RULE_BOUNDS,    /* low <= value <= high */
        RULE_MONOTONE,  /* never smaller than before */
        RULE_POSITION,  /* the axis-th coordinate in metres (spatial) */
        RULE_MAX_SPEED, /* of the position, `high` metres a second; path unused */
    } kind;
    const char *path;
    enum merge_policy policy;
    double low, high;
    int axis; /* 0 x, 1 y, 2 z */
};

/* Compiles `count` rules for `format`; nothing is kept of the argument. SS_ERR_INVALID names the
 * bad rule in `why` (bad path, policy that the format does not have, invariant on opaque bytes). */
int format_rules_create(struct format_rules **rules, const struct memory *memory,
                        const struct format *format, const struct format_rule *list, size_t count,
                        struct reason *why);
/* The same for protobuf states of a declared message: `schema` is copied, its options are rules
 * already, and `list` goes over them. Paths are field names (or numbers): "/at/x". */
struct schema;
int format_rules_create_typed(struct format_rules **rules, const struct memory *memory,
                              const struct schema *schema, const struct format_rule *list,
                              size_t count, struct reason *why);
void format_rules_destroy(struct format_rules *rules);
/* True when states that `old` accepted are still read the same by `next`; NULL: no rules. */
bool format_rules_follow(const struct format_rules *old, const struct format_rules *next);
/* True when they say where the position is. */
bool format_rules_spatial(const struct format_rules *rules);
/* True when some field is not for everybody who may read the state: then `redact` has work. */
bool format_rules_hide(const struct format_rules *rules);

/* True when some field is unique: then `uniques` has work. */
bool format_rules_unique(const struct format_rules *rules);
/* The path of a field that `uniques` gave, "/at/x", cut where it is too long. */
#define FORMAT_PATH_BYTES 128
const char *format_rules_field(const struct format_rules *rules, uint32_t field,
                               char text[FORMAT_PATH_BYTES]);

/* "lww", "keep", ... to a policy; false when there is none of that name. */
bool merge_policy_find(const char *name, enum merge_policy *policy);
const char *merge_policy_name(enum merge_policy policy);

#endif
