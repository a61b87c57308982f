/* SPDX-License-Identifier: Apache-2.0 */
/* The current machine, its entropy and its clock. */
#include "sim/virtual.h"

#include <stdlib.h>
#include <time.h>

#include "base/status.h"
#include "net/entropy.h"

/* What a system call reaches without being told where: the one thing here that is not handed in. */
_Thread_local struct virtual *virtual_machine;

void virtual_start(struct virtual *machine, uint64_t seed, fault_set faults, struct trace *trace) {
    *machine = (struct virtual){.now = VIRTUAL_EPOCH,
                                .faults = faults,
                                .network.state = hash_mix(seed ^ 0x6e6574),
                                .entropy.state = hash_mix(seed ^ 0x656e74),
                                .order.state = hash_mix(seed ^ 0x6f7264),
                                .trace = trace};
    virtual_machine = machine;
}

void virtual_stop(struct virtual *machine) {
    for (size_t i = 0; i < machine->socket_count; i++)
        if (machine->sockets[i]) socket_close(machine->sockets[i]->fd);
    free(machine->sockets);
    free(machine->loops);
    virtual_machine = NULL;
}

int entropy_fill(void *out, size_t size) {
    uint8_t *bytes = out;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_next(&virtual_machine->entropy);
    return SS_OK;
}

/* Stands in for clock_gettime in net/clock.c, which is the shipping one in all else. */
int virtual_clock_gettime(clockid_t id, struct timespec *at);

int virtual_clock_gettime(clockid_t id, struct timespec *at) {
    ss_time now = virtual_machine->now + (id == CLOCK_REALTIME ? virtual_machine->wall_offset : 0);
    *at = (struct timespec){.tv_sec = now / SS_SECOND, .tv_nsec = now % SS_SECOND * 1000};
    return 0;
}
