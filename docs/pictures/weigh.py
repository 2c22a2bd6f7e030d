#!/usr/bin/env python3
"""Measures what an idle connection holds: docs/pictures/weigh.py MACHINE >docs/pictures/memory.json

It runs `cargo bench -p benches --bench memory`; MACHINE is what to call this one.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# The benchmark's rows, with their names in the picture.
ROWS = {
    "Connection, client Retain": ("wantwrite", "Retain"),
    "Connection, client Release": ("wantwrite", "Release"),
    "Connection, client Pool": ("wantwrite", "Pool"),
    "Connection, client shrink()": ("wantwrite", "after shrink()"),
    "rustls, client": ("rustls", "rustls, buffered"),
}


def measured():
    command = ["cargo", "bench", "-q", "-p", "benches", "--bench", "memory"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for line in printed.splitlines():
        row = re.fullmatch(r"(.+?)\s{1,}(\d+)\s+\d+\s+\d+\s+(\d+)\s+\d+", line.strip())
        if row and row[1] in ROWS:
            of, name = ROWS[row[1]]
            yield {"of": of, "name": name, "bytes": int(row[2]) + int(row[3])}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = list(measured())
    assert len(rows) == len(ROWS), rows
    connection = "TLS 1.3, AES-128-GCM"
    print(json.dumps({"machine": sys.argv[1], "connection": connection, "rows": rows}, indent=1))
