#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds our codec against protobuf's own: the tables against the descriptors of proto/, and random
messages in both directions.

usage: check_messages.py DESCRIPTOR_SET ROUNDTRIP [MESSAGES [SEED]]
"""
import json
import random
import struct
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto
TYPES = {value: name[len("TYPE_"):].lower() for name, value in FIELD.Type.items()}
TEXTS = ["", "a", "position", "größe", "\U0001f600", "a" * 127, "a" * 128,
         "\x00\n\"\\", "é" * 70]
NUMBERS = [0, 1, 2, 127, 128, 255, 300, 16383, 16384, 2**31 - 1, 2**31, 2**32 - 1]
WIDE = NUMBERS + [2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1]
FLOATS = [0.0, -0.0, 1.0, -1.5, 0.1, 1e-30, 3e38, float("inf"), float("-inf"), float("nan")]


def load(path):
    """The message classes of the descriptor set by full name."""
    with open(path, "rb") as file:
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read()).file
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    return {f"{file.package}.{message.name}": message_factory.MessageFactory(pool).GetPrototype(
        pool.FindMessageTypeByName(f"{file.package}.{message.name}"))
        for file in files for message in file.message_type}


# ---- tables --------------------------------------------------------------------------------------


def is_map(field):
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def described(descriptor):
    """The lines that `roundtrip tables` ought to print for a message."""
    yield descriptor.name
    for field in sorted(descriptor.fields, key=lambda field: field.number):
        kind = TYPES[field.type]
        if is_map(field):
            kind = "map"
        elif kind == "message":
            kind = field.message_type.name
        if field.label == field.LABEL_REPEATED and kind != "map":
            kind = "repeated-" + kind
        values = [f"{value.name}={value.number}" for value in field.enum_type.values] \
            if field.enum_type else []
        yield " ".join([descriptor.name, str(field.number), kind, field.name] + values)


def check_tables(classes, program):
    ours = set(subprocess.run([program, "tables"], capture_output=True, check=True,
                              text=True).stdout.splitlines())
    theirs = {line for each in classes.values() for line in described(each.DESCRIPTOR)}
    for line in sorted(theirs - ours):
        print("in proto/ but not in message_list.h:", line)
    for line in sorted(ours - theirs):
        print("in message_list.h but not in proto/:", line)
    return ours == theirs


# ---- random messages -----------------------------------------------------------------------------


def random_bytes(draw):
    return draw.randbytes(draw.choice([0, 1, 2, 3, 8, 50, 127, 128, 300]))


def random_scalar(draw, field):
    kind = TYPES[field.type]
    if kind in ("fixed64", "uint64"):
        return draw.choice(WIDE)
    if kind == "int64":
        return draw.choice(WIDE) - 2**63
    if kind == "uint32":
        return draw.choice(NUMBERS)
    if kind == "int32":
        return draw.choice(NUMBERS) - 2**31
    if kind == "enum":
        return draw.choice([value.number for value in field.enum_type.values] + [99, -1])
    if kind == "float":
        return struct.unpack("<f", struct.pack("<f", draw.choice(FLOATS)))[0]
    return {"bool": lambda: draw.random() < 0.5, "string": lambda: draw.choice(TEXTS),
            "bytes": lambda: random_bytes(draw)}[kind]()


def fill(draw, message, depth=0):
    for field in message.DESCRIPTOR.fields:
        if draw.random() < 0.4 or (depth > 3 and field.message_type):
            continue
        if is_map(field):
            for _ in range(draw.randrange(4)):
                getattr(message, field.name)[draw.choice(TEXTS)] = draw.choice(NUMBERS)
        elif field.label == field.LABEL_REPEATED:
            for _ in range(draw.randrange(4)):
                if field.message_type:
                    fill(draw, getattr(message, field.name).add(), depth + 1)
                else:
                    getattr(message, field.name).append(random_scalar(draw, field))
        elif field.message_type:
            getattr(message, field.name).SetInParent()
            fill(draw, getattr(message, field.name), depth + 1)
        else:
            setattr(message, field.name, random_scalar(draw, field))
    return message


def ask(program, questions):
    text = "".join(f"{name} {wire.hex()}\n" for name, wire in questions)
    answers = subprocess.run([program], input=text, capture_output=True, check=True,
                             text=True, encoding="utf-8").stdout.split("\n")[:-1]
    assert len(answers) == len(questions), (len(answers), len(questions))
    return [answer.split(" ", 1) for answer in answers]


def same(a, b):
    """Equality of messages in which NaN equals NaN."""
    return a.SerializeToString(deterministic=True) == b.SerializeToString(deterministic=True)


def check_random(classes, program, count, seed):
    draw = random.Random(seed)
    names = sorted(classes)
    messages = [fill(draw, classes[draw.choice(names)]()) for _ in range(count)]
    answers = ask(program, [(each.DESCRIPTOR.name, each.SerializeToString()) for each in messages])
    for message, (wire, text) in zip(messages, answers):
        name = message.DESCRIPTOR.full_name
        if wire == "!":
            return f"{name} refused: {text}\n{message}"
        theirs, ours = message.SerializeToString(), bytes.fromhex(wire)
        if ours != theirs:
            return f"{name} re-encoded\n{theirs.hex()} as\n{ours.hex()}"
        # The other direction: what we wrote, and what we printed, read by protobuf.
        if not same(type(message).FromString(ours), message):
            return f"{name}: our bytes mean something else\n{message}"
        if not same(json_format.Parse(text, type(message)()), message):
            return f"{name}: our JSON means something else\n{text}\n{message}"
        if set(json.loads(text)) != {field.name for field, _ in message.ListFields()}:
            return f"{name}: other names in {text}"
    return None


def check_mutated(classes, program, count, seed):
    """Damaged bytes: protobuf may be more lenient, but what both accept means the same."""
    draw = random.Random(seed)
    names = sorted(classes)
    questions = []
    for _ in range(count):
        message = classes[draw.choice(names)]
        wire = bytearray(fill(draw, message()).SerializeToString())
        for _ in range(draw.randrange(1, 4)):
            if wire:
                wire[draw.randrange(len(wire))] = draw.randrange(256)
        questions.append((message, bytes(wire)))
    answers = ask(program, [(message.DESCRIPTOR.name, wire) for message, wire in questions])
    accepted = 0
    for (message, wire), (ours, _) in zip(questions, answers):
        try:
            theirs = message.FromString(wire)
        except Exception:  # the class differs between the implementations of protobuf
            if ours != "!":
                return f"{message.DESCRIPTOR.name}: protobuf refuses what we accept: {wire.hex()}"
            continue
        if ours == "!" or uses_oneof(message.DESCRIPTOR):
            continue
        accepted += 1
        theirs.DiscardUnknownFields()
        if not same(message.FromString(bytes.fromhex(ours)), theirs):
            return f"{message.DESCRIPTOR.name}: not what protobuf reads: {wire.hex()}\n{ours}"
    print(f"{accepted} of {count} damaged messages were accepted by both")
    return None if accepted else "no damaged message was accepted by both"


def uses_oneof(descriptor):
    """We keep every member of a oneof, protobuf the last one."""
    return bool(descriptor.oneofs) or any(field.message_type and field.message_type.oneofs
                                          for field in descriptor.fields)


def main():
    path, program = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 3000
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    classes = load(path)
    good = check_tables(classes, program)
    for check in (check_random, check_mutated):
        failure = check(classes, program, count, seed)
        if failure:
            print(f"{check.__name__} (seed {seed}): {failure}")
            good = False
    print(f"{len(classes)} messages, {count} random ones twice, seed {seed}")
    return 0 if good else 1


sys.exit(main())
