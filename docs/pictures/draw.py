#!/usr/bin/env python3
"""Draws the pictures: docs/pictures/draw.py [DIRECTORY]

Run it after any change here or of the data. `trace.py` prints `coalescing.json`, and `weigh.py`
measures `memory.json`.
"""

import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
from charts import coalescing, memory
from picture import Picture

HERE = Path(__file__).parent
DIRECTORY = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE


def halves():
    """Draws the two mirrored halves, and what connects them."""
    picture = Picture(
        "halves.svg", 880, 330, "Plaintext becomes records and records become plaintext"
    )
    picture.area(216, 10, 430, 112, "the writing half: Writer")
    picture.box(10, 50, 90, 52, ["caller"])
    picture.box(230, 44, 130, 64, ["current record", ("plaintext", "small")], "plain")
    for number in range(3):
        picture.box(460 + 58 * number, 44, 52, 64, ["record"], "sealed")
    picture.box(780, 50, 90, 52, ["transport"])
    picture.arrow([(100, 76), (228, 76)], "write, slot", (158, 62))
    picture.arrow([(360, 76), (458, 76)], "seal", (409, 62))
    picture.text(409, 94, "full, flushed,", "small")
    picture.text(409, 110, "or drained", "small")
    picture.arrow([(628, 76), (778, 76)], "drain", (712, 62))

    picture.area(216, 208, 430, 112, "the reading half: Reader")
    picture.box(10, 248, 90, 52, ["caller"])
    picture.box(230, 242, 130, 64, ["opened record", ("plaintext", "small")], "plain")
    for number in range(3):
        picture.box(460 + 58 * number, 242, 52, 64, ["record"], "sealed")
    picture.box(780, 248, 90, 52, ["transport"])
    picture.arrow([(778, 274), (630, 274)], "inbound", (712, 260))
    picture.arrow([(458, 274), (362, 274)], "process", (409, 260))
    picture.text(409, 292, "opened", "small")
    picture.text(409, 308, "in place", "small")
    picture.arrow([(228, 274), (102, 274)], "plaintext,", (158, 260))
    picture.text(158, 290, "consume", "code")

    picture.box(330, 140, 220, 50, ["Connection", ("rustls's handshake, then its keys", "small")])
    picture.arrow([(440, 206), (440, 192)])
    picture.arrow([(440, 138), (440, 124)])
    picture.text(682, 165, "KeyUpdates, alerts, tickets, close", "small")
    picture.save(DIRECTORY)


def states():
    """Draws the states of the outbound buffer and of a writer."""
    picture = Picture("states.svg", 880, 310, "States of the outbound buffer and of a writer")
    picture.text(440, 18, "buffer_state(): what the outbound buffer holds", "small")
    picture.box(40, 40, 170, 60, ["Empty", ("nothing to drain", "small")])
    picture.box(355, 40, 170, 60, ["Holding", ("room for more", "small")], "sealed")
    picture.box(670, 40, 200, 60, ["Full", ('room() is 0: "want write"', "small")], "sealed")
    picture.arrow([(210, 60), (353, 60)], "write", (282, 46))
    picture.arrow([(525, 60), (668, 60)], "write", (597, 46))
    picture.arrow([(668, 82), (527, 82)], "drain", (597, 96))
    picture.arrow([(353, 82), (212, 82)], "drain", (282, 96))

    picture.text(440, 146, "state(): the life of a writer", "small")
    picture.box(40, 170, 150, 50, ["Negotiating", ("write accepts 0", "small")])
    picture.box(270, 170, 130, 50, ["Open"])
    picture.box(480, 170, 150, 50, ["Closing", ("bytes are pending", "small")])
    picture.box(710, 170, 130, 50, ["Closed"])
    picture.box(270, 250, 130, 50, ["Failed", ("sticky", "small")])
    picture.arrow([(190, 195), (268, 195)], "keys", (229, 182))
    picture.arrow([(400, 195), (478, 195)], "close", (439, 182))
    picture.arrow([(630, 195), (708, 195)], "drain", (669, 182))
    picture.arrow([(335, 220), (335, 248)])
    picture.arrow([(115, 220), (115, 275), (268, 275)])
    picture.arrow([(555, 220), (555, 275), (402, 275)])
    picture.text(580, 266, "a fatal fault, ours or the peer's,", "small left")
    picture.text(580, 284, "or abort", "small left")
    picture.save(DIRECTORY)


