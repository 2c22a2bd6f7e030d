#!/usr/bin/env python3
"""Prints the ABI that a program compiled against the header depends on: the C compiler's sizes and
offsets, the constants, and the functions. Given a shared library, it also checks that the library
exports exactly these functions."""

import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = pathlib.Path(__file__).parent / "include"


def main():
    header = (INCLUDE / "wantwrite.h").read_text()
    header = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    functions = prototypes(header)
    print(layouts(header), end="")
    for name, value in re.findall(r"^#define (WW_\w+) (\S+)$", header, re.MULTILINE):
        print(f"constant {name} = {value}")
    for name, body in bodies("enum", header):
        for variant in body.replace(" ", "").split():
            print(f"enum {name} {variant.rstrip(',').replace('=', ' = ')}")
    for text in re.findall(r"^typedef ([^;{}]*\(\*\w+\)\([^;]*\));", header, re.MULTILINE):
        print(f"callback {flat(text)}")
    for name in sorted(functions):
        print(f"function {functions[name]}")
    if len(sys.argv) > 1:
        compare_symbols(sys.argv[1], set(functions))


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def bodies(kind, header):
    return re.findall(rf"^typedef {kind} (\w+) \{{(.*?)^\}}", header, re.DOTALL | re.MULTILINE)


def prototypes(header):
    """Every function with the types of its parameters, without their names."""
    found = {}
    for result, name, parameters in re.findall(
        r"^((?:const )?(?:enum |struct )?\w+ \*?)(ww_\w+)\(([^;{}]*)\);", header, re.MULTILINE
    ):
        types = [re.sub(r"\w+$", "", flat(one)).strip() for one in parameters.split(",")]
        found[name] = flat(f"{result}{name}({', '.join(types)})")
    return found


def layouts(header):
    """The compiler's layout of the structs."""
    lines = ['#include "wantwrite.h"', "#include <stdio.h>", "int main(void) {"]
    for name, body in bodies("struct", header):
        lines.append(f'printf("struct {name} %zu\\n", sizeof({name}));')
        for declaration in body.split(";"):
            field = re.search(r"(\w+)(\[\w+\])?\s*$", declaration)
            if field:
                place = f"offsetof({name}, {field[1]}), sizeof((({name} *)0)->{field[1]})"
                lines.append(f'printf("  {field[1]} at %zu of %zu\\n", {place});')
    lines.append("}")
    with tempfile.TemporaryDirectory() as directory:
        source, program = pathlib.Path(directory) / "abi.c", pathlib.Path(directory) / "abi"
        source.write_text("\n".join(lines))
        subprocess.run(["cc", "-std=c11", f"-I{INCLUDE}", "-o", program, source], check=True)
        return subprocess.run([program], check=True, capture_output=True, text=True).stdout


def compare_symbols(library, functions):
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True
    )
    exported = {line.split()[-1].split("@")[0] for line in listed.stdout.splitlines()}
    for name in sorted(exported - functions):
        print(f"{library} exports {name}, which the header does not have", file=sys.stderr)
    for name in sorted(functions - exported):
        print(f"{library} does not export {name}", file=sys.stderr)
    if exported != functions:
        sys.exit(1)


main()
