#!/usr/bin/env python3
"""Draws the pictures of the README, after any change here: docs/pictures/draw.py [DIRECTORY]"""

import sys
from pathlib import Path

DIRECTORY = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent

STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328; text-anchor: middle; dominant-baseline: central; }
  .small { font-size: 12px; fill: #59636e; }
  .code { font: 13px ui-monospace, monospace; }
  .box { fill: #ffffff; stroke: #59636e; stroke-width: 1.5; }
  .plain { fill: #fff1c9; }
  .sealed { fill: #cfe3ff; }
  .area { fill: none; stroke: #c8ced5; stroke-dasharray: 5 4; }
  .line { fill: none; stroke: #59636e; stroke-width: 1.5; marker-end: url(#head); }
  .head { fill: #59636e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .box { fill: #161b22; stroke: #9198a1; }
    .plain { fill: #5c4813; }
    .sealed { fill: #1c3d66; }
    .area { stroke: #3d444d; }
    .line { stroke: #9198a1; }
    .head { fill: #9198a1; }
  }
"""


class Picture:
    def __init__(self, name, width, height, title):
        self.name = name
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse">'
            '<path class="head" d="M0 0L10 5L0 10z"/></marker>',
        ]

    def text(self, x, y, text, kind=""):
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f'<text x="{x}" y="{y}" class="{kind}">{text}</text>')

    def box(self, x, y, width, height, lines, kind=""):
        """`lines` are texts, or pairs of a text and its class."""
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" class="box {kind}"/>'
        )
        for number, line in enumerate(lines):
            text, kind = line if isinstance(line, tuple) else (line, "")
            offset = (number - (len(lines) - 1) / 2) * 18
            self.text(x + width / 2, y + height / 2 + offset, text, kind)

    def area(self, x, y, width, height, title):
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="10" class="area"/>'
        )
        self.text(x + width / 2, y + 14, title, "small")

    def arrow(self, points, label="", at=None, kind="code"):
        path = "M" + "L".join(f"{x} {y}" for x, y in points)
        self.parts.append(f'<path d="{path}" class="line"/>')
        if label:
            (x1, y1), (x2, y2) = points[0], points[-1]
            x, y = at or ((x1 + x2) / 2, (y1 + y2) / 2 - 12)
            self.text(x, y, label, kind)

    def save(self):
        (DIRECTORY / self.name).write_text("\n".join([*self.parts, "</svg>", ""]))


def halves():
    """The two mirrored halves, and what ties them."""
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
    picture.text(409, 110, "or drain is there", "small")
    picture.arrow([(628, 76), (778, 76)], "outbound()", (712, 62))

    picture.area(216, 208, 430, 112, "the reading half: Reader")
    picture.box(10, 248, 90, 52, ["caller"])
    picture.box(230, 242, 130, 64, ["opened record", ("plaintext", "small")], "plain")
    for number in range(3):
        picture.box(460 + 58 * number, 242, 52, 64, ["record"], "sealed")
    picture.box(780, 248, 90, 52, ["transport"])
    picture.arrow([(778, 274), (630, 274)], "inbound()", (712, 260))
    picture.arrow([(458, 274), (362, 274)], "process", (409, 260))
    picture.text(409, 292, "opened in place", "small")
    picture.arrow([(228, 274), (102, 274)], "plaintext,", (158, 260))
    picture.text(158, 290, "consume", "code")

    picture.box(330, 140, 220, 50, ["Connection", ("rustls's handshake, then its keys", "small")])
    picture.arrow([(440, 206), (440, 192)])
    picture.arrow([(440, 138), (440, 124)])
    picture.text(665, 165, "KeyUpdates, alerts, tickets, close", "small")
    picture.save()


def states():
    """The states of the outbound buffer, and those of a writer's life."""
    picture = Picture("states.svg", 880, 300, "States of the outbound buffer and of a writer")
    picture.text(440, 16, "buffer_state(): what waits", "small")
    picture.box(40, 40, 170, 60, ["Empty", ("nothing to drain", "small")])
    picture.box(355, 40, 170, 60, ["Holding", ("room for more", "small")], "sealed")
    picture.box(670, 40, 170, 60, ["Full", ('room() is 0: "want write"', "small")], "sealed")
    picture.arrow([(210, 60), (353, 60)], "write", (282, 46))
    picture.arrow([(525, 60), (668, 60)], "write", (597, 46))
    picture.arrow([(668, 82), (527, 82)], "drain", (597, 96))
    picture.arrow([(353, 82), (212, 82)], "drain", (282, 96))

    picture.text(440, 146, "state(): the life of a writer", "small")
    picture.box(40, 170, 150, 50, ["Negotiating", ("write accepts 0", "small")])
    picture.box(270, 170, 130, 50, ["Open"])
    picture.box(480, 170, 150, 50, ["Closing", ("close_notify waits", "small")])
    picture.box(710, 170, 130, 50, ["Closed"])
    picture.box(270, 245, 130, 50, ["Failed", ("sticky", "small")])
    picture.arrow([(190, 195), (268, 195)], "keys", (229, 182))
    picture.arrow([(400, 195), (478, 195)], "close", (439, 182))
    picture.arrow([(630, 195), (708, 195)], "drain", (669, 182))
    picture.arrow([(335, 220), (335, 243)])
    picture.arrow([(115, 220), (115, 270), (268, 270)])
    picture.arrow([(555, 220), (555, 270), (402, 270)])
    picture.text(680, 264, "a fatal fault, ours or the peer's", "small")
    picture.text(680, 282, "or abort", "small")
    picture.save()


if __name__ == "__main__":
    halves()
    states()