def record():
    """Draws the life of a record: four views of the same memory."""
    picture = Picture("record.svg", 760, 372, "The life of a record, from write to drain")
    left, width, height = 196, 540, 44
    header, tag = 40, 64

    def stage(y, title, call, note):
        picture.text(24, y + 14, title, "left title")
        picture.text(24, y + 34, call, "left code")
        picture.text(left, y + height + 16, note, "left small")
        picture.rect(left, y, width, height, "gone")

    stage(20, "1. Begun", "write(b)", "Space for the header is reserved, and the plaintext is copied after it.")
    picture.rect(left, 20, header, height, "box")
    picture.text(left + header / 2, 42, "–", "small")
    picture.box(left + header, 20, 150, height, ["plaintext"], "plain")
    picture.text(left + 375, 42, "free", "small")

    stage(108, "2. Filled", "write(b), slot", "Until the record is sealed, later writes add to it. It is the current record.")
    picture.rect(left, 108, header, height, "box")
    picture.text(left + header / 2, 130, "–", "small")
    picture.box(left + header, 108, 150, height, ["plaintext"], "plain")
    picture.box(left + header + 150, 108, 110, height, ["more"], "plain")
    picture.text(left + 430, 130, "free", "small")

    stage(196, "3. Sealed", "full, flush, drain", "Once, and in place: header, ciphertext and tag replace the plaintext.")
    picture.box(left, 196, header, height, ["head"], "sealed")
    picture.box(left + header, 196, 260, height, ["ciphertext"], "sealed")
    picture.box(left + header + 260, 196, tag, height, ["tag"], "sealed")
    picture.text(left + 462, 218, "free", "small")

    stage(284, "4. Drained", "advance(n)", "The transport takes any number of bytes at a time. The rest stays.")
    picture.rect(left, 284, 170, height, "gone")
    picture.text(left + 85, 306, "with the transport", "small")
    picture.box(left + 170, 284, header + 260 - 170, height, ["pending"], "sealed")
    picture.box(left + header + 260, 284, tag, height, ["tag"], "sealed")
    picture.text(left + 462, 306, "free", "small")
    picture.save(DIRECTORY)


def driver():
    """Draws one turn of a driver: a goal, a step, a report."""
    picture = Picture("driver.svg", 760, 390, "A driver's turn: ask for a goal, do the step, report it")
    picture.box(20, 150, 150, 64, [("next(goal)", "code"), ("what you want", "small")], "plain")
    rows = [
        ("Write(bytes)", "send some of them", "wrote(n)"),
        ("Flush", "flush the transport", "flushed()"),
        ("Read(memory)", "receive into it", "read(n)"),
        ("Blocked", "wait until it is ready", ""),
    ]
    picture.text(302, 20, "the driver's step", "small")
    picture.text(484, 20, "what you do", "small")
    picture.text(660, 20, "your report", "small")
    for index, (step, act, report) in enumerate(rows):
        y = 38 + index * 72
        middle = y + 25
        picture.box(232, y, 140, 50, [(step, "code")], "sealed")
        picture.path([(170, 182), (200, 182), (200, middle), (212, middle)], "edge area")
        picture.arrow([(212, middle), (230, middle)])
        picture.arrow([(372, middle), (394, middle)])
        picture.box(396, y, 176, 50, [act])
        picture.arrow([(572, middle), (594, middle)])
        if report:
            picture.box(596, y, 128, 50, [(report, "code")], "plain")
        else:
            picture.text(660, middle, "then ask again", "small")
        picture.path([(724, middle), (742, middle)], "grid")
    picture.path([(742, 63), (742, 366)], "grid")
    picture.arrow([(742, 366), (95, 366), (95, 216)])
    picture.text(250, 352, "until the step is Done, or an error", "small left")
    picture.text(726, 332, "or what the transport could not do:", "right small")
    picture.text(726, 350, "blocked(), failed(..)", "right code")
    picture.save(DIRECTORY)


if __name__ == "__main__":
    halves()
    states()
    record()
    driver()
    coalescing(json.loads((HERE / "coalescing.json").read_text())).save(DIRECTORY)
    memory(json.loads((HERE / "memory.json").read_text())).save(DIRECTORY)
