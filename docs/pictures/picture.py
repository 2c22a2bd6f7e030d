"""An SVG picture for light and dark pages. It follows the viewer's colour scheme and draws its own
background, so that it is readable on any page."""

import base64

STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328; text-anchor: middle; dominant-baseline: central; }
  .small { font-size: 13px; fill: #59636e; }
  .code { font: 13px ui-monospace, monospace; }
  .left { text-anchor: start; }
  .right { text-anchor: end; }
  .title { font-size: 15px; font-weight: 600; }
  .page { fill: #ffffff; }
  .box { fill: #ffffff; stroke: #59636e; stroke-width: 1.5; }
  .plain { fill: #fff1c9; }
  .sealed { fill: #cfe3ff; }
  .gone { fill: none; stroke: #59636e; stroke-dasharray: 3 3; }
  .edge { stroke: #59636e; stroke-width: 1; }
  .bar { stroke: none; }
  .plain.bar { fill: #e0a800; }
  .sealed.bar { fill: #4c8fe0; }
  .other.bar { fill: #aab2bb; }
  .area { fill: none; stroke: #c8ced5; stroke-dasharray: 5 4; }
  .grid { fill: none; stroke: #d8dee4; }
  .line { fill: none; stroke: #59636e; stroke-width: 1.5; marker-end: url(#head); }
  .head { fill: #59636e; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .small { fill: #9198a1; }
    .page { fill: #0d1117; }
    .box { fill: #161b22; stroke: #9198a1; }
    .plain { fill: #5c4813; }
    .sealed { fill: #1c3d66; }
    .gone { fill: none; stroke: #9198a1; }
    .edge { stroke: #9198a1; }
    .plain.bar { fill: #c69026; }
    .sealed.bar { fill: #4184d6; }
    .other.bar { fill: #6e7681; }
    .area { stroke: #3d444d; }
    .grid { stroke: #2b323b; }
    .line { stroke: #9198a1; }
    .head { fill: #9198a1; }
  }
"""


class Picture:
    def __init__(self, name, width, height, title):
        self.name = name
        self.title = title
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img">',
            f"<title>{title}</title>",
            f"<style>{STYLE}</style>",
            '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
            'markerHeight="7" orient="auto-start-reverse">'
            '<path class="head" d="M0 0L10 5L0 10z"/></marker>',
            f'<rect width="{width}" height="{height}" rx="8" class="page"/>',
        ]

    def text(self, x, y, text, kind=""):
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        self.parts.append(f'<text x="{number(x)}" y="{number(y)}" class="{kind}">{text}</text>')

    def rect(self, x, y, width, height, kind, radius=0):
        x, y, width, height = (number(value) for value in (x, y, width, height))
        self.parts.append(
            f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" class="{kind}"/>'
        )

    def box(self, x, y, width, height, lines, kind=""):
        """Draws a box. `lines` are texts, or pairs of a text and its class."""
        self.rect(x, y, width, height, f"box {kind}", 6)
        for index, line in enumerate(lines):
            text, kind = line if isinstance(line, tuple) else (line, "")
            offset = (index - (len(lines) - 1) / 2) * 18
            self.text(x + width / 2, y + height / 2 + offset, text, kind)

    def area(self, x, y, width, height, title):
        self.rect(x, y, width, height, "area", 10)
        self.text(x + width / 2, y + 14, title, "small")

    def path(self, points, kind):
        path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
        self.parts.append(f'<path d="{path}" class="{kind}"/>')

    def arrow(self, points, label="", at=None, kind="code"):
        self.path(points, "line")
        if label:
            (x1, y1), (x2, y2) = points[0], points[-1]
            x, y = at or ((x1 + x2) / 2, (y1 + y2) / 2 - 12)
            self.text(x, y, label, kind)

    def save(self, directory):
        svg = "\n".join([*self.parts, "</svg>", ""])
        (directory / self.name).write_text(svg)
        # docs.rs has no files other than a crate's pages, so the text contains the picture.
        (directory / "rustdoc").mkdir(exist_ok=True)
        data = base64.b64encode(svg.encode()).decode()
        inline = (directory / "rustdoc" / self.name).with_suffix(".md")
        inline.write_text(f"![{self.title}](data:image/svg+xml;base64,{data})\n")


def number(value):
    """Formats a number with at most two decimals, without trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
