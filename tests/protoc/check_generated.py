# SPDX-License-Identifier: Apache-2.0
"""What `statesync schema generate` writes compiles without a warning, and reads and writes what protobuf's own
library does: random messages, pieces, unknown fields, and damaged bytes.
usage: check_generated.py STATESYNC SOURCE_ROOT C_COMPILER CPP_COMPILER|none [COUNT [SEED]]"""
import os
import random
import shlex
import struct
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

program, root, cc, cxx = sys.argv[1:5]
count = int(sys.argv[5]) if len(sys.argv) > 5 else 2000
seed = int(sys.argv[6]) if len(sys.argv) > 6 else 1
here = os.path.dirname(os.path.abspath(__file__))
samples = os.path.join(root, "src", "schema", "samples")
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-g", "-O1"]


def build(folder):
    both = os.path.join(folder, "both.desc")
    subprocess.run(["protoc", "-I", samples, "-I", os.path.join(root, "proto"), "--include_imports", "-o", both,
                    "everything.proto", "old.proto"], check=True)
    programs = []
    for language, compiler, suffix, standard in (("c", cc, "c", "-std=c11"), ("cpp", cxx, "cpp", "-std=c++17")):
        if compiler == "none":
            continue
        header = os.path.join(folder, "samples.h" if language == "c" else "samples.hpp")
        subprocess.run([program, "schema", "generate", "--lang", language, "--out", header, both], check=True)
        target = os.path.join(folder, "try_" + language)
        subprocess.run([*shlex.split(compiler), standard, *WARNINGS, "-I", folder, "-I", here,
                        os.path.join(here, "generated." + suffix), "-o", target], check=True)
        programs.append(target)
    return both, programs


def load(path):
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as file:
        files.ParseFromString(file.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return {name: factory.GetPrototype(pool.FindMessageTypeByName("sample." + name))
            for name in ("Everything", "Merged", "Inner", "Old")}


def value_of(draw, field):
    kinds = {
        field.TYPE_DOUBLE: lambda: draw.choice([0.0, -0.0, 1.5, -1e300, 3.25]),
        field.TYPE_FLOAT: lambda: struct.unpack("<f", struct.pack("<f", draw.choice([0, 1.5, -1e30])))[0],
        field.TYPE_BOOL: lambda: draw.random() < 0.5,
        field.TYPE_STRING: lambda: draw.choice(["", "a", "knight", "\u00e4" * 70]),
        field.TYPE_BYTES: lambda: draw.randbytes(draw.choice([0, 1, 130])),
        field.TYPE_ENUM: lambda: draw.choice([0, 1, 2]),
    }
    if field.type in kinds:
        return kinds[field.type]()
    wide = field.cpp_type in (field.CPPTYPE_INT64, field.CPPTYPE_UINT64)
    signed = field.cpp_type in (field.CPPTYPE_INT32, field.CPPTYPE_INT64)
    bits = 64 if wide else 32
    top = 2**(bits - 1) if signed else 2**bits
    return draw.choice([0, 1, 127, 128, top - 1] + ([-1, -top] if signed else []))


def fill(draw, message, depth=0):
    for field in message.DESCRIPTOR.fields:
        is_map = field.message_type and field.message_type.GetOptions().map_entry
        if field.label != field.LABEL_REQUIRED and (draw.random() < 0.5 or (depth > 2 and field.message_type)):
            continue
        if is_map:
            key, value = field.message_type.fields
            for _ in range(draw.randrange(3)):
                if value.message_type:
                    fill(draw, getattr(message, field.name)[value_of(draw, key)], depth + 1)
                else:
                    getattr(message, field.name)[value_of(draw, key)] = value_of(draw, value)
        elif field.label == field.LABEL_REPEATED:
            for _ in range(draw.randrange(4)):
                if field.message_type:
                    fill(draw, getattr(message, field.name).add(), depth + 1)
                else:
                    getattr(message, field.name).append(value_of(draw, field))
        elif field.message_type:
            getattr(message, field.name).SetInParent()
            fill(draw, getattr(message, field.name), depth + 1)
        else:
            setattr(message, field.name, value_of(draw, field))
    return message


def without_maps(message):
    """A key that stands in two pieces is more than the library here can compare."""
    for field, value in list(message.ListFields()):
        if not field.message_type:
            continue
        if field.message_type.GetOptions().map_entry:
            message.ClearField(field.name)
        else:
            for each in value if field.label == field.LABEL_REPEATED else [value]:
                without_maps(each)
    return message


def varied(draw, wire, cls):
    """The same message in another legal spelling, or with more in it."""
    kind = draw.randrange(4)
    if kind == 0:
        piece = without_maps(fill(draw, cls()))
        return wire + piece.SerializeToString()  # two pieces: protobuf merges them
    if kind == 1:
        return wire + b"\xa2\x38\x03new\xa8\x38\x07"          # fields of a newer schema
    return wire


def damaged(draw, wire):
    wire = bytearray(wire)
    for _ in range(draw.randrange(1, 4)):
        if wire:
            wire[draw.randrange(len(wire))] = draw.randrange(256)
    return bytes(wire[:draw.randrange(len(wire) + 1)]) if draw.random() < 0.3 else bytes(wire)


def ask(target, questions):
    text = "".join(f"{name} {wire.hex()}\n" for name, wire in questions)
    answers = subprocess.run([target], input=text, capture_output=True, text=True)
    assert answers.returncode == 0, (target, answers.returncode, answers.stderr[-4000:])
    lines = answers.stdout.split("\n")[:-1]
    assert len(lines) == len(questions), (target, len(lines), len(questions))
    return lines


def same(a, b):
    return a.SerializePartialToString(deterministic=True) == b.SerializePartialToString(deterministic=True)


def main():
    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path, programs = build(folder)
        classes = load(path)
        names = sorted(classes)
        good, bad = [], []
        for _ in range(count):
            name = draw.choice(names)
            wire = fill(draw, classes[name]()).SerializeToString()
            good.append((name, varied(draw, wire, classes[name])))
            bad.append((name, damaged(draw, wire)))
        for target in programs:
            for (name, wire), line in zip(good, ask(target, good)):
                assert line != "!", (target, name, wire.hex())
                assert same(classes[name].FromString(bytes.fromhex(line)), classes[name].FromString(wire)), \
                    (target, name, wire.hex(), line)
            accepted = sum(line != "!" for line in ask(target, bad))
            assert 0 < accepted < count
            print(f"{os.path.basename(target)}: {count} messages, {accepted} of {count} damaged ones accepted")


main()
