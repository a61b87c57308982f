# SPDX-License-Identifier: Apache-2.0
"""Two data folders with known cells, and copies of them to break."""
import os
import random
import shutil

import rig
from model import channel_to, read_all, Model
import state_sync_pb2 as pb
import state_sync_pb2_grpc as rpc

CELLS = [(0, "chain", f"cell-{i}") for i in range(40)] + [(7, "keyed", f"cell-{i}") for i in range(40)]


def _copy(source, target):
    """The ballast is never written while it has its size."""
    if source.endswith(".ballast"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


class Folder:
    """A place to break things: `good` is a folder of a server that ended, `torn` of one that was
    killed, each with what stood in it."""

    def __init__(self, base, program):
        self.base, self.program, self.number = base, program, 0
        self.model = Model()
        for name in CELLS:
            self.model.cell(name)
        self.good, self.torn = base + "/good", base + "/torn"
        self.live(2)
        status, _, said = rig.data_command(program, "backup", self.good, base + "/first.db")
        rig.must(status == 0, said)  # and so there are rows in the tables
        self.cells = self.live(1)
        shutil.copytree(self.good, self.torn)
        server = self.serve(self.torn)
        self.write(server, 2)
        self.torn_cells = self.read(server)
        server.kill()

    def live(self, times):
        server = self.serve(self.good)
        self.write(server, times)
        cells = self.read(server)
        rig.must(server.stop() == 0, "the server did not end well")
        return cells

    def serve(self, data):
        return rig.Server(self.program, self.base, data).must_listen()

    def write(self, server, times):
        with channel_to(server.address) as channel:
            service = rpc.StateSyncServiceStub(channel)
            for _ in range(times):
                calls = [service.SyncState.future(pb.StateSyncRequest(
                    player_id=7, owner_id=owner, category=category, key=key,
                    state_data=random.randbytes(150), idempotency_key=os.urandom(16) if owner else b"",
                    expected_version=self.model.cell((owner, category, key)).version), timeout=10)
                    for owner, category, key in CELLS]
                rig.must(all(call.result().result == 1 for call in calls), "a write was refused")
                for name, call in zip(CELLS, calls):
                    self.model.cell(name).version = call.result().current_version

    def read(self, server):
        with channel_to(server.address) as channel:
            return read_all(rpc.StateSyncServiceStub(channel), self.model)

    def copy(self, of):
        self.number += 1
        path = f"{self.base}/copy-{self.number}"
        shutil.copytree(of, path, copy_function=_copy)
        return path

    def refuses(self, data, words, code=4):
        """Server and command both say no and name the folder, with these words."""
        server = rig.Server(self.program, self.base, data, seconds=20)
        rig.must(server.address is None, f"the server started in {data}")
        said, ended = server.said(), server.ended(5)
        server.kill()
        rig.must(ended in (1, 2), f"exit status {ended}: {said}")
        for word in (data, *words):
            rig.must(word in said, f"\"{word}\" is not in what the server says: {said}")
        status, _, said = rig.data_command(self.program, "verify", data)
        rig.must(status == code and data in said, f"data verify: {status} {said}")
