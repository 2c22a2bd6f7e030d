#!/usr/bin/env python3
"""Builds the page and checks it: docs/play/check.py [DIRECTORY FOR SCREENSHOTS]

* A script of commands (`session.script`) moves the page's controls in headless Chromium. After each
  line, the page must show the same as the native session.
* Without a script the page plays automatically, unless the user prefers reduced motion.
* Screenshots in light and dark, for a phone and a desk, must show the page: no picture may be
  empty, and no content may go beyond the right edge. The user prefers dark in all of them, so light
  is the page's own setting.
* No text in a picture of docs/pictures is cut off at the edge.

Needs Chromium, everything that build.sh needs, and cargo for the native session.
"""

import html
import json
import re
import struct
import subprocess
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGE = ROOT / "target/play/index.html"
# The number of rows in the page's table.
SHOWN_RECORDS = 12
WIDTHS = {390: 2600, 1280: 1300}


def main():
    subprocess.run([HERE / "build.sh"], check=True)
    script = (HERE / "session.script").read_text()
    compare(script)
    plays()
    pictures()
    turns = [line for line in script.splitlines() if line][:34]
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(temporary)
        for theme in ["light", "dark"]:
            for width, height in WIDTHS.items():
                look(directory / f"{theme}-{width}.png", theme, width, height, "\n".join(turns))


def compare(script):
    """Compares what the page shows after each line with the native session."""
    command = ["cargo", "run", "-q", "-p", "play"]
    printed = subprocess.run(command, cwd=ROOT, input=script, check=True, capture_output=True, text=True)
    native = [json.loads(line) for line in printed.stdout.splitlines()]
    for view in native:
        view["overhead"] = overhead(view)
        view["buffer"] = view["buffer"][:SHOWN_RECORDS]
    dom = chromium(address(script=script), "--dump-dom")
    shown = re.search(r'<pre id="script-result"[^>]*>([^<]*)</pre>', dom)
    if 'data-script="done"' not in dom or not shown:
        sys.exit("the page has not run the script to its end")
    page = [json.loads(line) for line in html.unescape(shown[1]).splitlines()]
    lines = script.split("\n")[: len(native)]
    if len(page) != len(native):
        sys.exit(f"expected {len(native)} views of the page, got {len(page)}")
    for number, (line, expected, got) in enumerate(zip(lines, native, page), 1):
        for name, value in expected.items():
            if got.get(name) != value:
                sys.exit(f"line {number}, {line}: {name}: native {value}, page {got.get(name)}")
    states = Counter((view["writer_state"], view["buffer_state"]) for view in native)
    # A script that visits few states would check little.
    for state in [("Open", "Empty"), ("Open", "Holding"), ("Open", "Full"), ("Closing", "Full"), ("Closed", "Empty")]:
        if not states[state]:
            sys.exit(f"the script never comes to {state}")
    print(f"the page shows what the native session says after each of {len(native)} commands")


def plays():
    """Checks the opened page: it plays turns, unless the user prefers reduced motion."""
    for options, moves in [([], True), (["--force-prefers-reduced-motion"], False)]:
        dom = chromium(address(), "--dump-dom", *options)
        turn = re.search(r'<output id="turn"[^>]*>(\d+)<', dom)
        if not turn or (int(turn[1]) > 0) != moves:
            sys.exit(f"{options}: expected {'turns' if moves else 'no turn'}, got {turn and turn[1]}")
    print("the page plays by itself, and does not with reduced motion")


def overhead(view):
    """Returns the overhead of the records that have been sent whole."""
    whole = view["drained"] - sum(record[4] for record in view["buffer"])
    return f"{(whole - view['drained_plaintext']) / whole * 100:.1f} %" if whole else "–"


