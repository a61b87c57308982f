/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - the server under test as a process: started on its core, watched, ended; and clocks.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Keeps the caller on one core; a negative one does nothing. False: the system said no. */
bool process_pin(int core);
/* Starts `arguments` (NULL-terminated) on `core`; what it says goes to the descriptor `words`; it
 * dies with the caller. The pid, or -1. */
pid_t process_start(char *const arguments[], int core, int words);
/* SIGTERM, SIGKILL after 3 s, and the wait for its end. */
void process_stop(pid_t pid);
bool process_running(pid_t pid);
/* Microseconds of processor time of all threads so far, to 10 ms; 0 for pid 0 and lost processes.
 */
uint64_t process_cpu_us(pid_t pid);
/* The same of the caller, to 1 us. */
uint64_t process_own_cpu_us(void);
/* Resident bytes of the caller. */
uint64_t process_own_resident(void);
/* Of the monotonic clock. */
int64_t clock_ns(void);
/* A TCP port of 127.0.0.1 that was free just now; 0: none. */
unsigned port_free(void);

#endif
