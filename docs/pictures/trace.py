#!/usr/bin/env python3
"""Prints how a real writer handles small writes with a slow drain: docs/pictures/trace.py

The trace is the data of `coalescing.svg`; `coalescing.json` is its committed copy.
"""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITE, DRAIN, TURNS = 1000, 400, 40


def run(coalescing):
    """Returns the views of a session after each turn."""
    script = [f"coalescing {coalescing}", f"write {WRITE}", f"drain {DRAIN}", *["turn"] * TURNS]
    command = ["cargo", "run", "-q", "-p", "play"]
    printed = subprocess.run(
        command, input="\n".join(script), cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    views = [json.loads(line) for line in printed.splitlines()][-TURNS:]
    records = [record[1:4:2] for record in views[-1]["buffer"]]
    return {
        "buffer": [[view["waiting"], view["current"]] for view in views],
        "records": list(left(views)) + records,
    }


def left(views):
    """Returns the content and wire length of each record that has been sent."""
    seen = 0
    for view in views:
        gone = view["records"] - len(view["buffer"])
        for record in view["left"][len(view["left"]) - (gone - seen) :]:
            yield record[1:4:2]
        seen = gone


if __name__ == "__main__":
    trace = {"write": WRITE, "drain": DRAIN, "on": run("on"), "off": run("off")}
    print(json.dumps(trace, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"'))
