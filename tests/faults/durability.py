#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What reaches the disk, counted between the real program and the operating system: an answer of class
`sync` has an fdatasync of its own behind it when nobody else writes, and states of class `memory` are
never written, whatever is written beside them."""
import contextlib
import os
import sqlite3
import time

import rig

options = rig.arguments(__doc__)
from model import SUCCESS, channel_to  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402


def must(answer):
    rig.must(answer.result == SUCCESS, f"refused: {answer.error_message}")


def sync_writes(service, shim, count):
    """One after the other: the fdatasyncs that they took."""
    before = shim.syncs
    for i in range(count):
        must(service.SyncState(pb.StateSyncRequest(player_id=7, category="chain", key=f"cell-{i}",
                                                   state_data=b"kept", must_not_exist=True), timeout=10))
    return shim.syncs - before


def memory_writes(service, count):
    for first in range(0, count, 100):
        calls = [service.SyncState.future(pb.StateSyncRequest(
            player_id=7, category="aim", key=f"aim-{i % 50}", state_data=os.urandom(100)), timeout=10)
            for i in range(first, first + 100)]
        for call in calls:
            must(call.result())


def cells_of(folder, data):
    """How many cells of each category a backup holds."""
    status, _, said = rig.data_command(options.program, "backup", data, folder + "/backup.db")
    rig.must(status == 0, said)
    with contextlib.closing(sqlite3.connect(folder + "/backup.db")) as base:
        return dict(base.execute("SELECT category, count(*) FROM cells GROUP BY category"))


def both_classes(service):
    """States of both classes in the same turns."""
    calls = [service.SyncState.future(pb.StateSyncRequest(
        player_id=7, category=category, key=f"both-{i}", state_data=os.urandom(50)), timeout=10)
        for i in range(50) for category in ("aim", "flood")]
    for call in calls:
        must(call.result())


def main(folder):
    data = folder + "/data"
    shim = rig.Shim(options.program, data)
    server = rig.Server(options.program, folder, data, shim=shim).must_listen()
    with channel_to(server.address) as channel:
        service = rpc.StateSyncServiceStub(channel)
        syncs = sync_writes(service, shim, 20)
        rig.must(syncs >= 20, f"20 synced answers, {syncs} fdatasyncs")
        time.sleep(0.3)
        written = shim.bytes
        memory_writes(service, 5000)
        time.sleep(0.3)  # async_delay and a commit
        written = shim.bytes - written
        rig.must(written < 5000 * 10, f"5000 writes of class memory: {written} bytes were written")
        both_classes(service)
    rig.must(server.stop() == 0, "the server did not end well")
    kept = cells_of(folder, data)
    rig.must(kept.pop("aim", 0) == 0, "states of class memory were kept")
    rig.must(kept == {"chain": 20, "flood": 50}, f"this check is blind: {kept}")
    print(f"20 synced answers: {syncs} fdatasyncs; 5000 writes of class memory: {written} bytes written, and none "
          "of their states beside others")


rig.run(main)
