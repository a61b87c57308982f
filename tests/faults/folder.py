#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data folders as they may not be: in use, read-only, of a newer program, somebody else's, damaged, cut
off, emptied. Each is refused by name with what to do, by the server and by `statesync data`; nothing
starts with other cells than were written."""
import json
import os
import random
import shutil
import sqlite3
import subprocess

import rig

options = rig.arguments(__doc__, rounds=60)
from model import channel_to, read_all, Model  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402

CELLS = [(0, "chain", f"cell-{i}") for i in range(40)] + [(7, "keyed", f"cell-{i}") for i in range(40)]


class Folder:
    """A place to break things: `good` is a folder of a server that ended, `torn` of one that was
    killed, each with what stood in it."""

    def __init__(self, base):
        self.base, self.number = base, 0
        self.model = Model()
        for name in CELLS:
            self.model.cell(name)
        self.good, self.torn = base + "/good", base + "/torn"
        server = self.serve(self.good)
        self.write(server, 3)
        self.cells = self.read(server)
        rig.must(server.stop() == 0, "the server did not end well")
        shutil.copytree(self.good, self.torn)
        server = self.serve(self.torn)
        self.write(server, 2)
        self.torn_cells = self.read(server)
        server.kill()

    def serve(self, data):
        return rig.Server(options.program, self.base, data).must_listen()

    def write(self, server, times):
        with channel_to(server.address) as channel:
            service = rpc.StateSyncServiceStub(channel)
            for _ in range(times):
                calls = [service.SyncState.future(pb.StateSyncRequest(
                    player_id=7, owner_id=owner, category=category, key=key,
                    state_data=random.randbytes(150),
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
        shutil.copytree(of, path)
        return path

    def refuses(self, data, words, code=4):
        """Server and command both say no and name the folder, with these words."""
        server = rig.Server(options.program, self.base, data, seconds=20)
        rig.must(server.address is None, f"the server started in {data}")
        said, ended = server.said(), server.ended(5)
        server.kill()
        rig.must(ended in (1, 2), f"exit status {ended}: {said}")
        for word in (data, *words):
            rig.must(word in said, f"\"{word}\" is not in what the server says: {said}")
        status, _, said = rig.data_command(options.program, "verify", data)
        rig.must(status == code and data in said, f"data verify: {status} {said}")


def in_use(folder):
    data = folder.copy(folder.good)
    server = folder.serve(data)
    folder.refuses(data, ["another process works in this folder"])
    for words in (("stats", data), ("backup", data, folder.base + "/x.db"),
                  ("restore", data, folder.good + "/statesync.db")):
        status, _, said = rig.data_command(options.program, *words)
        rig.must(status == 4 and "another process" in said, f"data {words[0]}: {status} {said}")
    rig.must(folder.read(server) == folder.cells, "the first server was disturbed")
    server.kill()
    rig.must(folder.read(folder.serve(data)) == folder.cells, "after kill -9 the folder is free again")


def read_only(folder):
    if os.geteuid() != 0:
        data = folder.copy(folder.good)
        os.chmod(data, 0o500)
        os.chmod(data + "/statesync.db", 0o400)
        try:
            folder.refuses(data, ["this user may not write"])
        finally:
            os.chmod(data, 0o700)
        return
    disk = rig.Disk(folder.base, 64, "tmpfs")
    data = disk.at + "/data"
    shutil.copytree(folder.good, data)
    subprocess.run(["mount", "-o", "remount,ro", disk.at], check=True)
    folder.refuses(data, ["change its owner or its mode"])
    disk.close()


def newer(folder):
    data = folder.copy(folder.good)
    with sqlite3.connect(data + "/statesync.db") as base:
        base.execute("PRAGMA user_version = 99")
    base.close()
    folder.refuses(data, ["newer"])


def not_ours(folder):
    data = folder.base + "/foreign"
    os.mkdir(data)
    with sqlite3.connect(data + "/statesync.db") as base:
        base.execute("CREATE TABLE t (x)")
    base.close()
    folder.refuses(data, ["choose another folder"])
    data = folder.base + "/text"
    os.mkdir(data)
    with open(data + "/statesync.db", "w", encoding="utf-8") as out:
        out.write("this is no database\n" * 500)
    folder.refuses(data, [])
    data = folder.base + "/a-file"
    with open(data, "w", encoding="utf-8") as out:
        out.write("x")
    folder.refuses(data, [], code=1)
    folder.refuses(folder.base + "/not/there", ["create it first"], code=1)


def emptied(folder):
    data = folder.copy(folder.good)
    os.unlink(data + "/statesync.db")
    folder.refuses(data, ["restore a backup"])
    data = folder.copy(folder.good)
    os.truncate(data + "/statesync.db", 0)
    folder.refuses(data, ["restore a backup"])
    data = folder.copy(folder.good)
    os.truncate(data + "/statesync.db", os.path.getsize(data + "/statesync.db") // 2)
    folder.refuses(data, ["restore a backup"])


def torn_tail(folder):
    """An acknowledged group was cut off the log: its mark knows. Without the mark it cannot be known."""
    server = folder.serve(folder.copy(folder.torn))
    rig.must(folder.read(server) == folder.torn_cells, "the log holds what was answered")
    server.kill()
    log = os.path.getsize(folder.torn + "/statesync.db-wal")
    rig.must(log > 8192, "there is a log to tear")
    data = folder.copy(folder.torn)
    os.truncate(data + "/statesync.db-wal", log // 2)
    folder.refuses(data, ["was acknowledged", "restore a backup"])
    data = folder.copy(folder.torn)
    os.truncate(data + "/statesync.db-wal", 0)
    folder.refuses(data, ["was acknowledged", "restore a backup"])
    data = folder.copy(folder.torn)
    with open(data + "/statesync.db-wal", "ab") as out:
        out.write(random.randbytes(5000))  # a write that was never acknowledged
    rig.must(folder.read(folder.serve(data)) == folder.torn_cells, "a torn write that nobody was told of")


def flip(path):
    """One bit of a random byte; what was there."""
    with open(path, "r+b") as out:
        at = random.randrange(os.path.getsize(path))
        out.seek(at)
        byte = out.read(1)[0]
        out.seek(at)
        out.write(bytes([byte ^ 1 << random.randrange(8)]))
    return at


def flipped(folder):
    """Bits turned in database and log: refused, or harmless; never other cells."""
    refused = harmless = 0
    for _ in range(options.rounds):
        which, of, cells = random.choice((("statesync.db", folder.good, folder.cells),
                                          ("statesync.db", folder.torn, folder.torn_cells),
                                          ("statesync.db-wal", folder.torn, folder.torn_cells)))
        data = folder.copy(of)
        at = flip(f"{data}/{which}")
        status, said, _ = rig.data_command(options.program, "verify", data, "--json")
        answer = json.loads(said)
        rig.must(status in (0, 4) and answer["folder"] == data, f"byte {at} of {which}: {status} {said}")
        server = rig.Server(options.program, folder.base, data, seconds=20)
        if status == 4:
            refused += 1
            rig.must(server.address is None, f"byte {at} of {which} is damaged, but the server starts")
            rig.must(data in server.said(), f"no name: {server.said()}")
        else:
            harmless += 1
            rig.must(server.address is not None, f"byte {at} of {which}: verify says whole, the server "
                                                 f"refuses: {server.said()}")
            rig.must(folder.read(server) == cells, f"byte {at} of {which}: other cells")
        server.kill()
        shutil.rmtree(data)
    return f"{refused} of {refused + harmless} flipped bits refused, the others harmless"


def backup_and_restore(folder):
    file, data = folder.base + "/backup.db", folder.base + "/restored"
    status, _, said = rig.data_command(options.program, "backup", folder.good, file)
    rig.must(status == 0, said)
    status, _, said = rig.data_command(options.program, "backup", folder.good, file)
    rig.must(status == 4, "a backup over a backup: " + said)
    status, _, said = rig.data_command(options.program, "restore", data, file)
    rig.must(status == 0, said)
    server = folder.serve(data)
    rig.must(folder.read(server) == folder.cells, "the restored cells")
    with channel_to(server.address) as channel:
        owner, category, key = CELLS[0]
        version = folder.cells[CELLS[0]][0]
        answer = rpc.StateSyncServiceStub(channel).SyncState(pb.StateSyncRequest(
            player_id=7, owner_id=owner, category=category, key=key, state_data=b"on",
            expected_version=version), timeout=10)
        rig.must(answer.result == 1 and answer.current_version > version, "writing goes on")
    rig.must(server.stop() == 0, "the server did not end well")
    with open(file, "r+b") as out:
        out.truncate(os.path.getsize(file) // 2)
    status, _, said = rig.data_command(options.program, "restore", folder.base + "/half", file)
    rig.must(status == 4 and file in said, f"half a backup: {status} {said}")
    rig.must(not os.path.exists(folder.base + "/half/statesync.db"), "half a backup left a database")


def main(base):
    folder = Folder(base)
    for case in (in_use, read_only, newer, not_ours, emptied, torn_tail, backup_and_restore, flipped):
        said = case(folder)
        print(f"{case.__name__.replace('_', ' ')}: held" + (f", {said}" if said else ""), flush=True)
        for server in rig.Server.running[:]:
            server.kill()


rig.run(main)
