#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Cuts a piece out of a recorded match (STT1), thinned and renumbered; needs the program `zstd`.

    tools/cut_trace.py qw_4on4_dm2.stt.zst share/match.stt.zst --start 120 --seconds 60 --every 2

STT1, little-endian, usually inside a zstd frame:

    header    'STT1' | u32 ticks | u32 ids (the highest + 1) | u32 tick_us | u32 rotation kind |
              f32 position quantum (m) | u32 has velocity | u32 0
    tick      u32 time_ms | u32 count | count records
    record    u16 id | u8 kind (1: player) | u8 0 | 48 bytes of state
    state     f32 position[3] (m) | f32 velocity[3] (m/s) | f32 rotation[4] | u8 other[8]

Only players are kept; their ids become 0, 1, 2 ... and the clock starts at 0.
"""
import argparse
import struct
import subprocess

HEADER = struct.Struct("<4sIIIIfII")
TICK = struct.Struct("<II")
RECORD = 52
PLAYER = 1


def read_ticks(data):
    """The header's fields, and (time_ms, [record, ...]) of each tick."""
    header = HEADER.unpack_from(data)
    if header[0] != b"STT1":
        raise SystemExit("not an STT1 trace")
    at, ticks = HEADER.size, []
    for _ in range(header[1]):
        time_ms, count = TICK.unpack_from(data, at)
        at += TICK.size
        ticks.append((time_ms, [data[at + i * RECORD : at + (i + 1) * RECORD] for i in range(count)]))
        at += count * RECORD
    return header, ticks


def cut(header, ticks, start, seconds, every):
    first = ticks[0][0] + start * 1000
    chosen = [t for t in ticks if first <= t[0] < first + seconds * 1000][::every]
    numbers, out = {}, []
    for time_ms, records in chosen:
        kept = []
        for record in records:
            number, kind = struct.unpack_from("<HB", record)
            if kind == PLAYER:
                kept.append(struct.pack("<HBB", numbers.setdefault(number, len(numbers)), kind, 0)
                            + record[4:])
        out.append(TICK.pack(int(time_ms - chosen[0][0]), len(kept)) + b"".join(kept))
    head = HEADER.pack(b"STT1", len(out), len(numbers), header[3] * every, *header[4:])
    return head + b"".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--start", type=float, default=0, help="seconds into the match")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=int, default=1, help="keep one tick in so many")
    given = parser.parse_args()
    packed = subprocess.run(["zstd", "-dcq", given.source], check=True, stdout=subprocess.PIPE)
    piece = cut(*read_ticks(packed.stdout), given.start, given.seconds, given.every)
    subprocess.run(["zstd", "-19", "-qfo", given.target], input=piece, check=True)


if __name__ == "__main__":
    main()
