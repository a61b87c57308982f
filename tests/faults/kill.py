#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 at a random moment, again and again in one data folder: after each restart every answer that
was given before must hold. In every fourth round a `statesync data backup`, which moves all groups into
the tables first, is killed too. With --unsafe the categories are `async`, and something must be lost."""
import json
import os
import random
import subprocess
import time

import rig

options = rig.arguments(__doc__, rounds=50, lives=True)
from load import Load  # noqa: E402
from model import Model  # noqa: E402


def kill_backup(folder):
    """True when it was killed in the middle."""
    backup = subprocess.Popen([options.program, "data", "backup", folder + "/data", folder + "/backup.db"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(0.01, 1.5))
    backup.kill()
    killed = backup.wait() != 0
    for name in ("backup.db", "backup.db.part", "backup.db.part-journal"):
        if os.path.exists(f"{folder}/{name}"):
            os.unlink(f"{folder}/{name}")
    return killed


def main(folder):
    model, backups = Model(), 0
    durability = "async" if options.unsafe else "sync"
    lost, starts, checked = 0, [], {"cells": 0, "keys": 0, "conflicts": 0, "unanswered": 0}
    server = rig.Server(options.program, folder, durability=durability).must_listen()
    for turn in range(options.rounds):
        load = Load(server.address, model, heavy=options.heavy)
        time.sleep(random.uniform(0.1, options.life))
        server.kill()
        load.stop()
        rig.must(not load.complaints, f"round {turn}: {load.complaints[:3]}")
        backups += turn % 4 == 3 and kill_backup(folder)
        server = rig.Server(options.program, folder, durability=durability).must_listen()
        starts.append(server.started_in)
        found = model.compare(server.address)
        for name in checked:
            checked[name] += getattr(found, name)
        lost += len(found.lost)
        faults = found.reused + (found.wrong + found.lost if not options.unsafe else [])
        rig.must(not faults, f"round {turn} (--seed {options.seed}): {len(faults)} faults: "
                             + "; ".join(faults[:5]))
    rig.must(server.stop() == 0, "the server did not end well")
    code, out, err = rig.data_command(options.program, "verify", folder + "/data")
    rig.must(code == 0, "verify: " + out + err)
    stats = json.loads(rig.data_command(options.program, "stats", folder + "/data", "--json")[1])
    starts.sort()
    print(f"{options.rounds} times kill -9 ({durability}): {model.answers} answers and {model.pushes} pushes "
          f"given, {lost} lost, 0 versions reused; looked at {checked['cells']} cells, {checked['keys']} "
          f"idempotency keys, {checked['conflicts']} conflicts; {checked['unanswered']} cells held an "
          f"unanswered write; back in {starts[len(starts) // 2] * 1000:.0f} ms (p50), "
          f"{starts[-1] * 1000:.0f} ms (most); {stats['last_group']} groups, checkpointed up to "
          f"{stats['first_group'] - 1}; {backups} backups killed")
    if options.unsafe:
        rig.must(lost > 0, "nothing was lost without safety: this check is blind")


rig.run(main)
