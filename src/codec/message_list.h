/* SPDX-License-Identifier: Apache-2.0 */
/* message_list.h - every message of proto/, each described once; included by message.h only.
 *
 * FIELDS_foo_bar(X, m) calls X(m, number, kind, name) for each field in the order of their numbers,
 * which is the order on the wire. From these lists come the structs at the end of this file and the
 * tables of message_table.c; tests/protoc holds them against the descriptors of proto/.
 *
 * To add a field: a line here and one in proto/, with the same number. Numbers may be 1..31 and
 * 100..115 (the lookup of message_table.h is that large; the compiler says so). */
#ifndef CODEC_MESSAGE_LIST_H
#define CODEC_MESSAGE_LIST_H

/* ---- enumerations: X(number, constant, name in the proto) ---------------------------------- */

#define VALUES_sync_result(X)                                                                      \
    X(0, SYNC_RESULT_UNKNOWN, "SYNC_RESULT_UNKNOWN")                                               \
    X(1, SYNC_RESULT_SUCCESS, "SYNC_RESULT_SUCCESS")                                               \
    X(2, SYNC_RESULT_CONFLICT, "SYNC_RESULT_CONFLICT")                                             \
    X(3, SYNC_RESULT_STALE, "SYNC_RESULT_STALE")                                                   \
    X(4, SYNC_RESULT_ERROR, "SYNC_RESULT_ERROR")                                                   \
    X(5, SYNC_RESULT_RATE_LIMITED, "SYNC_RESULT_RATE_LIMITED")

#define VALUES_conflict_type(X)                                                                    \
    X(0, CONFLICT_TYPE_UNKNOWN, "CONFLICT_TYPE_UNKNOWN")                                           \
    X(1, CONFLICT_TYPE_VERSION_MISMATCH, "CONFLICT_TYPE_VERSION_MISMATCH")                         \
    X(2, CONFLICT_TYPE_VECTOR_CLOCK, "CONFLICT_TYPE_VECTOR_CLOCK")                                 \
    X(3, CONFLICT_TYPE_CONCURRENT_UPDATE, "CONFLICT_TYPE_CONCURRENT_UPDATE")                       \
    X(4, CONFLICT_TYPE_DATA_INCONSISTENCY, "CONFLICT_TYPE_DATA_INCONSISTENCY")

#define VALUES_resolution_strategy(X)                                                              \
    X(0, RESOLUTION_STRATEGY_UNKNOWN, "RESOLUTION_STRATEGY_UNKNOWN")                               \
    X(1, RESOLUTION_STRATEGY_LAST_WRITE_WINS, "RESOLUTION_STRATEGY_LAST_WRITE_WINS")               \
    X(2, RESOLUTION_STRATEGY_MERGE, "RESOLUTION_STRATEGY_MERGE")                                   \
    X(3, RESOLUTION_STRATEGY_KEEP_OLD, "RESOLUTION_STRATEGY_KEEP_OLD")                             \
    X(4, RESOLUTION_STRATEGY_MANUAL, "RESOLUTION_STRATEGY_MANUAL")

#define VALUES_compression_type(X)                                                                 \
    X(0, COMPRESSION_TYPE_NONE, "COMPRESSION_TYPE_NONE")                                           \
    X(1, COMPRESSION_TYPE_GZIP, "COMPRESSION_TYPE_GZIP")                                           \
    X(2, COMPRESSION_TYPE_LZ4, "COMPRESSION_TYPE_LZ4")                                             \
    X(3, COMPRESSION_TYPE_ZSTD, "COMPRESSION_TYPE_ZSTD")

#define VALUES_delta_format(X)                                                                     \
    X(0, DELTA_FORMAT_NONE, "DELTA_FORMAT_NONE")                                                   \
    X(1, DELTA_FORMAT_PATCH, "DELTA_FORMAT_PATCH")                                                 \
    X(2, DELTA_FORMAT_ZSTD, "DELTA_FORMAT_ZSTD")

