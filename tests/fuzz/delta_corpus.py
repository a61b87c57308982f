#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the fuzzer's first inputs for the delta codec anew, when its packets have changed:
delta_corpus.py STATESYNC TRACES FOLDER. Short pieces of recorded traces, packed by the program."""
import pathlib
import struct
import subprocess
import sys
import tempfile

program, traces, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
IDS, TICKS = 40, 60  # the first is that of fuzz_delta.c
SOURCES = [("players", "qw_4on4_dm2"), ("arena", "oa_A_ffa23_rpg3dm2"), ("cubes", "cubes_1_1800"),
           ("asteroids", "asteroids_seed1"), ("exact", "qw_4on4_dm2"), ("exact_arena", "oa_A_ffa23_rpg3dm2")]


def piece(source, first):
    """TICKS ticks of the trace from `first` on, the first IDS ids only."""
    raw = subprocess.run(["zstd", "-dc", source], check=True, capture_output=True).stdout
    head = list(struct.unpack("<4sIIIIfII", raw[:32]))
    out, at = [], 32
    for tick in range(first + TICKS):
        _, count = struct.unpack_from("<II", raw, at)
        records = [raw[at + 8 + 52 * i:at + 60 + 52 * i] for i in range(count)]
        kept = [record for record in records if struct.unpack_from("<H", record)[0] < IDS]
        if tick >= first:
            out.append(raw[at:at + 4] + struct.pack("<I", len(kept)) + b"".join(kept))
        at += 8 + 52 * count
    head[1], head[2] = TICKS, IDS
    return struct.pack("<4sIIIIfII", *head) + b"".join(out)


def packed(trace, mode, exact):
    with tempfile.TemporaryDirectory() as place:
        source, target = pathlib.Path(place, "piece.stt"), pathlib.Path(place, "pack")
        source.write_bytes(trace)
        subprocess.run([program, "delta", "pack", "--mode", mode, *exact, source, target], check=True,
                       capture_output=True)
        return target.read_bytes()


def items(pack):
    at = 0
    while at < len(pack):
        size, = struct.unpack_from("<I", pack, at)
        yield pack[at + 4:at + 4 + size]
        at += 4 + size


for profile, (name, source) in enumerate(SOURCES):
    exact = ["--exact"] if name.startswith("exact") else []
    trace = piece(traces / (source + ".stt.zst"), 300)
    for number, mode in enumerate(["acked", "stream"]):
        pack = packed(trace, mode, exact)
        packets = list(items(pack))[1:]
        link = b"".join(struct.pack("<H", len(packet)) + packet for packet in packets if len(packet) < 4096)
        (folder / f"packets_{name}_{mode}").write_bytes(bytes([2 * profile + number]) + link)
        if name == "players":
            (folder / f"pack_players_{mode}").write_bytes(b"\xff" + pack)
            (folder / f"pack_begin_{mode}").write_bytes(b"\xff" + pack[:3000])
