/* SPDX-License-Identifier: Apache-2.0 */
/* status.h - words for the public error enumeration. */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include "statesync/status.h"

/* A short English phrase for `status`, never NULL; unknown numbers give "unknown status". */
const char *status_text(int status);

#endif
