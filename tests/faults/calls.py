#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each system call of the real program on its data folder fails once: with an I/O error, for want of
room (once, and from then on), or the process dies right before it. Of a server's life (open, recover,
write, stop) and of a `data backup` (which moves all groups into the tables and deletes them) the calls are
counted, and --rounds of them are tried for each fault, all when there are fewer.

Writes are answered, refused or not answered; what is answered stays; a server that lives goes on reading;
one that ends or refuses to start says why; room that comes back lets writing go on; and without the fault
the folder is whole."""
import os
import random
import shutil
import time

import grpc

import rig

options = rig.arguments(__doc__, rounds=40)
from model import CONFLICT, ERROR, SUCCESS, Model, channel_to, read_all  # noqa: E402
import state_sync_pb2 as pb  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402

CELLS = [(0, "chain", f"cell-{i}") for i in range(10)]


def write(model, address, times):
    """One after the other; how many were answered, and whether all of them were."""
    answered = 0
    with channel_to(address) as channel:
        service = rpc.StateSyncServiceStub(channel)
        for i in range(times):
            name, data = CELLS[i % len(CELLS)], random.randbytes(random.choice((40, 3000)))
            version, _ = model.standing(name)
            model.sending(name, data)
            try:
                answer = service.SyncState(pb.StateSyncRequest(
                    player_id=7, category=name[1], key=name[2], state_data=data, expected_version=version,
                    must_not_exist=version == 0), timeout=5)
            except grpc.RpcError as error:
                if error.code() == grpc.StatusCode.UNAVAILABLE and error.details().startswith("the disk"):
                    model.refused(name, data)
                    continue
                return answered, False
            if answer.result == SUCCESS:
                model.answered(name, answer.current_version, data)
                answered += 1
            else:
                model.refused(name, data)
                if answer.result == CONFLICT:
                    model.shown(name, answer.current_version, answer.state_data)
                elif answer.result != ERROR:
                    raise rig.Failed(f"an answer {answer.result}")
    return answered, answered == times


def copy_of(model):
    again = Model()
    for name, cell in model.cells.items():
        again.shown(name, cell.version, cell.data)
    return again


class Ground:
    """A folder that was killed with groups in its log, and what must stand in it."""

    def __init__(self, base):
        self.base, self.prepared, self.data = base, base + "/prepared", base + "/data"
        self.model = Model()
        server = rig.Server(options.program, base, self.prepared).must_listen()
        rig.must(write(self.model, server.address, 60) == (60, True), "60 writes")
        server.kill()
        self.shim = rig.Shim(options.program, self.data)

    def fresh(self):
        shutil.rmtree(self.data, ignore_errors=True)
        for name in os.listdir(self.base):
            if name.startswith("data-backup"):
                os.unlink(f"{self.base}/{name}")
        shutil.copytree(self.prepared, self.data)
        return copy_of(self.model)

    def judge(self, model, where):
        """Without any fault all is well again."""
        self.shim.plan(rig.Shim.NONE, 0)
        server = rig.Server(options.program, self.base, self.data)
        rig.must(server.address, f"{where}: no start afterwards: {server.said()}")
        found = model.compare(server.address)
        rig.must(not found.faults(), f"{where}: " + "; ".join(found.faults()[:5]))
        rig.must(server.stop() == 0, f"{where}: the server did not end well")
        status, out, err = rig.data_command(options.program, "verify", self.data)
        rig.must(status == 0, f"{where}: verify: {out}{err}")


def read_on(model, server, where):
    with channel_to(server.address) as channel:
        standing = read_all(rpc.StateSyncServiceStub(channel), model)
    for name, cell in model.cells.items():
        rig.must(standing.get(name, (0,))[0] >= cell.version, f"{where}: {name} cannot be read any more")


def life(ground, fault, at, stays, counts):
    """A server's life in which call number `at` meets the fault."""
    where = f"{counts['name']}, call {at}"
    model, shim = ground.fresh(), ground.shim
    shim.plan(fault, at, stays)
    server = rig.Server(options.program, ground.base, ground.data, seconds=20, shim=shim)
    if not server.address:
        code = server.ended(5)
        rig.must(code in (1, 2, -9), f"{where}: exit status {code}: {server.said()}")
        rig.must(code == -9 or ground.data in server.said(), f"{where}: no reason: {server.said()}")
        counts["no start"] += 1
    else:
        _, whole = write(model, server.address, 12)
        counts["unharmed" if whole else "harmed"] += 1
        if not whole:  # an fsync that failed ends the server, after a moment
            server.ended(0.3)
        if server.process.poll() is None:
            read_on(model, server, where)
            if stays:
                mend(model, server, shim, where)
            server.signal(15)
            server.ended(20)
    server.kill()
    ground.judge(model, where)


