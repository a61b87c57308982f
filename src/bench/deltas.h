/* SPDX-License-Identifier: Apache-2.0 */
/* deltas.h - `statesync bench delta`: what a changed state costs on recorded traces. */
#ifndef BENCH_DELTAS_H
#define BENCH_DELTAS_H

/* arguments[1..] are flags and traces. The exit code: 1 when a trace cannot be read or anything was
 * decoded to something else than was sent. */
int deltas_main(int count, char **arguments);

#endif
