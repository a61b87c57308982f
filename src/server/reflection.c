/* SPDX-License-Identifier: Apache-2.0 */
/* reflection.c - grpc.reflection.v1 and v1alpha (the same messages): what grpcurl and its like ask.
 */
#include "server/inside.h"

#include "codec/descriptors.h"

static const char *const services[] = {
    "necp.realtime.statesync.v1.StateSyncService",
    "statesync.v1.Statesync",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
};
enum { SERVICES = sizeof services / sizeof *services };

void reflection_info(struct rpc *rpc, const void *message) {
    const struct server_reflection_request *request = message;
    struct server_reflection_response response = {.valid_host = request->host,
                                                  .original_request = request};
    struct service_response names[SERVICES];
    struct list_service_response list = {.service = {names, SERVICES}};
    struct error_response missing = {.error_code = GRPC_NOT_FOUND,
                                     .error_message = bytes_of("no such file or symbol")};
    struct bytes file = {NULL, 0};
    if (request->list_services.data) {
        for (size_t i = 0; i < SERVICES; i++)
            names[i] = (struct service_response){.name = bytes_of(services[i])};
        response.list_services_response = &list;
    } else if (request->file_by_filename.data) {
        file = descriptor_file(request->file_by_filename);
    } else if (request->file_containing_symbol.data) {
        file = descriptor_by_symbol(request->file_containing_symbol);
    }
    struct file_descriptor_response files = {.file_descriptor_proto = {&file, 1}};
    if (file.data) response.file_descriptor_response = &files;
    if (!file.data && !response.list_services_response) response.error_response = &missing;
    rpc_reply(rpc, &message_server_reflection_response, &response);
}
