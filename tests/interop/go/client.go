// SPDX-License-Identifier: Apache-2.0

// The protocol's own usage, from a stock Go client: only the original contract is known here.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	rpb "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	pb "statesync"
)

func check(ok bool, format string, arguments ...interface{}) {
	if ok {
		return
	}
	fmt.Printf("FAILED: "+format+"\n", arguments...)
	os.Exit(1)
}

func must(err error) { check(err == nil, "%v", err) }

// update, CONFLICT in a manual category, ResolveConflict with LAST_WRITE_WINS, the result.
func usage(client pb.StateSyncServiceClient) {
	ctx := context.Background()
	key := fmt.Sprintf("deal-%d", time.Now().UnixNano())
	send := func(player uint64, state string, expected uint32) *pb.StateSyncResponse {
		answer, err := client.SyncState(ctx, &pb.StateSyncRequest{PlayerId: player, Category: "trade", Key: key,
			StateData: []byte(state), ExpectedVersion: expected, ClientTimestampMs: time.Now().UnixNano() / 1e6})
		must(err)
		return answer
	}
	first := send(1, `{"offer":10}`, 0)
	check(first.Result == pb.SyncResult_SYNC_RESULT_SUCCESS && first.CurrentVersion == 1, "create: %v", first)
	check(len(first.VectorClock) == 1 && first.RequestId != 0, "clock or request id: %v", first)
	second := send(1, `{"offer":20}`, 1)
	check(second.Result == pb.SyncResult_SYNC_RESULT_SUCCESS && second.CurrentVersion == 2, "update: %v", second)
	late := send(2, `{"offer":30}`, 1)
	check(late.Result == pb.SyncResult_SYNC_RESULT_CONFLICT && late.Conflict != nil, "late: %v", late)
	conflict := late.Conflict
	check(conflict.Type == pb.ConflictType_CONFLICT_TYPE_VERSION_MISMATCH && conflict.RequiresManualResolution &&
		conflict.Strategy == pb.ResolutionStrategy_RESOLUTION_STRATEGY_MANUAL && len(conflict.ConflictId) == 36,
		"conflict: %v", conflict)
	check(string(conflict.OldState) == `{"offer":20}` && string(conflict.NewState) == `{"offer":30}`, "states: %v", conflict)
	resolved, err := client.ResolveConflict(ctx, &pb.ConflictResolutionRequest{ConflictId: conflict.ConflictId,
		Strategy: pb.ResolutionStrategy_RESOLUTION_STRATEGY_LAST_WRITE_WINS})
	must(err)
	check(resolved.Success && string(resolved.ResolvedState) == `{"offer":30}`, "resolve: %v", resolved)
	again, err := client.ResolveConflict(ctx, &pb.ConflictResolutionRequest{ConflictId: conflict.ConflictId,
		Strategy: pb.ResolutionStrategy_RESOLUTION_STRATEGY_LAST_WRITE_WINS})
	must(err)
	check(again.Success && bytes.Equal(again.ResolvedState, resolved.ResolvedState), "again: %v", again)
	after := send(1, `{"offer":40}`, 3)
	check(after.Result == pb.SyncResult_SYNC_RESULT_SUCCESS && after.CurrentVersion == 4, "after: %v", after)
	fmt.Println("ok: update, conflict, resolution")
}

// 1000 updates on one stream: answered in order, versions without a gap.
func stream(client pb.StateSyncServiceClient) {
	updates, err := client.StreamStateUpdates(context.Background())
	must(err)
	const count = 1000
	key := fmt.Sprintf("walk-%d", time.Now().UnixNano())
	go func() {
		for i := 0; i < count; i++ {
			must(updates.Send(&pb.StateSyncRequest{PlayerId: 3, ClientTick: uint32(i), Category: "position",
				Key: key, StateData: []byte(fmt.Sprint(i)), ExpectedVersion: uint32(i)}))
		}
		must(updates.CloseSend())
	}()
	for i := 0; i < count; i++ {
		answer, err := updates.Recv()
		must(err)
		check(answer.Result == pb.SyncResult_SYNC_RESULT_SUCCESS && answer.CurrentVersion == uint32(i+1) &&
			string(answer.StateData) == fmt.Sprint(i), "stream %d: %v", i, answer)
	}
	_, err = updates.Recv()
	check(err == io.EOF, "end of stream: %v", err)
	fmt.Println("ok: 1000 streamed updates in order")
}