#define VALUES_serving_status(X)                                                                   \
    X(0, SERVING_STATUS_UNKNOWN, "UNKNOWN")                                                        \
    X(1, SERVING_STATUS_SERVING, "SERVING")                                                        \
    X(2, SERVING_STATUS_NOT_SERVING, "NOT_SERVING")                                                \
    X(3, SERVING_STATUS_SERVICE_UNKNOWN, "SERVICE_UNKNOWN")

/* ---- messages ------------------------------------------------------------------------------ */

/* necp.realtime.statesync.v1.StateSyncRequest */
#define FIELDS_state_sync_request(X, m)                                                            \
    X(m, 1, FIXED64, player_id)                                                                    \
    X(m, 2, UINT32, client_tick)                                                                   \
    X(m, 3, INT64, client_timestamp_ms)                                                            \
    X(m, 4, STRING, category)                                                                      \
    X(m, 5, STRING, key)                                                                           \
    X(m, 6, BYTES, state_data)                                                                     \
    X(m, 7, UINT32, expected_version)                                                              \
    X(m, 8, COUNTERS, vector_clock)                                                                \
    X(m, 9, UINT32, estimated_latency_ms)                                                          \
    X(m, 100, FIXED64, owner_id)                                                                   \
    X(m, 101, BOOL, delete)                                                                        \
    X(m, 102, BOOL, must_not_exist)                                                                \
    X(m, 103, BYTES, base_digest)                                                                  \
    X(m, 104, BYTES, idempotency_key)                                                              \
    X(m, 105, UINT64, client_sequence)                                                             \
    X(m, 106, BOOL, omit_state)                                                                    \
    X(m, 107, UINT32, interpolation_delay_ms)                                                      \
    X(m, 108, MESSAGE(wire_batch), batch)                                                          \
    X(m, 109, MESSAGE(wire_subscribe), subscribe)                                                  \
    X(m, 110, BYTES, state_delta)                                                                  \
    X(m, 111, ENUM(delta_format), delta_format)                                                    \
    X(m, 112, REPEATED_ENUM(delta_format), accept_deltas)

/* necp.realtime.statesync.v1.Batch */
#define FIELDS_wire_batch(X, m)                                                                    \
    X(m, 1, REPEATED_MESSAGE(state_sync_request), updates)                                         \
    X(m, 2, BOOL, atomic)

/* necp.realtime.statesync.v1.Subscribe */
#define FIELDS_wire_subscribe(X, m)                                                                \
    X(m, 1, REPEATED_STRING, categories)                                                           \
    X(m, 2, REPEATED_FIXED64, owners)                                                              \
    X(m, 3, MESSAGE(wire_area), area)                                                              \
    X(m, 4, UINT32, max_rate_hz)                                                                   \
    X(m, 5, UINT32, max_bytes_per_second)                                                          \
    X(m, 6, COUNTERS, last_versions)                                                               \
    X(m, 7, BOOL, cancel)                                                                          \
    X(m, 8, BYTES, resume_token)                                                                   \
    X(m, 9, REPEATED_ENUM(delta_format), accept_deltas)

/* necp.realtime.statesync.v1.Area */
#define FIELDS_wire_area(X, m)                                                                     \
    X(m, 1, FLOAT, x)                                                                              \
    X(m, 2, FLOAT, y)                                                                              \
    X(m, 3, FLOAT, z)                                                                              \
    X(m, 4, FLOAT, radius)

/* necp.realtime.statesync.v1.StateSyncResponse */
#define FIELDS_state_sync_response(X, m)                                                           \
    X(m, 1, FIXED64, request_id)                                                                   \
    X(m, 2, ENUM(sync_result), result)                                                             \
    X(m, 3, UINT32, current_version)                                                               \
    X(m, 4, INT64, server_timestamp_ms)                                                            \
    X(m, 5, UINT32, server_tick)                                                                   \
    X(m, 6, MESSAGE(conflict_info), conflict)                                                      \
    X(m, 7, MESSAGE(latency_compensation), compensation)                                           \
    X(m, 8, BYTES, state_data)                                                                     \
    X(m, 9, COUNTERS, vector_clock)                                                                \
    X(m, 100, STRING, error_message)                                                               \
    X(m, 101, UINT32, error_code)                                                                  \
    X(m, 102, UINT32, retry_after_ms)                                                              \
    X(m, 103, UINT64, client_sequence)                                                             \
    X(m, 104, BOOL, deleted)                                                                       \
    X(m, 105, REPEATED_MESSAGE(state_sync_response), results)                                      \
    X(m, 106, MESSAGE(wire_update), update)                                                        \
    X(m, 107, BOOL, caught_up)                                                                     \
    X(m, 108, MESSAGE(wire_outcome), outcome)                                                      \
    X(m, 109, BYTES, resume_token)                                                                 \
    X(m, 110, BOOL, replayed)

