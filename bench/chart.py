# SPDX-License-Identifier: MIT
"""Horizontal bars on a logarithmic scale, as SVG. Nothing but text: no library is needed.

    svg = draw("title", [Group("frame.pair", "take one, give it back",
                               [("ours", 40), ("theirs", 340)], 80)])
"""

import math
from collections import namedtuple
from html import escape

# limit: what ours must not exceed, or None.
Group = namedtuple("Group", "name what bars limit")

WIDTH, LEFT, RIGHT, TOP = 960, 270, 90, 74
BAR, BETWEEN_BARS, BETWEEN_GROUPS = 11, 2, 14
FONT = "font-family='DejaVu Sans,Verdana,sans-serif'"
# Colour-blind safe (Okabe and Ito, then Tol); the first two are ours.
COLOURS = ["#d55e00", "#e69f00", "#999999", "#56b4e9", "#0072b2", "#009e73", "#cc79a7", "#5d3a9b", "#7a4b1e",
           "#000000", "#f0e442", "#882255", "#44aa99", "#ddcc77", "#aa4499", "#117733", "#88ccee"]


def label(value):
    if value >= 1e6:
        return f"{value / 1e6:.3g} M"
    if value >= 1e4:
        return f"{value / 1e3:.3g} k"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def text(x, y, words, size=11, anchor="start", colour="#222", weight="normal"):
    return (f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' text-anchor='{anchor}' fill='{colour}' "
            f"font-weight='{weight}'>{escape(words)}</text>")


def line(x1, y1, x2, y2, colour, width=1, dash=""):
    return (f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{colour}' "
            f"stroke-width='{width}'{f' stroke-dasharray={dash!r}' if dash else ''}/>")


class Scale:
    """From 1 or the decade below the least to the decade above the largest."""

    def __init__(self, values):
        self.low = math.floor(math.log10(min(values)))
        self.high = max(self.low + 1, math.ceil(math.log10(max(values))))

    def x(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def decades(self):
        return [10.0**n for n in range(self.low, self.high + 1)]


def height_of(group):
    return len(group.bars) * (BAR + BETWEEN_BARS) + BETWEEN_GROUPS


def draw_group(group, y, scale, colours):
    parts = [text(LEFT - 10, y + 10, group.name, 12, "end", weight="bold"),
             text(LEFT - 10, y + 24, group.what, 9.5, "end", "#555")]
    at = y
    for name, value in group.bars:
        end = max(scale.x(value), LEFT + 1)
        parts.append(f"<rect x='{LEFT}' y='{at:.1f}' width='{end - LEFT:.1f}' height='{BAR}' "
                     f"fill='{colours[name]}'><title>{escape(name)}: {value:,}</title></rect>")
        parts.append(text(end + 4, at + BAR - 2, label(value), 9.5, colour="#333"))
        at += BAR + BETWEEN_BARS
    if group.limit:
        x = scale.x(group.limit)
        parts.append(line(x, y - 3, x, at + 1, "#000", 1.5, "3 2"))
    return parts


def draw_legend(colours, limits):
    """In as many lines as it takes, above TOP."""
    parts, x, y = [], 20, 38
    entries = list(colours.items()) + ([("ours must not be above", None)] if limits else [])
    for name, colour in entries:
        width = 34 + 6.3 * len(name)
        if x + width > WIDTH:
            x, y = 20, y + 17
        if colour:
            parts.append(f"<rect x='{x:.1f}' y='{y}' width='11' height='11' fill='{colour}'/>")
        else:
            parts.append(line(x + 6, y - 1, x + 6, y + 12, "#000", 1.5, "3 2"))
        parts.append(text(x + 15, y + 10, name))
        x += width
    return parts


def draw(title, groups):
    """The whole chart as a string."""
    names = list(dict.fromkeys(name for group in groups for name, _ in group.bars))
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(names)}
    values = [value for group in groups for _, value in group.bars]
    scale = Scale(values)
    bottom = TOP + 10 + sum(map(height_of, groups))
    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {WIDTH} {bottom + 24}' {FONT}>",
             f"<rect width='{WIDTH}' height='{bottom + 24}' fill='#fff'/>",
             text(20, 24, title, 14, weight="bold")]
    parts += draw_legend(colours, any(group.limit for group in groups))
    for decade in scale.decades():
        parts.append(line(scale.x(decade), TOP, scale.x(decade), bottom, "#ddd"))
        parts.append(text(scale.x(decade), bottom + 14, label(decade), 10, "middle", "#555"))
    y = TOP + 10
    for group in groups:
        parts += draw_group(group, y, scale, colours)
        y += height_of(group)
    return "\n".join(parts + ["</svg>"]) + "\n"
