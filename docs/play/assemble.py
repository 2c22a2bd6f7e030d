#!/usr/bin/env python3
"""Combines the page, its style, its script and the engine in one file: assemble.py MODULE PAGE"""

import base64
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(module, page):
    engine = base64.b64encode(Path(module).read_bytes()).decode()
    text = (HERE / "index.html").read_text()
    for tag, inline in [
        ('<link rel="stylesheet" href="style.css">', f"<style>\n{(HERE / 'style.css').read_text()}</style>"),
        ('<script src="engine.js"></script>', f'<script>const WANTWRITE_WASM = "{engine}";</script>'),
        ('<script src="page.js"></script>', f"<script>\n{(HERE / 'page.js').read_text()}</script>"),
    ]:
        assert text.count(tag) == 1, tag
        text = text.replace(tag, inline)
    Path(page).write_text(text)
    print(f"{page}: {len(text):,} bytes, of these the engine {len(engine):,}")


if __name__ == "__main__":
    main(*sys.argv[1:])