/* necp.realtime.statesync.v1.Update */
#define FIELDS_wire_update(X, m)                                                                   \
    X(m, 1, FIXED64, owner_id)                                                                     \
    X(m, 2, STRING, category)                                                                      \
    X(m, 3, STRING, key)                                                                           \
    X(m, 4, UINT32, version)                                                                       \
    X(m, 5, UINT32, tick)                                                                          \
    X(m, 6, FIXED64, writer)                                                                       \
    X(m, 7, BYTES, state)                                                                          \
    X(m, 8, BYTES, delta)                                                                          \
    X(m, 9, UINT32, base_version)                                                                  \
    X(m, 10, BOOL, deleted)                                                                        \
    X(m, 11, BOOL, left)                                                                           \
    X(m, 12, INT64, updated_ms)                                                                    \
    X(m, 13, COUNTERS, vector_clock)                                                               \
    X(m, 14, ENUM(delta_format), delta_format)

/* necp.realtime.statesync.v1.Outcome */
#define FIELDS_wire_outcome(X, m)                                                                  \
    X(m, 1, STRING, conflict_id)                                                                   \
    X(m, 2, ENUM(resolution_strategy), strategy)                                                   \
    X(m, 3, BYTES, resolved_state)                                                                 \
    X(m, 4, UINT32, version)                                                                       \
    X(m, 5, STRING, category)                                                                      \
    X(m, 6, STRING, key)                                                                           \
    X(m, 7, FIXED64, owner_id)                                                                     \
    X(m, 8, BOOL, expired)

/* necp.realtime.statesync.v1.ConflictInfo */
#define FIELDS_conflict_info(X, m)                                                                 \
    X(m, 1, STRING, conflict_id)                                                                   \
    X(m, 2, ENUM(conflict_type), type)                                                             \
    X(m, 3, BYTES, old_state)                                                                      \
    X(m, 4, BYTES, new_state)                                                                      \
    X(m, 5, ENUM(resolution_strategy), strategy)                                                   \
    X(m, 6, BYTES, resolved_state)                                                                 \
    X(m, 7, BOOL, requires_manual_resolution)                                                      \
    X(m, 100, REPEATED_STRING, overwritten)                                                        \
    X(m, 101, STRING, reason)                                                                      \
    X(m, 102, UINT32, old_version)                                                                 \
    X(m, 103, UINT32, base_version)

/* necp.realtime.statesync.v1.LatencyCompensation */
#define FIELDS_latency_compensation(X, m)                                                          \
    X(m, 1, UINT32, measured_latency_ms)                                                           \
    X(m, 2, FLOAT, compensation_factor)                                                            \
    X(m, 3, UINT32, rewind_time_ms)                                                                \
    X(m, 4, BOOL, prediction_corrected)                                                            \
    X(m, 5, BYTES, correction_delta)                                                               \
    X(m, 100, ENUM(delta_format), correction_format)

/* necp.realtime.statesync.v1.StateSnapshotRequest */
#define FIELDS_state_snapshot_request(X, m)                                                        \
    X(m, 1, FIXED64, player_id)                                                                    \
    X(m, 2, REPEATED_STRING, categories)                                                           \
    X(m, 3, COUNTERS, last_versions)                                                               \
    X(m, 4, INT64, client_timestamp_ms)                                                            \
    X(m, 100, REPEATED_FIXED64, owners)                                                            \
    X(m, 101, REPEATED_ENUM(compression_type), accept_compression)                                 \
    X(m, 102, BOOL, tombstones)                                                                    \
    X(m, 103, UINT32, page_size_bytes)                                                             \
    X(m, 104, BYTES, page_token)                                                                   \
    X(m, 105, BYTES, resume_token)                                                                 \
    X(m, 106, REPEATED_ENUM(delta_format), accept_deltas)                                          \
    X(m, 107, REPEATED_UINT32, zstd_dictionaries)

