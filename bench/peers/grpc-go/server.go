// SPDX-License-Identifier: Apache-2.0

// The least that grpc-go can do for this service: a map from cell to version and state, one lock, no
// conflicts, no history, no clocks compared. What it costs is the framework.
package main

import (
	"context"
	"io"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"

	pb "statesync"
)

type cell struct {
	version uint32
	state   []byte
}

type name struct {
	player        uint64
	category, key string
}

type server struct {
	pb.UnimplementedStateSyncServiceServer
	lock  sync.Mutex
	cells map[name]*cell
	seq   uint64
}

func (s *server) apply(request *pb.StateSyncRequest) *pb.StateSyncResponse {
	id := name{request.PlayerId, request.Category, request.Key}
	s.lock.Lock()
	held := s.cells[id]
	if held == nil {
		held = &cell{}
		s.cells[id] = held
	}
	result := pb.SyncResult_SYNC_RESULT_SUCCESS
	if request.ExpectedVersion != 0 && request.ExpectedVersion != held.version {
		result = pb.SyncResult_SYNC_RESULT_CONFLICT
	} else {
		held.version++
		held.state = request.StateData
	}
	s.seq++
	response := &pb.StateSyncResponse{RequestId: s.seq, Result: result, CurrentVersion: held.version,
		ServerTimestampMs: time.Now().UnixNano() / 1e6, ServerTick: uint32(s.seq), StateData: held.state,
		VectorClock:  map[string]uint32{"node-1": held.version},
		Compensation: &pb.LatencyCompensation{CompensationFactor: 1}}
	s.lock.Unlock()
	return response
}

func (s *server) SyncState(_ context.Context, request *pb.StateSyncRequest) (*pb.StateSyncResponse, error) {
	return s.apply(request), nil
}

func (s *server) StreamStateUpdates(stream pb.StateSyncService_StreamStateUpdatesServer) error {
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := stream.Send(s.apply(request)); err != nil {
			return err
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	service := grpc.NewServer()
	pb.RegisterStateSyncServiceServer(service, &server{cells: map[name]*cell{}})
	log.Fatal(service.Serve(listener))
}
