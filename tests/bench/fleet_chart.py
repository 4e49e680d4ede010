"""Time against the number of groups, both axes logarithmic, as SVG: small, and read by every browser."""

import math
import statistics

WIDTH, HEIGHT = 900, 480
LEFT, RIGHT, TOP, BOTTOM = 70, 260, 50, 60
COLOURS = {"stock": "#c0392b", "vigil": "#1f77b4"}
SERIES = (  # key, title, dashes
    ("agreed_s", "storm: all sentinels answer", ""),
    ("discovery_s", "discovery", "6 4"),
)


def draw(results, down_after_ms, path):
    """`results` as fleet.measure() returns them. A storm that did not end is an open triangle at its limit."""
    sizes = sorted({result["groups"] for result in results})
    seconds = [result[key] for result in results for key, _, _ in SERIES if result.get(key)]
    seconds += [result["limit_s"] for result in results if result.get("limit_s") and result.get("agreed_s") is None]
    low = math.floor(math.log10(min(seconds)))
    high = math.ceil(math.log10(max(seconds)))
    first, last = math.log(sizes[0]), math.log(max(sizes[-1], sizes[0] + 1))

    def x(groups):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(groups) - first) / (last - first)

    def y(value):
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - math.log10(value)) / (high - low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="13">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
             f'<text x="{LEFT}" y="26" font-size="15">Half of all masters die at once, down-after {down_after_ms / 1000:g} s</text>']
    parts += axes(sizes, low, high, x, y)
    parts.append(mark_down_after(down_after_ms / 1000, x(sizes[0]), x(sizes[-1]), y))
    row = TOP + 10
    for kind, colour in COLOURS.items():
        for key, title, dashes in SERIES:
            points, unfinished = points_of(results, kind, key)
            if not points and not unfinished:
                continue
            parts += series(points, unfinished, colour, dashes, x, y)
            parts += legend(row, f"{kind}, {title}", colour, dashes)
            row += 22
    if any(result.get("agreed_s") is None for result in results):
        parts.append(f'<path d="{triangle(WIDTH - RIGHT + 30, row)}" fill="white" stroke="#555"/>')
        parts.append(f'<text x="{WIDTH - RIGHT + 48}" y="{row + 4}" font-size="11">not ended at the limit</text>')
    parts.append("</svg>")
    with open(path, "w") as file:
        file.write("\n".join(parts) + "\n")


def points_of(results, kind, key):
    """[(groups, median seconds)], and the same with the limit for sizes of which some storm did not end."""
    points, unfinished = [], []
    for groups in sorted({result["groups"] for result in results if result["kind"] == kind}):
        runs = [result for result in results if result["kind"] == kind and result["groups"] == groups]
        values = [result[key] for result in runs if result.get(key) is not None]
        if len(values) == len(runs):
            points.append((groups, statistics.median(values)))
        elif key == "agreed_s" and any(result.get("limit_s") for result in runs):
            unfinished.append((groups, max(result.get("limit_s", 0) for result in runs)))
    return points, unfinished


def axes(sizes, low, high, x, y):
    parts = []
    for power in range(low, high + 1):
        value = 10.0 ** power
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g} s</text>')
    for groups in sizes:
        parts.append(f'<line x1="{x(groups):.1f}" x2="{x(groups):.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>')
        parts.append(f'<text x="{x(groups):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{groups}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{HEIGHT - BOTTOM + 42}" text-anchor="middle">groups</text>')
    return parts


def mark_down_after(seconds, left, right, y):
    return (f'<line x1="{left:.1f}" x2="{right:.1f}" y1="{y(seconds):.1f}" y2="{y(seconds):.1f}" stroke="#888" '
            f'stroke-dasharray="2 3"/><text x="{right + 4:.1f}" y="{y(seconds) + 14:.1f}" font-size="11" '
            'fill="#666">down-after</text>')


def series(points, unfinished, colour, dashes, x, y):
    style = f' stroke-dasharray="{dashes}"' if dashes else ""
    line = " ".join(f"{x(groups):.1f},{y(value):.1f}" for groups, value in points)
    parts = [f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{style}/>']
    parts += [f'<circle cx="{x(groups):.1f}" cy="{y(value):.1f}" r="4" fill="{colour}"/>' for groups, value in points]
    parts += [f'<path d="{triangle(x(groups), y(value))}" fill="white" stroke="{colour}" stroke-width="2"/>'
              for groups, value in unfinished]
    return parts


def triangle(x, y):
    return f"M{x:.1f},{y - 6:.1f} l6,11 l-12,0 z"


def legend(row, title, colour, dashes):
    left = WIDTH - RIGHT + 18
    style = f' stroke-dasharray="{dashes}"' if dashes else ""
    return [f'<line x1="{left}" x2="{left + 24}" y1="{row}" y2="{row}" stroke="{colour}" stroke-width="2"{style}/>',
            f'<text x="{left + 30}" y="{row + 4}" font-size="11">{title}</text>']