/* necp.realtime.statesync.v1.StateSnapshotResponse */
#define FIELDS_state_snapshot_response(X, m)                                                       \
    X(m, 1, INT64, snapshot_timestamp_ms)                                                          \
    X(m, 2, REPEATED_MESSAGE(state_entry), entries)                                                \
    X(m, 3, COUNTERS, vector_clock)                                                                \
    X(m, 4, ENUM(compression_type), compression)                                                   \
    X(m, 100, BYTES, compressed_entries)                                                           \
    X(m, 101, UINT64, uncompressed_size)                                                           \
    X(m, 102, BYTES, next_page_token)                                                              \
    X(m, 103, BYTES, resume_token)                                                                 \
    X(m, 104, UINT32, server_tick)                                                                 \
    X(m, 105, UINT32, zstd_dictionary)

/* necp.realtime.statesync.v1.StateEntries */
#define FIELDS_state_entries(X, m) X(m, 2, REPEATED_MESSAGE(state_entry), entries)

/* necp.realtime.statesync.v1.StateEntry */
#define FIELDS_state_entry(X, m)                                                                   \
    X(m, 1, STRING, category)                                                                      \
    X(m, 2, STRING, key)                                                                           \
    X(m, 3, BYTES, state_data)                                                                     \
    X(m, 4, UINT32, version)                                                                       \
    X(m, 5, INT64, last_updated_ms)                                                                \
    X(m, 100, FIXED64, owner_id)                                                                   \
    X(m, 101, COUNTERS, vector_clock)                                                              \
    X(m, 102, BOOL, deleted)                                                                       \
    X(m, 103, FIXED64, writer)                                                                     \
    X(m, 104, UINT32, tick)                                                                        \
    X(m, 105, BYTES, delta)                                                                        \
    X(m, 106, UINT32, base_version)                                                                \
    X(m, 107, ENUM(delta_format), delta_format)

/* necp.realtime.statesync.v1.ConflictResolutionRequest */
#define FIELDS_conflict_resolution_request(X, m)                                                   \
    X(m, 1, STRING, conflict_id)                                                                   \
    X(m, 2, ENUM(resolution_strategy), strategy)                                                   \
    X(m, 3, BYTES, custom_resolved_state)                                                          \
    X(m, 4, INT64, client_timestamp_ms)                                                            \
    X(m, 100, FIXED64, player_id)

/* necp.realtime.statesync.v1.ConflictResolutionResponse */
#define FIELDS_conflict_resolution_response(X, m)                                                  \
    X(m, 1, STRING, conflict_id)                                                                   \
    X(m, 2, BOOL, success)                                                                         \
    X(m, 3, BYTES, resolved_state)                                                                 \
    X(m, 4, STRING, error_message)                                                                 \
    X(m, 100, UINT32, version)                                                                     \
    X(m, 101, MESSAGE(conflict_info), conflict)

/* statesync.v1.CapabilitiesResponse */
#define FIELDS_capabilities_response(X, m)                                                         \
    X(m, 1, STRING, version)                                                                       \
    X(m, 2, UINT32, protocol)                                                                      \
    X(m, 3, STRING, node_id)                                                                       \
    X(m, 4, INT64, server_time_us)                                                                 \
    X(m, 5, REPEATED_STRING, worlds)                                                               \
    X(m, 6, REPEATED_MESSAGE(category_info), categories)                                           \
    X(m, 7, MESSAGE(wire_limits), limits)                                                          \
    X(m, 8, REPEATED_STRING, features)                                                             \
    X(m, 9, BOOL, anonymous)

