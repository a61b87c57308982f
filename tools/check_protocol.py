#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds PROTOCOL.md against the descriptors of proto/, and its examples against its own tables.

From the document come the packages, the tables of messages, enumerations and services, and the
examples; they must say what the descriptor set says, nothing more and nothing less. The examples
are decoded here with no other knowledge than those tables.

usage: check_protocol.py PROTOCOL.md DESCRIPTOR_SET
"""
import json
import re
import struct
import sys

from google.protobuf import descriptor_pb2

FIELD = descriptor_pb2.FieldDescriptorProto
HEADING = re.compile(r"^### (message|enum|service) `([\w.]+)`$")
CELL = re.compile(r"`([^`]*)`")
WIRE_TYPES = {"fixed64": 1, "float": 5, "uint32": 0, "uint64": 0, "int32": 0, "int64": 0, "bool": 0}


class Wrong(Exception):
    pass


# ---- the document --------------------------------------------------------------------------------


class Document:
    def __init__(self, text):
        self.same = {}        # package -> the package whose messages it repeats
        self.packages = set()
        self.tables = {"message": {}, "enum": {}, "service": {}}
        self.examples = []    # (line number, message, lines)
        table, example = None, None
        for number, line in enumerate(text.splitlines(), 1):
            heading = HEADING.match(line)
            if example is not None:
                example = self.example_line(example, line)
            elif line.startswith("```hex "):
                example = (number, line.split()[1], [])
            elif heading:
                table = self.begin_table(*heading.groups())
            elif line.startswith("#"):
                table = None
            elif line.startswith("| `") and ".proto` |" in line:
                self.package_row(line)
            elif line.startswith("| ") and table is not None:
                self.table_row(table, line)

    def begin_table(self, kind, name):
        if name in self.tables[kind]:
            raise Wrong(f"{name} is described twice")
        self.tables[kind][name] = {}
        return kind, self.tables[kind][name]

    def table_row(self, table, line):
        kind, rows = table
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        quoted = [found.group(1) for found in map(CELL.fullmatch, cells) if found]
        if kind == "service" and len(quoted) >= 3:
            rows[quoted[0]] = (quoted[1], quoted[2])
        elif kind != "service" and cells[0].isdigit():
            if int(cells[0]) in rows or not cells[-1]:
                raise Wrong(f"a number twice, or without a meaning: {line}")
            rows[int(cells[0])] = tuple(quoted[:2] if kind == "message" else quoted[:1])

    def package_row(self, line):
        names = CELL.findall(line)
        self.packages.add(names[0])
        if "same as" in line:
            self.same[names[0]] = names[-1]

    def example_line(self, example, line):
        if line == "```":
            self.examples.append(example)
            return None
        example[2].append(line)
        return example


# ---- the descriptors -----------------------------------------------------------------------------


def short(name, package):
    """How the document writes a type in `package`: without it, nested ones by their last name."""
    name = name.lstrip(".")
    return name.split(".")[-1] if name.startswith(package + ".") else name


def field_type(field, message, package):
    maps = {nested.name: nested for nested in message.nested_type if nested.options.map_entry}
    last = field.type_name.split(".")[-1]
    if last in maps:
        key, value = (FIELD.Type.Name(each.type)[5:].lower() for each in maps[last].field)
        return f"map<{key}, {value}>"
    kind = short(field.type_name, package) if field.type_name \
        else FIELD.Type.Name(field.type)[5:].lower()
    return "repeated " + kind if field.label == FIELD.LABEL_REPEATED else kind


def method_type(name, streaming, package):
    return ("stream " if streaming else "") + short(name, package)


def described(files, document):
    """The tables that the document ought to hold."""
    tables = {"message": {}, "enum": {}, "service": {}}
    for file in files:
        package = file.package
        if package not in document.packages:
            raise Wrong(f"package {package} is not in the table of packages")
        enums = [(f"{package}.{each.name}", each) for each in file.enum_type]
        for message in file.message_type:
            name = f"{package}.{message.name}"
            tables["message"][name] = {
                field.number: (field.name, field_type(field, message, package))
                for field in message.field}
            enums += [(f"{name}.{each.name}", each) for each in message.enum_type]
        for name, each in enums:
            tables["enum"][name] = {value.number: (value.name,) for value in each.value}
        for service in file.service:
            tables["service"][f"{package}.{service.name}"] = {
                method.name: (method_type(method.input_type, method.client_streaming, package),
                              method_type(method.output_type, method.server_streaming, package))
                for method in service.method}
    return tables


def with_repeated_packages(document):
    """The document's tables, those of packages that are the `same as` another spelled out."""
    tables = {kind: dict(named) for kind, named in document.tables.items()}
    for package, model in document.same.items():
        for named in tables.values():
            for name, rows in list(named.items()):
                if name.startswith(model + "."):
                    named[package + name[len(model):]] = rows
    return tables