// A bad update is an ERROR inside a stream and a status on a unary call; the stream goes on.
func badUpdates(client pb.StateSyncServiceClient) {
	bad := []*pb.StateSyncRequest{
		{PlayerId: 0, Category: "position", Key: "k"},
		{PlayerId: 4, Category: "", Key: "k"},
		{PlayerId: 4, Category: "position", Key: ""},
		{PlayerId: 4, Category: "position", Key: string(bytes.Repeat([]byte("k"), 70000))},
		{PlayerId: 4, Category: "unheard-of", Key: "k"},
		{PlayerId: 4, Category: "gear", Key: "k", StateData: []byte(`{"gold":`)},
		{PlayerId: 4, Category: "gear", Key: "k", StateData: bytes.Repeat([]byte("["), 50000)},
		{PlayerId: 4, Category: "gear", Key: "k", StateData: []byte(`{"a":1,"a":2}`)},
	}
	updates, err := client.StreamStateUpdates(context.Background())
	must(err)
	for i, request := range bad {
		_, err := client.SyncState(context.Background(), request)
		check(status.Code(err) == codes.InvalidArgument, "unary bad %d: %v", i, err)
		must(updates.Send(request))
		answer, err := updates.Recv()
		must(err)
		check(answer.Result == pb.SyncResult_SYNC_RESULT_ERROR && answer.RequestId == 0, "stream bad %d: %v", i, answer)
	}
	must(updates.Send(&pb.StateSyncRequest{PlayerId: 4, Category: "position", Key: "alive", StateData: []byte("x")}))
	answer, err := updates.Recv()
	must(err)
	check(answer.Result == pb.SyncResult_SYNC_RESULT_SUCCESS, "the stream goes on: %v", answer)
	must(updates.CloseSend())
	fmt.Println("ok: bad updates are refused one by one")
}

func clocks(client pb.StateSyncServiceClient) {
	ctx := context.Background()
	key := fmt.Sprintf("bag-%d", time.Now().UnixNano())
	send := func(state string, expected uint32, clock map[string]uint32) *pb.StateSyncResponse {
		answer, err := client.SyncState(ctx, &pb.StateSyncRequest{PlayerId: 5, Category: "gear", Key: key,
			StateData: []byte(state), ExpectedVersion: expected, VectorClock: clock})
		must(err)
		return answer
	}
	base := send(`{"gold":100,"hp":100}`, 0, nil)
	send(`{"gold":70,"hp":100}`, 1, base.VectorClock)
	merged := send(`{"gold":80,"hp":90}`, 1, base.VectorClock)
	check(merged.Result == pb.SyncResult_SYNC_RESULT_SUCCESS && merged.Conflict != nil &&
		merged.Conflict.Type == pb.ConflictType_CONFLICT_TYPE_CONCURRENT_UPDATE &&
		merged.Conflict.Strategy == pb.ResolutionStrategy_RESOLUTION_STRATEGY_MERGE, "merge: %v", merged)
	check(string(merged.StateData) == `{"gold":50,"hp":90}`, "merged state: %s", merged.StateData)
	forged := map[string]uint32{"0123456789abcdef": 7}
	diverged := send(`{"gold":1}`, 1, forged)
	check(diverged.Conflict != nil && diverged.Conflict.Type == pb.ConflictType_CONFLICT_TYPE_VECTOR_CLOCK, "forged: %v", diverged)
	_, adopted := diverged.VectorClock["0123456789abcdef"]
	check(!adopted, "a forged clock was adopted: %v", diverged)
	future := send(`{"gold":1}`, 4000, nil)
	check(future.Result == pb.SyncResult_SYNC_RESULT_STALE, "future: %v", future)
	fmt.Println("ok: clocks, three-way merge, forged clocks, versions from the future")
}

