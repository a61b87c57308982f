#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One bit is turned somewhere in a data folder: in the database, in its log, in the mark. Either the folder
is refused by name as damaged, by `data verify` and by the server alike, or the bit was harmless: then the
server shows the very cells that were written. Each round turns one bit of a fresh copy."""
import json
import random
import shutil
import os

import rig

options = rig.arguments(__doc__, rounds=40)
from place import Folder  # noqa: E402

REFUSED = {"damaged", "not supported"}  # the second: a bit of the numbers that say whose file it is


def flip(path, at=None):
    """One bit of a random byte; where."""
    with open(path, "r+b") as out:
        at = random.randrange(os.path.getsize(path)) if at is None else at
        out.seek(at)
        byte = out.read(1)[0]
        out.seek(at)
        out.write(bytes([byte ^ 1 << random.randrange(8)]))
    return at


def places(folder):
    """(file, folder that it is in, the cells there, how often)"""
    return (("statesync.db", folder.good, folder.cells, 10), ("statesync.db", folder.torn, folder.torn_cells, 5),
            ("statesync.db-wal", folder.torn, folder.torn_cells, 10),
            ("statesync.mark", folder.torn, folder.torn_cells, 1))


def judge(folder, data, where, cells):
    """True: refused. The folder is `data`, the bit `where`."""
    status, said, _ = rig.data_command(options.program, "verify", data, "--json")
    answer = json.loads(said)
    server = rig.Server(options.program, folder.base, data, seconds=20)
    try:
        if status == 4:
            rig.must(answer["status"] in REFUSED and data in answer["why"], f"{where}: {said}")
            rig.must(server.address is None, f"{where} is damaged, but the server starts")
            rig.must(data in server.said(), f"{where}: no name: {server.said()}")
            return True
        rig.must(status == 0, f"{where}: {status} {said}")
        rig.must(server.address is not None, f"{where}: verify says whole, the server refuses: {server.said()}")
        rig.must(folder.read(server) == cells, f"{where}: other cells than were written")
        return False
    finally:
        server.kill()


def main(base):
    folder = Folder(base, options.program)
    kinds = [place for place in places(folder) for _ in range(place[3])]
    refused, turned = {}, {}
    for _ in range(options.rounds):
        name, of, cells, _ = random.choice(kinds)
        data = folder.copy(of)
        at = flip(f"{data}/{name}")
        turned[name] = turned.get(name, 0) + 1
        refused[name] = refused.get(name, 0) + judge(folder, data, f"byte {at} of {name} (--seed {options.seed})",
                                                     cells)
        shutil.rmtree(data)
    told = ", ".join(f"{name}: {refused[name]} of {turned[name]}" for name in sorted(turned))
    print(f"{options.rounds} bits turned: {sum(refused.values())} refused by name ({told}), the others harmless")


rig.run(main)