/* statesync.v1.CategoryInfo */
#define FIELDS_category_info(X, m)                                                                 \
    X(m, 1, STRING, name)                                                                          \
    X(m, 2, STRING, scope)                                                                         \
    X(m, 3, STRING, format)                                                                        \
    X(m, 4, STRING, strategy)                                                                      \
    X(m, 5, STRING, write)                                                                         \
    X(m, 6, STRING, read)                                                                          \
    X(m, 7, STRING, resolve)                                                                       \
    X(m, 8, STRING, durability)                                                                    \
    X(m, 9, UINT32, history_versions)                                                              \
    X(m, 10, UINT32, history_ms)                                                                   \
    X(m, 11, UINT32, ttl_ms)                                                                       \
    X(m, 12, BOOL, session)                                                                        \
    X(m, 13, UINT32, zstd_dictionary)

/* statesync.v1.Limits */
#define FIELDS_wire_limits(X, m)                                                                   \
    X(m, 1, UINT32, category_bytes)                                                                \
    X(m, 2, UINT32, key_bytes)                                                                     \
    X(m, 3, UINT32, state_bytes)                                                                   \
    X(m, 4, UINT32, request_bytes)                                                                 \
    X(m, 5, UINT32, cells_per_player)                                                              \
    X(m, 6, UINT64, bytes_per_player)                                                              \
    X(m, 7, UINT32, updates_per_second)                                                            \
    X(m, 8, UINT32, burst)                                                                         \
    X(m, 9, UINT32, connections_per_player)                                                        \
    X(m, 10, UINT32, clock_entries)                                                                \
    X(m, 11, UINT32, atomic_updates)                                                               \
    X(m, 12, UINT32, max_rewind_ms)                                                                \
    X(m, 13, UINT32, tick_hz)

/* statesync.v1.ListConflictsRequest */
#define FIELDS_list_conflicts_request(X, m)                                                        \
    X(m, 1, FIXED64, player_id)                                                                    \
    X(m, 2, UINT32, limit)                                                                         \
    X(m, 3, UINT32, offset)                                                                        \
    X(m, 4, STRING, category)

/* statesync.v1.ListConflictsResponse */
#define FIELDS_list_conflicts_response(X, m)                                                       \
    X(m, 1, REPEATED_MESSAGE(parked_conflict), conflicts)                                          \
    X(m, 2, UINT32, total)

/* statesync.v1.GetConflictRequest */
#define FIELDS_get_conflict_request(X, m)                                                          \
    X(m, 1, STRING, conflict_id)                                                                   \
    X(m, 2, FIXED64, player_id)

/* statesync.v1.ParkedConflict */
#define FIELDS_parked_conflict(X, m)                                                               \
    X(m, 1, MESSAGE(conflict_info), conflict)                                                      \
    X(m, 2, STRING, category)                                                                      \
    X(m, 3, STRING, key)                                                                           \
    X(m, 4, FIXED64, owner_id)                                                                     \
    X(m, 5, FIXED64, writer)                                                                       \
    X(m, 6, BYTES, base_state)                                                                     \
    X(m, 7, INT64, detected_ms)                                                                    \
    X(m, 8, INT64, expires_ms)                                                                     \
    X(m, 9, BOOL, resolved)                                                                        \
    X(m, 10, UINT32, version)

/* statesync.v1.GetHistoryRequest */
#define FIELDS_get_history_request(X, m)                                                           \
    X(m, 1, FIXED64, player_id)                                                                    \
    X(m, 2, FIXED64, owner_id)                                                                     \
    X(m, 3, STRING, category)                                                                      \
    X(m, 4, STRING, key)                                                                           \
    X(m, 5, UINT32, limit)

/* statesync.v1.GetHistoryResponse */
#define FIELDS_get_history_response(X, m) X(m, 1, REPEATED_MESSAGE(history_entry), versions)

/* statesync.v1.HistoryEntry */
#define FIELDS_history_entry(X, m)                                                                 \
    X(m, 1, UINT32, version)                                                                       \
    X(m, 2, BYTES, state_data)                                                                     \
    X(m, 3, INT64, updated_ms)                                                                     \
    X(m, 4, UINT32, tick)                                                                          \
    X(m, 5, FIXED64, writer)                                                                       \
    X(m, 6, STRING, node)                                                                          \
    X(m, 7, BOOL, deleted)