def row_differences(name, ours, theirs):
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        if ours.get(key) != theirs.get(key):
            yield f"{name} {key}: PROTOCOL.md says {ours.get(key)}, proto/ {theirs.get(key)}"


def differences(ours, theirs):
    for kind in ours:
        for name in sorted(ours[kind].keys() | theirs[kind].keys()):
            if name not in ours[kind]:
                yield f"{kind} {name} is not in PROTOCOL.md"
            elif name not in theirs[kind]:
                yield f"{kind} {name} is not in proto/"
            else:
                yield from row_differences(name, ours[kind][name], theirs[kind][name])


# ---- the examples --------------------------------------------------------------------------------


class Decoder:
    """Reads messages by the document's tables."""

    def __init__(self, tables):
        self.tables = tables

    def named(self, kind, name, package):
        full = name if "." in name else f"{package}.{name}"
        nested = [each for each in self.tables[kind] if each.startswith(package + ".")
                  and each.endswith("." + name)]
        return full if full in self.tables[kind] else nested[0] if nested else None

    def message(self, name, data):
        package = name.rsplit(".", 1)[0]
        fields, result = self.tables["message"][name], {}
        while data:
            tag, data = varint(data)
            if tag >> 3 not in fields:
                raise Wrong(f"{name} has no field {tag >> 3}")
            field, kind = fields[tag >> 3]
            value, data = self.value(kind, tag & 7, data, package)
            if kind.startswith("map<"):
                result.setdefault(field, {}).update(value)
            elif kind.startswith("repeated "):
                result.setdefault(field, []).append(value)
            else:
                result[field] = value
        return result

    def value(self, kind, wire, data, package):
        kind = kind.removeprefix("repeated ")
        enum = self.named("enum", kind, package)
        if wire != WIRE_TYPES.get(kind, 0 if enum else 2):
            raise Wrong(f"wire type {wire} for {kind}")
        if wire == 1:
            return struct.unpack("<Q", data[:8])[0], data[8:]
        if wire == 5:
            return struct.unpack("<f", data[:4])[0], data[4:]
        number, data = varint(data)
        if enum:
            return self.tables["enum"][enum][number][0], data
        if wire == 0:
            return signed(number, kind), data
        if number > len(data):
            raise Wrong(f"a {kind} is cut short")
        return self.content(kind, data[:number], package), data[number:]

    def content(self, kind, data, package):
        if kind in ("string", "bytes"):
            return data.decode("utf-8")
        if kind.startswith("map<"):
            return map_entry(data)
        return self.message(self.named("message", kind, package), data)


def varint(data):
    value = 0
    for index, byte in enumerate(data):
        value |= (byte & 0x7f) << (7 * index)
        if byte < 0x80:
            return value, data[index + 1:]
    raise Wrong("a varint is cut short")


def signed(number, kind):
    if kind == "bool":
        return number != 0
    return number - 2**64 if kind.startswith("int") and number >= 2**63 else number


def map_entry(data):
    """Of the one kind there is: string to uint32."""
    if data[0] != 0x0a:
        raise Wrong("a map's entry begins with its key")
    size, data = varint(data[1:])
    key, data = data[:size].decode("utf-8"), data[size:]
    if data[0] != 0x10:
        raise Wrong("a map's entry ends with its value")
    value, data = varint(data[1:])
    return {key: value}


def example_fields(lines):
    """(bytes, what they say) of each field; bytes may run over several lines."""
    data = b""
    for line in lines:
        digits, _, says = (part.strip() for part in line.partition("  "))
        data += bytes.fromhex(digits)
        if says:
            yield data, says
            data = b""
    if data:
        raise Wrong("the last bytes of an example say nothing")


def check_example(decoder, name, lines):
    (prefix, frame), *fields = list(example_fields(lines))
    body = b"".join(data for data, _ in fields)
    if frame != f"frame: {len(body)} bytes" or prefix != struct.pack(">BI", 0, len(body)):
        raise Wrong(f"the frame does not fit its {len(body)} bytes")
    for data, says in fields:
        field, value = says.split(" = ", 1)
        if decoder.message(name, data) != {field: json.loads(value)}:
            raise Wrong(f"{says}: the bytes say {decoder.message(name, data)}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = Document(file.read())
    with open(sys.argv[2], "rb") as file:
        files = descriptor_pb2.FileDescriptorSet.FromString(file.read()).file
    tables = with_repeated_packages(document)
    wrong = list(differences(tables, described(files, document)))
    decoder = Decoder(tables)
    for number, name, lines in document.examples:
        try:
            check_example(decoder, name, lines)
        except (Wrong, KeyError, ValueError, IndexError) as error:
            wrong.append(f"example in line {number}: {error}")
    if not document.examples:
        wrong.append("there are no examples")
    print("\n".join(wrong) if wrong else f"{sum(map(len, tables.values()))} tables and "
                                         f"{len(document.examples)} examples agree with proto/")
    return 1 if wrong else 0


sys.exit(main())
