/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"

const char *status_text(int status) {
    switch (status) {
#define STATUS_CASE(name, value, text)                                                             \
    case SS_##name: return text;
        SS_STATUS_LIST(STATUS_CASE)
#undef STATUS_CASE
    default: return "unknown status";
    }
}