/* statesync.v1.GetStatsRequest */
#define FIELDS_get_stats_request(X, m) X(m, 1, STRING, world)

/* statesync.v1.GetStatsResponse */
#define FIELDS_get_stats_response(X, m)                                                            \
    X(m, 1, STRING, world)                                                                         \
    X(m, 2, UINT32, tick)                                                                          \
    X(m, 3, UINT64, cells)                                                                         \
    X(m, 4, UINT64, tombstones)                                                                    \
    X(m, 5, UINT64, bytes)                                                                         \
    X(m, 6, UINT64, updates)                                                                       \
    X(m, 7, UINT64, parked)                                                                        \
    X(m, 8, REPEATED_UINT64, results)                                                              \
    X(m, 9, REPEATED_UINT64, conflicts)                                                            \
    X(m, 10, REPEATED_UINT64, resolutions)                                                         \
    X(m, 11, UINT32, subscribers)                                                                  \
    X(m, 12, UINT64, pushes)                                                                       \
    X(m, 13, UINT32, connections)                                                                  \
    X(m, 14, UINT32, streams)                                                                      \
    X(m, 15, UINT64, bytes_in)                                                                     \
    X(m, 16, UINT64, bytes_out)                                                                    \
    X(m, 17, INT64, uptime_ms)                                                                     \
    X(m, 18, UINT32, latency_p50_us)                                                               \
    X(m, 19, UINT32, latency_p99_us)                                                               \
    X(m, 20, UINT32, players)

/* statesync.v1.GetDictionaryRequest */
#define FIELDS_get_dictionary_request(X, m) X(m, 1, UINT32, id)

/* statesync.v1.GetDictionaryResponse */
#define FIELDS_get_dictionary_response(X, m)                                                       \
    X(m, 1, UINT32, id)                                                                            \
    X(m, 2, BYTES, dictionary)

/* statesync.v1.OpenWorldRequest */
#define FIELDS_open_world_request(X, m) X(m, 1, STRING, name)

/* statesync.v1.OpenWorldResponse */
#define FIELDS_open_world_response(X, m) X(m, 1, BOOL, created)

/* statesync.v1.Proposal */
#define FIELDS_wire_proposal(X, m)                                                                 \
    X(m, 1, UINT64, id)                                                                            \
    X(m, 2, FIXED64, writer)                                                                       \
    X(m, 3, FIXED64, owner_id)                                                                     \
    X(m, 4, STRING, category)                                                                      \
    X(m, 5, STRING, key)                                                                           \
    X(m, 6, BYTES, state_data)                                                                     \
    X(m, 7, BOOL, delete)                                                                          \
    X(m, 8, UINT32, expected_version)                                                              \
    X(m, 9, INT64, proposed_ms)

/* statesync.v1.ListProposalsRequest */
#define FIELDS_list_proposals_request(X, m)                                                        \
    X(m, 1, FIXED64, player_id)                                                                    \
    X(m, 2, UINT32, limit)

/* statesync.v1.ListProposalsResponse */
#define FIELDS_list_proposals_response(X, m) X(m, 1, REPEATED_MESSAGE(wire_proposal), proposals)

/* statesync.v1.DecideProposalRequest */
#define FIELDS_decide_proposal_request(X, m)                                                       \
    X(m, 1, UINT64, id)                                                                            \
    X(m, 2, BOOL, accept)                                                                          \
    X(m, 3, BYTES, state_data)                                                                     \
    X(m, 4, BOOL, change)                                                                          \
    X(m, 5, STRING, reason)                                                                        \
    X(m, 6, FIXED64, player_id)

/* statesync.v1.DecideProposalResponse */
#define FIELDS_decide_proposal_response(X, m)                                                      \
    X(m, 1, BOOL, success)                                                                         \
    X(m, 2, STRING, error_message)                                                                 \
    X(m, 3, UINT32, version)

/* grpc.health.v1.HealthCheckRequest */
#define FIELDS_health_check_request(X, m) X(m, 1, STRING, service)

