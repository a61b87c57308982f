/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/descriptors.h"

static void finds_files_by_name(void **state) {
    (void)state;
    struct bytes file = descriptor_file(bytes_of("state_sync.proto"));
    assert_true(file.size > 1000);
    assert_memory_equal(file.data, "\x0a\x10state_sync.proto", 18);
    assert_non_null(descriptor_file(bytes_of("grpc/reflection/v1alpha/reflection.proto")).data);
    assert_null(descriptor_file(bytes_of("state_sync.prot")).data);
    assert_null(descriptor_file(bytes_of("")).data);
}

static void assert_declared(const char *symbol, const char *file) {
    struct bytes found = descriptor_by_symbol(bytes_of(symbol));
    struct bytes expected = file ? descriptor_file(bytes_of(file)) : (struct bytes){NULL, 0};
    assert_ptr_equal(found.data, expected.data);
    assert_int_equal(found.size, expected.size);
}

static void finds_files_by_symbol(void **state) {
    (void)state;
    static const char necp[] = "state_sync.proto";
    assert_declared("necp.realtime.statesync.v1.StateSyncService", necp);
    assert_declared("necp.realtime.statesync.v1.StateSyncService.SyncState", necp);
    assert_declared("necp.realtime.statesync.v1.StateSyncRequest", necp);
    assert_declared("necp.realtime.statesync.v1.StateSyncRequest.player_id", necp);
    assert_declared("necp.realtime.statesync.v1.StateSyncRequest.VectorClockEntry.key", necp);
    assert_declared("necp.realtime.statesync.v1.SyncResult", necp);
    assert_declared("statesync.v1.Statesync.GetStats", "statesync.proto");
    assert_declared("grpc.health.v1.Health", "grpc/health/v1/health.proto");
    assert_declared("grpc.health.v1.HealthCheckResponse.ServingStatus",
                    "grpc/health/v1/health.proto");
    assert_declared("grpc.reflection.v1.ServerReflection", "grpc/reflection/v1/reflection.proto");
    assert_declared("grpc.reflection.v1alpha.ServerReflection",
                    "grpc/reflection/v1alpha/reflection.proto");
}

static void finds_nothing_else(void **state) {
    (void)state;
    assert_declared("", NULL);
    assert_declared(".", NULL);
    assert_declared("necp.realtime.statesync.v1", NULL);
    assert_declared("necp.realtime.statesync.v1.", NULL);
    assert_declared("necp.realtime.statesync.v1.StateSync", NULL);
    assert_declared("necp.realtime.statesync.v1.StateSyncRequest.", NULL);
    assert_declared("necp.realtime.statesync.v1.StateSyncRequestX", NULL);
    assert_declared("necp.realtime.statesync.v1.StateSyncRequest.player_id.x", NULL);
    assert_declared(".necp.realtime.statesync.v1.StateSyncRequest", NULL);
    assert_declared("StateSyncRequest", NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_files_by_name),
        cmocka_unit_test(finds_files_by_symbol),
        cmocka_unit_test(finds_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
