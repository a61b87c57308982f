#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A disk that fills up under the server, is cleared, fills again, and is full when the server dies:
writes are refused in clear words, reading goes on, and nothing that was answered is missing."""
import os
import time
import urllib.request

import rig

options = rig.arguments(__doc__)
from load import Load  # noqa: E402
from model import Model, channel_to, read_all  # noqa: E402
import state_sync_pb2_grpc as rpc  # noqa: E402


def fill(disk):
    """Every byte that is left; the file is rewritten as long as others give some back."""
    with open(disk.at + "/filler", "ab", buffering=0) as filler:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    filler.write(b"\xa5" * size)
            except OSError:
                pass


def clear(disk):
    os.unlink(disk.at + "/filler")


def words_of(load):
    texts = [text for _, text in load.refusals] + [load.last_refusal]
    return [text for text in texts if "disk is full" in text]


def wait(seconds, what, done):
    end = time.monotonic() + seconds
    while not done():
        rig.must(time.monotonic() < end, f"not within {seconds} s: {what}")
        time.sleep(0.05)


def until_refused(disk, load):
    def refused():
        fill(disk)
        return words_of(load)

    load.refusals.clear()
    load.last_refusal = ""
    began = time.monotonic()
    wait(30, "writes refused with \"the disk is full\"", refused)
    return time.monotonic() - began


def must_read(server, model):
    """Snapshots and health while nothing can be written. Nothing that was answered is missing."""
    with model.lock:
        told = {name: cell.version for name, cell in model.cells.items()}
    with channel_to(server.address) as channel:
        standing = read_all(rpc.StateSyncServiceStub(channel), model)
    missing = [name for name, version in told.items() if standing.get(name, (0,))[0] < version]
    rig.must(not missing, f"read on a full disk: {missing[:3]} are missing")
    health = urllib.request.urlopen(f"http://{server.http}/healthz", timeout=5)
    rig.must(health.status == 200, "health on a full disk")


def must_write_again(model, load):
    began, answers = time.monotonic(), model.answers
    wait(30, "writes after room was made", lambda: model.answers > answers + 100)
    rig.must(not load.complaints, f"{load.complaints[:3]}")
    return time.monotonic() - began


def judge(model, server, when):
    found = model.compare(server.address)
    rig.must(not found.faults(), f"{when}: " + "; ".join(found.faults()[:5]))


def main(folder):
    model, data = Model(), folder + "/disk/data"
    disk = rig.Disk(folder, 64, "tmpfs")
    server = rig.Server(options.program, folder, data).must_listen()
    load = Load(server.address, model, patient=True, heavy=True)
    time.sleep(1)
    refused_in = until_refused(disk, load)
    text = words_of(load)[0]
    must_read(server, model)
    time.sleep(1)
    clear(disk)
    again_in = must_write_again(model, load)
    load.stop()
    judge(model, server, "after room was made")

    load = Load(server.address, model, patient=True, heavy=True)
    time.sleep(0.5)
    until_refused(disk, load)
    must_read(server, model)
    server.kill()
    load.stop()
    server = rig.Server(options.program, folder, data, seconds=20)
    started = server.address is not None
    if started:
        must_read(server, model)
    else:
        rig.must(server.ended(5) is not None and "full" in server.said(),
                 "a start on a full disk: " + server.said())
        said = server.said().strip()
    server.kill()
    clear(disk)
    server = rig.Server(options.program, folder, data).must_listen()
    judge(model, server, "restarted with room")
    rig.must(server.stop() == 0, "the server did not end well")
    print(f"a full disk: refused within {refused_in:.1f} s (\"{text}\"), reading went on, writing again "
          f"{again_in:.1f} s after room was made; {model.answers} answers, 0 lost, also after kill -9 on a "
          f"full disk; a start there " + ("succeeded" if started else f"was refused: {said}"))


rig.run(main)
