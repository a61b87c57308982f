/* SPDX-License-Identifier: Apache-2.0 */
/* huge.h - the heap on huge pages: an update touches some eight cache lines at random, and with pages of
 * 4 KiB each of them misses the TLB too. */
#ifndef CLI_HUGE_H
#define CLI_HUGE_H

/* Starts the program anew with the C library's switch for it (glibc 2.35 and later; others ignore it),
 * which it reads only at its start; once, and never where GLIBC_TUNABLES is set already. Called before
 * anything else, with main's arguments. */
void huge_pages(char **argv);

#endif
