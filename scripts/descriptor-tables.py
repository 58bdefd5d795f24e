#!/usr/bin/env python3
"""Writes the C tables that server reflection answers from: every file of a descriptor set with what it imports, and every
name that the files declare.

    descriptor-tables.py SET FILE.c

It reads protobuf by hand, a few fields of it: Debian's python3 has no protobuf runtime.
"""
import pathlib
import sys

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def fields(data):
    """Number and value of every field of a message."""
    position = 0
    while position < len(data):
        tag, position = varint(data, position)
        number, kind = tag >> 3, tag & 7
        if kind == VARINT:
            value, position = varint(data, position)
        elif kind == BYTES:
            length, position = varint(data, position)
            value, position = data[position:position + length], position + length
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
            value, position = data[position:position + length], position + length
        else:
            sys.exit(f"error: field {number} has wire type {kind}, which no descriptor has")
        yield number, value


def all_of(data, number):
    return [value for found, value in fields(data) if found == number]


def text(data, number):
    return next((value.decode() for value in all_of(data, number)), "")


def joined(scope, name):
    return f"{scope}.{name}" if scope else name


def enum_names(scope, enum):
    yield joined(scope, text(enum, 1))
    for value in all_of(enum, 2):
        # Values are named beside their enum, not within it.
        yield joined(scope, text(value, 1))


def message_names(scope, message):
    name = joined(scope, text(message, 1))
    yield name
    for member in all_of(message, 2) + all_of(message, 8):
        yield joined(name, text(member, 1))
    for nested in all_of(message, 3):
        yield from message_names(name, nested)
    for enum in all_of(message, 4):
        yield from enum_names(name, enum)


def symbols(file):
    package = text(file, 2)
    for message in all_of(file, 4):
        yield from message_names(package, message)
    for enum in all_of(file, 5):
        yield from enum_names(package, enum)
    for service in all_of(file, 6):
        name = joined(package, text(service, 1))
        yield name
        for method in all_of(service, 2):
            yield joined(name, text(method, 1))


def c_bytes(data):
    lines = [", ".join(f"0x{byte:02x}" for byte in data[start:start + 20]) for start in range(0, len(data), 20)]
    return ",\n".join("  " + line for line in lines)


def main():
    descriptor_set, target = pathlib.Path(sys.argv[1]).read_bytes(), sys.argv[2]
    files = all_of(descriptor_set, 1)
    names = [text(file, 1) for file in files]
    imports = [[names.index(name.decode()) for name in all_of(file, 3)] for file in files]
    out = ["/* Made by scripts/generate-proto from proto/. Not to be edited. */", '#include "descriptors.h"', ""]
    for index, file in enumerate(files):
        out += [f"static const uint8_t file_{index}[] = {{", c_bytes(file), "};"]
        # Indices of files, ended by -1.
        out += [f"static const int imports_{index}[] = {{ {', '.join(map(str, imports[index] + [-1]))} }};", ""]
    out += ["const CChurnProtoFile cchurnproto_files[] = {"]
    out += [f'  {{ "{name}", file_{index}, sizeof file_{index}, imports_{index} }},' for index, name in enumerate(names)]
    out += ["};", f"const int cchurnproto_file_count = {len(files)};", ""]
    table = sorted((symbol, index) for index, file in enumerate(files) for symbol in symbols(file))
    out += ["const CChurnProtoSymbol cchurnproto_symbols[] = {"]
    out += [f'  {{ "{symbol}", {index} }},' for symbol, index in table]
    out += ["};", f"const int cchurnproto_symbol_count = {len(table)};", ""]
    pathlib.Path(target).write_text("\n".join(out))


if __name__ == "__main__":
    main()