/* grpc.health.v1.HealthCheckResponse */
#define FIELDS_health_check_response(X, m) X(m, 1, ENUM(serving_status), status)

/* grpc.reflection.v1.ServerReflectionRequest */
#define FIELDS_server_reflection_request(X, m)                                                     \
    X(m, 1, STRING, host)                                                                          \
    X(m, 3, OPTIONAL_STRING, file_by_filename)                                                     \
    X(m, 4, OPTIONAL_STRING, file_containing_symbol)                                               \
    X(m, 5, MESSAGE(extension_request), file_containing_extension)                                 \
    X(m, 6, OPTIONAL_STRING, all_extension_numbers_of_type)                                        \
    X(m, 7, OPTIONAL_STRING, list_services)

/* grpc.reflection.v1.ExtensionRequest */
#define FIELDS_extension_request(X, m)                                                             \
    X(m, 1, STRING, containing_type)                                                               \
    X(m, 2, INT32, extension_number)

/* grpc.reflection.v1.ServerReflectionResponse */
#define FIELDS_server_reflection_response(X, m)                                                    \
    X(m, 1, STRING, valid_host)                                                                    \
    X(m, 2, MESSAGE(server_reflection_request), original_request)                                  \
    X(m, 4, MESSAGE(file_descriptor_response), file_descriptor_response)                           \
    X(m, 5, MESSAGE(extension_number_response), all_extension_numbers_response)                    \
    X(m, 6, MESSAGE(list_service_response), list_services_response)                                \
    X(m, 7, MESSAGE(error_response), error_response)

/* grpc.reflection.v1.FileDescriptorResponse */
#define FIELDS_file_descriptor_response(X, m) X(m, 1, REPEATED_BYTES, file_descriptor_proto)

/* grpc.reflection.v1.ExtensionNumberResponse */
#define FIELDS_extension_number_response(X, m)                                                     \
    X(m, 1, STRING, base_type_name)                                                                \
    X(m, 2, REPEATED_INT32, extension_number)

/* grpc.reflection.v1.ListServiceResponse */
#define FIELDS_list_service_response(X, m) X(m, 1, REPEATED_MESSAGE(service_response), service)

/* grpc.reflection.v1.ServiceResponse */
#define FIELDS_service_response(X, m) X(m, 1, STRING, name)

/* grpc.reflection.v1.ErrorResponse */
#define FIELDS_error_response(X, m)                                                                \
    X(m, 1, INT32, error_code)                                                                     \
    X(m, 2, STRING, error_message)

/* ---- the list: X(struct, message in the proto), EMPTY where there is no field -------------- */

