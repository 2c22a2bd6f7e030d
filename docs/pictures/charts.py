"""The pictures that are drawn from measurements of real runs."""

from picture import Picture

LEFT, RIGHT = 70, 740


def coalescing(trace):
    """Draws how small writes share records while a slow transport drains."""
    picture = Picture("coalescing.svg", 760, 452, "Small writes share records while a slow drain works")
    write, drain, turns = trace["write"], trace["drain"], trace["on"]["buffer"]
    picture.text(20, 24, "Coalescing against a slow drain", "left title")
    picture.text(
        20, 46, f"Each turn writes {write:,} bytes and drains {drain:,}. Bytes in the outbound buffer:", "left small"
    )
    top, bottom = 66, 250
    most = max(waiting + current for waiting, current in turns)
    scale = (bottom - top) / (-(-most // 5000) * 5000)
    for tick in range(0, -(-most // 5000) * 5000 + 1, 5000):
        y = bottom - tick * scale
        picture.path([(LEFT, y), (RIGHT, y)], "grid")
        picture.text(LEFT - 8, y, f"{tick:,}", "right small")
    step = (RIGHT - LEFT) / len(turns)
    for turn, (waiting, current) in enumerate(turns):
        x = LEFT + turn * step + 1.5
        picture.rect(x, bottom - waiting * scale, step - 3, waiting * scale, "sealed bar")
        picture.rect(x, bottom - (waiting + current) * scale, step - 3, current * scale, "plain bar")
    for turn in (1, 10, 20, 30, 40):
        picture.text(LEFT + (turn - 0.5) * step, bottom + 15, f"turn {turn}", "small")
    picture.rect(LEFT + 16, top + 8, 12, 12, "plain bar")
    picture.text(LEFT + 36, top + 14, "current record: plaintext", "left small")
    picture.rect(LEFT + 16, top + 30, 12, 12, "sealed bar")
    picture.text(LEFT + 36, top + 36, "sealed, not yet drained", "left small")
    strip(picture, 302, "Coalescing::On", trace["on"])
    strip(picture, 382, "Coalescing::Off", trace["off"])
    return picture


def strip(picture, y, name, trace):
    """Draws everything written, as the records that it became, on one scale."""
    records, current = trace["records"], trace["buffer"][-1][1]
    scale = (RIGHT - 20) / (sum(content for content, _ in records) + current)
    overhead = sum(wire - content for content, wire in records)
    count = f"{len(records)} records sealed, {overhead:,} bytes of overhead"
    picture.text(20, y, name, "left code")
    picture.text(150, y, count + (f"; {current:,} bytes in the current record" if current else ""), "left small")
    x = 20
    for content, _ in records:
        width = content * scale
        picture.rect(x, y + 14, width, 34, "box sealed")
        if width > 40:
            picture.text(x + width / 2, y + 31, f"{content:,}", "small")
        x += width
    if current:
        picture.rect(x, y + 14, current * scale, 34, "box plain")
        picture.text(x + current * scale / 2, y + 31, f"{current:,}", "small")


def memory(measured):
    """Draws what an idle connection holds with each buffer policy."""
    rows = measured["rows"]
    picture = Picture("memory.svg", 760, 104 + 34 * len(rows), "Memory of an idle connection")
    picture.text(20, 24, "What an idle client holds after it has sent and received 1 MiB, in bytes", "left title")
    left, right = 200, 640
    most = max(row["bytes"] for row in rows)
    for index, row in enumerate(rows):
        y = 48 + 34 * index
        ours = row["of"] == "wantwrite"
        picture.text(left - 12, y + 11, row["name"], "right code" if ours else "right")
        width = max(row["bytes"] / most * (right - left), 2)
        picture.rect(left, y, width, 22, "sealed bar" if ours else "other bar", 3)
        picture.text(left + width + 8, y + 11, f"{row['bytes']:,}", "left small")
    y = 64 + 34 * len(rows)
    picture.text(20, y, "Inline and heap, keys included; a pool's own segments are shared and not counted.", "left small")
    picture.text(20, y + 20, f"{measured['connection']}. {measured['machine']}.", "left small")
    return picture
