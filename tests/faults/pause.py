#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A server that stands still for seconds (SIGSTOP: a swapped-out machine, a debugger, a moved virtual
machine): calls answer late or end with a deadline, connections live, nothing is lost. Jumps of the clock
are played by the simulator, which owns its clock."""
import signal
import time

import rig

options = rig.arguments(__doc__, rounds=3, pauses=True)
from load import Load  # noqa: E402
from model import Model  # noqa: E402

DEADLINE = 1.5
CLEAN = {"DEADLINE_EXCEEDED"}


def answers_again(model, seconds=10):
    began, answers = time.monotonic(), model.answers
    while model.answers < answers + 50:
        rig.must(time.monotonic() < began + seconds, "no answers after the pause")
        time.sleep(0.01)
    return time.monotonic() - began


def pause(server, model, seconds):
    server.signal(signal.SIGSTOP)
    time.sleep(seconds)
    server.signal(signal.SIGCONT)
    return answers_again(model)


def main(folder):
    model, failed, slowest = Model(), {}, 0
    server = rig.Server(options.program, folder).must_listen()
    pauses = [seconds for _ in range(options.rounds) for seconds in (0.5, DEADLINE * 2)]
    pauses += [30] if options.long else []
    for seconds in pauses:
        load = Load(server.address, model, patient=True, timeout=DEADLINE)
        time.sleep(0.5)
        slowest = max(slowest, pause(server, model, seconds))
        time.sleep(0.3)
        rig.must(seconds > DEADLINE or not load.failed_calls,
                 f"{seconds} s are within every deadline, but: {load.failed_calls}")
        strange = set(load.failed_calls) - CLEAN
        load.stop()
        rig.must(not strange and not load.refusals, f"{strange} {load.refusals}")
        rig.must(not load.complaints, f"{load.complaints[:3]}")
        for name, count in load.failed_calls.items():
            failed[name] = failed.get(name, 0) + count
        found = model.compare(server.address)
        rig.must(not found.faults(), "; ".join(found.faults()[:5]))
    server.kill()
    server = rig.Server(options.program, folder).must_listen()
    found = model.compare(server.address)
    rig.must(not found.faults(), "after kill -9: " + "; ".join(found.faults()[:5]))
    rig.must(server.stop() == 0, "the server did not end well")
    print(f"{len(pauses)} pauses of up to {max(pauses):.1f} s: {model.answers} answers, 0 lost; ended calls: "
          f"{failed or 'none'}; 50 answers within {slowest * 1000:.0f} ms after each")


rig.run(main)