def mend(model, server, shim, where):
    """There is room again."""
    shim.plan(rig.Shim.NONE, 0)
    until = time.monotonic() + 20
    while server.process.poll() is None:
        if write(model, server.address, 1)[0] == 1:
            return
        rig.must(time.monotonic() < until, f"{where}: there is room, but nothing is written")
        time.sleep(0.1)


def backup(ground, fault, at, stays, counts):
    """A backup in which call number `at` meets the fault: there is a whole copy or none."""
    where, target = f"{counts['name']}, call {at}", ground.data + "-backup.db"
    model, shim = ground.fresh(), ground.shim
    shim.plan(fault, at, stays)
    status, out, err = rig.data_command(options.program, "backup", ground.data, target, shim=shim)
    shim.plan(rig.Shim.NONE, 0)
    rig.must(status in (0, 1, 4, -9), f"{where}: exit status {status}: {out}{err}")
    rig.must(status in (0, -9) or err.strip(), f"{where}: no reason")
    counts["unharmed" if status == 0 else "no start"] += 1
    rig.must(status != 0 or os.path.exists(target), f"{where}: no copy")
    if os.path.exists(target):
        code, out, err = rig.data_command(options.program, "restore", ground.data + "-backup", target)
        rig.must(code == 0, f"{where}: the copy is not whole: {out}{err}")
        shutil.rmtree(ground.data + "-backup")
    ground.judge(model, where)


def sweep(ground, play, name, fault, stays=False):
    counts = {"name": name, "unharmed": 0, "harmed": 0, "no start": 0}
    play(ground, rig.Shim.NONE, 0, False, {**counts, "name": "no fault"})
    ground.fresh()
    shim = ground.shim
    shim.plan(rig.Shim.NONE, 0)
    if play is life:
        server = rig.Server(options.program, ground.base, ground.data, shim=shim).must_listen()
        write(copy_of(ground.model), server.address, 12)
        server.stop()
    else:
        rig.data_command(options.program, "backup", ground.data, ground.data + "-backup.db", shim=shim)
    calls = shim.changes + (shim.reads if fault == rig.Shim.IO else 0)
    rig.must(calls > 20, f"only {calls} calls were seen: the shim is blind")
    chosen = sorted(random.sample(range(1, calls + 1), min(options.rounds, calls)))
    for at in chosen:
        play(ground, fault, at, stays, counts)
    print(f"{name}: {len(chosen)} of {calls} calls, 0 lost; {counts['unharmed']} times unharmed, "
          f"{counts['harmed']} times a write was refused or not answered, {counts['no start']} times "
          + ("refused at the start" if play is life else "no backup"), flush=True)


def main(base):
    ground = Ground(base)
    sweep(ground, life, "a life, I/O error", rig.Shim.IO)
    sweep(ground, life, "a life, no room once", rig.Shim.FULL)
    sweep(ground, life, "a life, no room from then on", rig.Shim.FULL, True)
    sweep(ground, life, "a life, death", rig.Shim.KILL)
    sweep(ground, backup, "a checkpoint and backup, I/O error", rig.Shim.IO)
    sweep(ground, backup, "a checkpoint and backup, no room", rig.Shim.FULL, True)
    sweep(ground, backup, "a checkpoint and backup, death", rig.Shim.KILL)


rig.run(main)
