#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A power cut: the file system under the data folder is shut down while the server writes, so that what
was not synced is gone, then mounted again. kill -9 does not show this, as the page cache outlives a
process. With --unsafe the categories are `async`, and something must be lost.

The server is stopped (SIGSTOP) before the cut: on ext4 a write that meets the shutdown half-way may be
acknowledged by the kernel and be lost all the same, whatever the database does. Answers that are on
their way then are read after the cut, and count."""
import json
import random
import signal
import time

import rig

options = rig.arguments(__doc__, rounds=10, lives=True, disks=True)
from load import Load  # noqa: E402
from model import Model  # noqa: E402


def cut(server, disk):
    server.signal(signal.SIGSTOP)
    time.sleep(0.1)  # an fsync that it had begun ends
    disk.cut()


def main(folder):
    model = Model()
    durability = "async" if options.unsafe else "sync"
    kind = options.disk
    disk = rig.Disk(folder, 512, kind)
    lost, starts, checked = 0, [], {"cells": 0, "keys": 0, "conflicts": 0, "unanswered": 0}
    for turn in range(options.rounds):
        server = rig.Server(options.program, folder, disk.at + "/data", durability).must_listen()
        starts.append(server.started_in)
        if turn:
            lost += judge(model, server, turn, checked)
        load = Load(server.address, model, heavy=options.heavy)
        time.sleep(random.uniform(0.2, options.life))
        cut(server, disk)
        server.kill()
        load.stop()
        rig.must(not load.complaints, f"round {turn}: {load.complaints[:3]}")
        disk.unmount()
        disk.mount()
    server = rig.Server(options.program, folder, disk.at + "/data", durability).must_listen()
    lost += judge(model, server, options.rounds, checked)
    rig.must(server.stop() == 0, "the server did not end well")
    stats = json.loads(rig.data_command(options.program, "stats", disk.at + "/data", "--json")[1])
    code, out, err = rig.data_command(options.program, "verify", disk.at + "/data")
    rig.must(code == 0, "verify: " + out + err)
    starts.sort()
    print(f"{options.rounds} power cuts on {kind} ({durability}): {model.answers} answers and {model.pushes} "
          f"pushes given, {lost} lost, 0 versions reused; looked at {checked['cells']} cells, "
          f"{checked['keys']} idempotency keys, {checked['conflicts']} conflicts; "
          f"{checked['unanswered']} cells held an unanswered write; back in "
          f"{starts[len(starts) // 2] * 1000:.0f} ms (p50), {starts[-1] * 1000:.0f} ms (most); "
          f"{stats['last_group']} groups, checkpointed up to {stats['first_group'] - 1}")
    if options.unsafe:
        rig.must(lost > 0, "nothing was lost without safety: this check is blind")


def judge(model, server, turn, checked):
    found = model.compare(server.address)
    for name in checked:
        checked[name] += getattr(found, name)
    faults = found.reused + (found.wrong + found.lost if not options.unsafe else [])
    rig.must(not faults, f"round {turn} (--seed {options.seed}): {len(faults)} faults: "
                         + "; ".join(faults[:5]))
    return len(found.lost)


rig.run(main)
