/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - the one error enumeration of statesync.
 *
 * Zero is success, everything else is negative, and what no caller can mend (memory, disk) stands
 * in a band of its own from -100 down, so that `status <= SS_ERR_FATAL` is the whole test. */
#ifndef STATESYNC_STATUS_H
#define STATESYNC_STATUS_H

#define SS_STATUS_LIST(X)                                                                          \
    X(OK, 0, "success")                                                                            \
    X(ERR_INVALID, -1, "invalid argument")                                                         \
    X(ERR_MALFORMED, -2, "bytes cannot be decoded")                                                \
    X(ERR_TOO_LARGE, -3, "over a limit")                                                           \
    X(ERR_NOT_FOUND, -4, "not found")                                                              \
    X(ERR_EXISTS, -5, "exists already")                                                            \
    X(ERR_DENIED, -6, "not permitted")                                                             \
    X(ERR_UNSUPPORTED, -7, "not supported")                                                        \
    X(ERR_BUSY, -8, "in use")                                                                      \
    X(ERR_STALE, -9, "the base is no longer known")                                                \
    X(ERR_CONFLICT, -10, "conflict")                                                               \
    X(ERR_UNAVAILABLE, -11, "unavailable for now")                                                 \
    X(ERR_AGAIN, -12, "nothing to do yet, call again")                                             \
    X(ERR_CLOSED, -13, "closed by the other side")                                                 \
    X(ERR_FATAL, -100, "fatal errors begin here")                                                  \
    X(ERR_NOMEM, -101, "out of memory")                                                            \
    X(ERR_IO, -102, "input or output failed")                                                      \
    X(ERR_CORRUPT, -103, "stored data is damaged")

typedef enum ss_status {
#define SS_STATUS_ENUM(name, value, text) SS_##name = (value),
    SS_STATUS_LIST(SS_STATUS_ENUM)
#undef SS_STATUS_ENUM
} ss_status;

#endif