func snapshot(client pb.StateSyncServiceClient) {
	ctx := context.Background()
	for i := 0; i < 20; i++ {
		_, err := client.SyncState(ctx, &pb.StateSyncRequest{PlayerId: 6, Category: "profile",
			Key: fmt.Sprintf("k%d", i), StateData: []byte(`{}`)})
		must(err)
	}
	all, err := client.GetStateSnapshot(ctx, &pb.StateSnapshotRequest{PlayerId: 6, Categories: []string{"profile"}})
	must(err)
	check(len(all.Entries) == 20 && len(all.VectorClock) == 0, "snapshot: %d entries", len(all.Entries))
	some, err := client.GetStateSnapshot(ctx, &pb.StateSnapshotRequest{PlayerId: 6, Categories: []string{"profile"},
		LastVersions: map[string]uint32{"profile/k0": 1, "profile/k1": 1, "profile/k2": 9, "no such/thing/at all": 1}})
	must(err)
	check(len(some.Entries) == 18, "last_versions: %d entries", len(some.Entries))
	fmt.Println("ok: snapshots")
}

func properly(connection *grpc.ClientConn, client pb.StateSyncServiceClient) {
	ctx := context.Background()
	err := connection.Invoke(ctx, "/necp.realtime.statesync.v1.StateSyncService/NoSuch", &pb.StateSyncRequest{}, &pb.StateSyncResponse{})
	check(status.Code(err) == codes.Unimplemented, "unknown method: %v", err)
	_, err = client.SyncState(metadata.AppendToOutgoingContext(ctx, "statesync-world", "nowhere"), &pb.StateSyncRequest{PlayerId: 1})
	check(status.Code(err) == codes.NotFound, "unknown world: %v", err)
	answer, err := client.SyncState(ctx, &pb.StateSyncRequest{PlayerId: 8, Category: "position", Key: "z",
		StateData: bytes.Repeat([]byte("abcd"), 4096)}, grpc.UseCompressor(gzip.Name))
	must(err)
	check(len(answer.StateData) == 16384, "gzip: %d bytes", len(answer.StateData))
	short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	idle, err := client.StreamStateUpdates(short)
	must(err)
	_, err = idle.Recv()
	check(status.Code(err) == codes.DeadlineExceeded, "deadline: %v", err)
	stopped, stop := context.WithCancel(ctx)
	cancelled, err := client.StreamStateUpdates(stopped)
	must(err)
	stop()
	_, err = cancelled.Recv()
	check(status.Code(err) == codes.Canceled, "cancellation: %v", err)
	_, err = client.SyncState(ctx, &pb.StateSyncRequest{PlayerId: 8, Category: "position", Key: "big", StateData: make([]byte, 300000)})
	check(status.Code(err) == codes.ResourceExhausted, "oversized message: %v", err)
	health, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	must(err)
	check(health.Status == grpc_health_v1.HealthCheckResponse_SERVING, "health: %v", health)
	reflection, err := rpb.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	must(err)
	must(reflection.Send(&rpb.ServerReflectionRequest{MessageRequest: &rpb.ServerReflectionRequest_ListServices{}}))
	services, err := reflection.Recv()
	must(err)
	check(len(services.GetListServicesResponse().GetService()) >= 4, "services: %v", services)
	must(reflection.Send(&rpb.ServerReflectionRequest{MessageRequest: &rpb.ServerReflectionRequest_FileContainingSymbol{
		FileContainingSymbol: "necp.realtime.statesync.v1.StateSyncService"}}))
	file, err := reflection.Recv()
	must(err)
	check(len(file.GetFileDescriptorResponse().GetFileDescriptorProto()) >= 1, "descriptor: %v", file)
	fmt.Println("ok: unknown methods and worlds, gzip, deadlines, cancellation, limits, health, reflection")
}

func main() {
	connection, err := grpc.Dial(os.Args[1], grpc.WithInsecure(), grpc.WithBlock(), grpc.WithTimeout(5*time.Second))
	must(err)
	client := pb.NewStateSyncServiceClient(connection)
	usage(client)
	stream(client)
	badUpdates(client)
	clocks(client)
	snapshot(client)
	properly(connection, client)
}
