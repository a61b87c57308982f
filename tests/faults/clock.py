#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The wall clock of the real server jumps, by hours, days and a year, forward and back, under load and
between two lives: answers go on, nothing is lost, nothing is said twice."""
import time

import rig

options = rig.arguments(__doc__)
from load import Load  # noqa: E402
from model import Model  # noqa: E402

HOUR, DAY = 3600, 86400
JUMPS = (HOUR, -HOUR, DAY, -DAY, 400 * DAY, -400 * DAY, 0)
LIVES = (-DAY, -2 * DAY, 30 * DAY, 0)


def go_on(model, load, when):
    """Answers keep coming, soon and many."""
    began, answers = time.monotonic(), model.answers
    while model.answers < answers + 100:
        rig.must(time.monotonic() < began + 10, f"no answers after {when}")
        time.sleep(0.01)
    rig.must(not load.complaints and not load.refusals, f"{when}: {load.complaints[:3]} {load.refusals}")
    return time.monotonic() - began


def judge(model, server, when):
    found = model.compare(server.address)
    rig.must(not found.faults(), f"{when}: " + "; ".join(found.faults()[:5]))


def main(folder):
    model, shim, slowest = Model(), rig.Shim(options.program, folder + "/data"), 0
    server = rig.Server(options.program, folder, shim=shim).must_listen()
    load = Load(server.address, model)
    go_on(model, load, "the start")
    for jump in JUMPS:
        shim.clock_us = jump * 1000000
        slowest = max(slowest, go_on(model, load, f"a jump to {jump} s"))
    load.stop()
    judge(model, server, "after all jumps")
    before = 0
    for jump in LIVES:
        load = Load(server.address, model)
        go_on(model, load, "a life")
        server.kill()
        load.stop()
        shim.clock_us = jump * 1000000
        if jump > before:  # what is remembered for minutes, and what is parked for days, has expired
            model.keyed, model.decided, model.parked = [], {}, {}
        before = jump
        server = rig.Server(options.program, folder, shim=shim).must_listen()
        judge(model, server, f"a life that begins {jump} s from now")
    rig.must(server.stop() == 0, "the server did not end well")
    print(f"{len(JUMPS)} jumps under load, {len(LIVES)} between lives: {model.answers} answers, 0 lost; 100 more "
          f"answers at most {slowest:.2f} s after each")


rig.run(main)