#define MESSAGE_LIST(X, EMPTY)                                                                     \
    X(state_sync_request, StateSyncRequest)                                                        \
    X(wire_batch, Batch)                                                                           \
    X(wire_subscribe, Subscribe)                                                                   \
    X(wire_area, Area)                                                                             \
    X(state_sync_response, StateSyncResponse)                                                      \
    X(wire_update, Update)                                                                         \
    X(wire_outcome, Outcome)                                                                       \
    X(conflict_info, ConflictInfo)                                                                 \
    X(latency_compensation, LatencyCompensation)                                                   \
    X(state_snapshot_request, StateSnapshotRequest)                                                \
    X(state_snapshot_response, StateSnapshotResponse)                                              \
    X(state_entries, StateEntries)                                                                 \
    X(state_entry, StateEntry)                                                                     \
    X(conflict_resolution_request, ConflictResolutionRequest)                                      \
    X(conflict_resolution_response, ConflictResolutionResponse)                                    \
    EMPTY(capabilities_request, CapabilitiesRequest)                                               \
    X(capabilities_response, CapabilitiesResponse)                                                 \
    X(category_info, CategoryInfo)                                                                 \
    X(wire_limits, Limits)                                                                         \
    X(list_conflicts_request, ListConflictsRequest)                                                \
    X(list_conflicts_response, ListConflictsResponse)                                              \
    X(get_conflict_request, GetConflictRequest)                                                    \
    X(parked_conflict, ParkedConflict)                                                             \
    X(get_history_request, GetHistoryRequest)                                                      \
    X(get_history_response, GetHistoryResponse)                                                    \
    X(history_entry, HistoryEntry)                                                                 \
    X(get_stats_request, GetStatsRequest)                                                          \
    X(get_stats_response, GetStatsResponse)                                                        \
    X(get_dictionary_request, GetDictionaryRequest)                                                \
    X(get_dictionary_response, GetDictionaryResponse)                                              \
    X(open_world_request, OpenWorldRequest)                                                        \
    X(open_world_response, OpenWorldResponse)                                                      \
    X(wire_proposal, Proposal)                                                                     \
    X(list_proposals_request, ListProposalsRequest)                                                \
    X(list_proposals_response, ListProposalsResponse)                                              \
    X(decide_proposal_request, DecideProposalRequest)                                              \
    X(decide_proposal_response, DecideProposalResponse)                                            \
    X(health_check_request, HealthCheckRequest)                                                    \
    X(health_check_response, HealthCheckResponse)                                                  \
    X(server_reflection_request, ServerReflectionRequest)                                          \
    X(extension_request, ExtensionRequest)                                                         \
    X(server_reflection_response, ServerReflectionResponse)                                        \
    X(file_descriptor_response, FileDescriptorResponse)                                            \
    X(extension_number_response, ExtensionNumberResponse)                                          \
    X(list_service_response, ListServiceResponse)                                                  \
    X(service_response, ServiceResponse)                                                           \
    X(error_response, ErrorResponse)

/* ---- what the lists become ----------------------------------------------------------------- */

/* The C type of a kind. */
#define C_FIXED64              uint64_t
#define C_UINT64               uint64_t
#define C_INT64                int64_t
#define C_UINT32               uint32_t
#define C_INT32                int32_t
#define C_ENUM(of)             uint32_t
#define C_BOOL                 bool
#define C_FLOAT                float
#define C_STRING               struct bytes
#define C_OPTIONAL_STRING      struct bytes
#define C_BYTES                struct bytes
#define C_COUNTERS             struct counter_list
#define C_MESSAGE(of)          const struct of *
#define C_REPEATED_MESSAGE(of) struct of##_list
#define C_REPEATED_STRING      struct bytes_list
#define C_REPEATED_BYTES       struct bytes_list
#define C_REPEATED_FIXED64     struct u64_list
#define C_REPEATED_UINT64      struct u64_list
#define C_REPEATED_INT32       struct i32_list
#define C_REPEATED_UINT32      struct u32_list
#define C_REPEATED_ENUM(of)    struct u32_list

#define ENUM_CONSTANT(number, constant, name) constant = (number),
enum { VALUES_sync_result(ENUM_CONSTANT) };
enum { VALUES_conflict_type(ENUM_CONSTANT) };
enum { VALUES_resolution_strategy(ENUM_CONSTANT) };
enum { VALUES_compression_type(ENUM_CONSTANT) };
enum { VALUES_delta_format(ENUM_CONSTANT) };
enum { VALUES_serving_status(ENUM_CONSTANT) };
#undef ENUM_CONSTANT

#define LIST_STRUCT(m, proto)                                                                      \
    struct m;                                                                                      \
    struct m##_list {                                                                              \
        const struct m *items;                                                                     \
        size_t count;                                                                              \
    };
MESSAGE_LIST(LIST_STRUCT, LIST_STRUCT)
#undef LIST_STRUCT

#define STRUCT_MEMBER(m, number, kind, name) C_##kind name;
#define STRUCT(m, proto)                                                                           \
    struct m {                                                                                     \
        FIELDS_##m(STRUCT_MEMBER, m)                                                               \
    };                                                                                             \
    extern const struct message_type message_##m;
#define STRUCT_EMPTY(m, proto)                                                                     \
    struct m {                                                                                     \
        char nothing;                                                                              \
    };                                                                                             \
    extern const struct message_type message_##m;
MESSAGE_LIST(STRUCT, STRUCT_EMPTY)
#undef STRUCT_MEMBER
#undef STRUCT
#undef STRUCT_EMPTY

#endif
