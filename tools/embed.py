#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a file into a C array: const unsigned char NAME[] and const unsigned long NAME_size.

usage: embed.py NAME INPUT OUTPUT
"""
import sys


def array(name, data):
    yield "/* Made by tools/embed.py. */\n"
    yield f"extern const unsigned char {name}[];\nextern const unsigned long {name}_size;\n"
    yield f"const unsigned char {name}[] = {{\n"
    for start in range(0, len(data), 16):
        yield "    " + ", ".join(f"0x{byte:02x}" for byte in data[start:start + 16]) + ",\n"
    if not data:
        yield "    0, /* empty: C has no array of nothing */\n"
    yield f"}};\nconst unsigned long {name}_size = {len(data)};\n"


def main():
    name, source, target = sys.argv[1:]
    with open(source, "rb") as file:
        data = file.read()
    with open(target, "w", encoding="ascii") as file:
        file.writelines(array(name, data))


main()