def look(path, theme, width, height, script):
    """Checks a screenshot: many colours, the theme's background, and ink at many heights."""
    chromium(
        address(script=script, **({"theme": "light"} if theme == "light" else {})),
        f"--screenshot={path}",
        f"--window-size={width},{height}",
        DARK,
    )
    rows = pixels(path.read_bytes())
    if (len(rows[0]), len(rows)) != (width, height):
        sys.exit(f"{path.name}: expected {width} by {height} pixels, got {len(rows[0])} by {len(rows)}")
    colors = Counter(color for row in rows for color in row)
    if len(colors) < 100:
        sys.exit(f"{path.name}: expected 100 colours or more, got {len(colors)}")
    background, count = colors.most_common(1)[0]
    if count * 20 > width * height * 19:
        sys.exit(f"{path.name}: nearly all of it is {background}")
    if (sum(background) > 3 * 128) != (theme == "light"):
        sys.exit(f"{path.name}: the background is {background}, not of the {theme} theme")
    inked = sum(len(set(row)) > 1 for row in rows)
    if inked * 3 < height:
        sys.exit(f"{path.name}: something is drawn in {inked} of {height} rows")
    # Text that is too wide for a phone would reach the edge.
    if any(color != background for row in rows for color in row[-4:]):
        sys.exit(f"{path.name}: something reaches the right edge")
    print(f"{path.name}: {len(colors)} colours, drawn in {inked} of {height} rows")


def pictures():
    """Checks that each text fits in its picture, with this machine's fonts."""
    files = [*sorted((ROOT / "docs/pictures").glob("*.svg")), ROOT / "benches/peers/sealing.svg"]
    # Each picture has its own shadow root, since their styles use the same names.
    hosts = "".join(
        f"<div><template shadowrootmode=open>{file.read_text()}</template></div>" for file in files
    )
    script = """<script>
      const hosts = [...document.querySelectorAll("div")];
      document.body.append(JSON.stringify(hosts.map(({ shadowRoot }) => {
        const { width, height } = shadowRoot.querySelector("svg").viewBox.baseVal;
        const texts = [...shadowRoot.querySelectorAll("text:not([transform])")];
        const cut = texts.filter((text) => {
          const box = text.getBBox();
          return box.x < 0 || box.y < 0 || box.x + box.width > width || box.y + box.height > height;
        });
        return [texts.length, cut.map((text) => text.textContent)];
      })));
    </script>"""
    with tempfile.NamedTemporaryFile("w", suffix=".html") as page:
        page.write(f"<!doctype html><meta charset=utf-8><body>{hosts}{script}")
        page.flush()
        dom = chromium(Path(page.name).as_uri(), "--dump-dom")
    found = json.loads(html.unescape(re.search(r"</script>(\[.*\])", dom, re.DOTALL)[1]))
    for file, (texts, cut) in zip(files, found, strict=True):
        if texts == 0 or cut:
            sys.exit(f"{file.name}: {texts} texts, of these cut off at its edge: {cut}")
    print(f"{len(files)} pictures have {sum(texts for texts, _ in found)} texts, and none is cut off")


def address(**options):
    return PAGE.as_uri() + "#" + "&".join(f"{name}={quote(text)}" for name, text in options.items())


# Emulates a user who prefers a dark colour scheme.
DARK = "--blink-settings=preferredColorScheme=0"


def chromium(address, *options):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            f"--user-data-dir={profile}", "--force-device-scale-factor=1", "--virtual-time-budget=10000",
            "--window-size=1280,900", *options, address,
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        sys.exit(f"chromium failed: {done.stderr}")
    return done.stdout


def pixels(png):
    """Returns the rows of a PNG with 8 bits per channel, as tuples of red, green and blue."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    channels = {2: 3, 6: 4}[kind]
    assert depth == 8
    data, at = b"", 8
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        if name == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += length + 12
    data, stride = zlib.decompress(data), width * channels
    above, rows = bytearray(stride), []
    for y in range(height):
        start = y * (stride + 1)
        row = unfilter(data[start], bytearray(data[start + 1 : start + 1 + stride]), above, channels)
        rows.append([tuple(row[x : x + 3]) for x in range(0, stride, channels)])
        above = row
    return rows


def unfilter(kind, row, above, step):
    """Decodes one row of a PNG (section 9 of its specification)."""
    for i in range(len(row)):
        left = row[i - step] if i >= step else 0
        corner = above[i - step] if i >= step else 0
        if kind == 1:
            row[i] = (row[i] + left) & 255
        elif kind == 2:
            row[i] = (row[i] + above[i]) & 255
        elif kind == 3:
            row[i] = (row[i] + (left + above[i]) // 2) & 255
        elif kind == 4:
            row[i] = (row[i] + nearest(left, above[i], corner)) & 255
    return row


def nearest(left, up, corner):
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]


if __name__ == "__main__":
    main()
