#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data folders as they may not be: in use, read-only, of a newer program, somebody else's, damaged, cut
off, emptied. Each is refused by name with what to do, by the server and by `statesync data`; nothing
starts with other cells than were written."""
import os
import random
import shutil
import sqlite3
import subprocess

import rig

options = rig.arguments(__doc__)
from model import channel_to  # noqa: E402
from place import CELLS, Folder  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402

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
    rig.must(status == 4 and file in said and ".part" not in said, f"half a backup: {status} {said}")
    rig.must(not os.path.exists(folder.base + "/half/statesync.db"), "half a backup left a database")


def main(base):
    folder = Folder(base, options.program)
    for case in (in_use, read_only, newer, not_ours, emptied, torn_tail, backup_and_restore):
        said = case(folder)
        print(f"{case.__name__.replace('_', ' ')}: held" + (f", {said}" if said else ""), flush=True)
        for server in rig.Server.running[:]:
            server.kill()


rig.run(main)
