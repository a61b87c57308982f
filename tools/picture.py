#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns a terminal screen into an SVG: how docs/demo.svg was made.

    tmux new-session -d -s demo -x 80 -y 24 'build/statesync demo --seconds 30'
    sleep 15; tmux capture-pane -p -e -t demo | tools/picture.py > docs/demo.svg
"""
import re
import sys
from html import escape

INK, PAPER = "#d7dce6", "#141922"
BASE = ["#3b4252", "#e06c75", "#7fbf7f", "#e0b35f", "#6aa2e0", "#b58ee0", "#58bfc9", "#c8cfdc"]
BRIGHT = ["#69738a", "#f28b93", "#9bdb9b", "#f5cf86", "#8dbdf5", "#cfaef5", "#7fdde6", "#ffffff"]
CELL, LINE, EDGE = 8.43, 18, 14


def palette(index):
    """A colour of the 256-colour table."""
    if index < 16:
        return (BASE + BRIGHT)[index]
    if index >= 232:
        return "#" + f"{8 + 10 * (index - 232):02x}" * 3
    steps = [0, 95, 135, 175, 215, 255]
    index -= 16
    return "#%02x%02x%02x" % (steps[index // 36], steps[index // 6 % 6], steps[index % 6])


def apply(style, codes):
    codes = [int(code or 0) for code in codes]
    while codes:
        code = codes.pop(0)
        if code == 0:
            style.update(fill=INK, bold=False, dim=False)
        elif code == 1:
            style["bold"] = True
        elif code == 2:
            style["dim"] = True
        elif code in (22, 39):
            style.update(**({"fill": INK} if code == 39 else {"bold": False, "dim": False}))
        elif 30 <= code <= 37:
            style["fill"] = BASE[code - 30]
        elif 90 <= code <= 97:
            style["fill"] = BRIGHT[code - 90]
        elif code == 38 and len(codes) >= 2 and codes[0] == 5:
            style["fill"] = palette(codes[1])
            del codes[:2]
        elif code == 38 and len(codes) >= 4 and codes[0] == 2:
            style["fill"] = "#%02x%02x%02x" % tuple(codes[1:4])
            del codes[:4]


def main():
    lines = sys.stdin.read().rstrip("\n").split("\n")
    style = {}
    apply(style, ["0"])
    out, widest = [], 0
    for row, line in enumerate(lines):
        column = 0
        for piece in re.split(r"(\x1b\[[0-9;]*m)", line):
            if piece.startswith("\x1b["):
                apply(style, piece[2:-1].split(";"))
            elif piece:
                if piece.strip():
                    look = f' fill="{style["fill"]}"' if style["fill"] != INK else ""
                    look += ' font-weight="bold"' if style["bold"] else ""
                    look += ' opacity="0.6"' if style["dim"] else ""
                    x, width = EDGE + column * CELL, len(piece) * CELL
                    out.append(f'<text x="{x:.1f}" y="{EDGE + row * LINE + 13}" textLength="{width:.1f}"{look}>{escape(piece)}</text>')
                column += len(piece)
        widest = max(widest, column)
    width, height = 2 * EDGE + widest * CELL, 2 * EDGE + len(lines) * LINE
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}">')
    print(f'<!-- SPDX-License-Identifier: Apache-2.0 --><rect width="100%" height="100%" rx="8" fill="{PAPER}"/>')
    print(f'<g font-family="ui-monospace, DejaVu Sans Mono, Menlo, monospace" font-size="14" fill="{INK}" xml:space="preserve">')
    print("\n".join(out) + "\n</g></svg>")


if __name__ == "__main__":
    main()
