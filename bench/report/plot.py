"""Horizontal bars with their ranges, as SVG that is readable on a light and on a dark page. Pure."""

import html
import math

WIDTH, LABEL, VALUE, BAR, GAP, TOP, BOTTOM = 760, 270, 190, 16, 12, 44, 34
# Beyond this factor between the smallest and the largest bar the axis counts powers of ten.
LINEAR = 40
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 } .title { font-weight: 600; font-size: 15px }
.quiet { fill: #59636e; font-size: 12px } .bar { fill: #8c959f } .own { fill: #0969da }
.grid { stroke: #d1d9e0 } .range { stroke: #1f2328; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .quiet { fill: #9198a1 } .bar { fill: #656c76 } .own { fill: #4493f8 }
  .grid { stroke: #3d444d } .range { stroke: #f0f6fc }
}
"""


def render(plot):
    """The file's text; the same plot gives the same text."""
    bars = plot["bars"]
    height = TOP + len(bars) * (BAR + GAP) + BOTTOM
    bottom = height - BOTTOM
    place, ticks, words = axis(bars)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'viewBox="0 0 {WIDTH} {height}" role="img">',
           f"<title>{html.escape(described(plot))}</title>", f"<style>{STYLE}</style>",
           f'<text class="title" x="8" y="20">{html.escape(plot["title"])}</text>']
    for tick in ticks:
        x = place(tick)
        out.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}"/>')
        out.append(f'<text class="quiet" x="{x:.1f}" y="{bottom + 15}" text-anchor="middle">{number(tick)}</text>')
    better = {"more": "more is better", "less": "less is better"}[plot["better"]]
    out.append(f'<text class="quiet" x="{WIDTH - 8}" y="20" text-anchor="end">'
               f'{html.escape(plot["unit"])}{words}; {better}</text>')
    for index, bar in enumerate(bars):
        out += drawn(bar, place, TOP + index * (BAR + GAP))
    return "\n".join(out) + "\n</svg>\n"


def drawn(bar, place, y):
    middle, begin, end = y + BAR / 2, place(None), place(bar["value"])
    low, high = (place(bar.get(name, bar["value"])) for name in ("low", "high"))
    kind = "bar own" if "sms_" in bar["label"] else "bar"
    return [
        f'<text x="{LABEL - 8}" y="{y + 13}" text-anchor="end">{html.escape(shortened(bar["label"]))}</text>',
        f'<rect class="{kind}" x="{begin:.1f}" y="{y}" width="{max(end - begin, 1):.1f}" height="{BAR}" rx="2"/>',
        f'<line class="range" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>',
        *(f'<line class="range" x1="{x:.1f}" x2="{x:.1f}" y1="{middle - 4}" y2="{middle + 4}"/>' for x in (low, high)),
        f'<text class="quiet" x="{WIDTH - VALUE + 12}" y="{y + 13}">{html.escape(label(bar))}</text>',
    ]


def axis(bars):
    """Where a value stands (None: where bars begin), the ticks, and words about the scale."""
    values = [bar["value"] for bar in bars if bar["value"] > 0]
    most = max((bar.get("high", bar["value"]) for bar in bars), default=1) or 1
    span = WIDTH - LABEL - VALUE
    if values and max(values) / min(values) > LINEAR:
        least = min(bar.get("low", bar["value"]) or bar["value"] for bar in bars if bar["value"] > 0)
        first, last = math.floor(math.log10(least)), math.ceil(math.log10(most))
        first -= math.log10(least) - first < 0.1

        def logarithmic(value):
            if value is None or value <= 0:
                return LABEL
            return LABEL + span * max(math.log10(value) - first, 0) / (last - first)

        return logarithmic, [10.0 ** power for power in range(first, last + 1)], ", logarithmic"
    step = next(factor * 10.0 ** power for power in range(-9, 15) for factor in (1, 2, 5)
                if most / (factor * 10.0 ** power) <= 5)
    ticks = [index * step for index in range(math.ceil(most / step) + 1)]
    return lambda value: LABEL + span * (value or 0) / ticks[-1], ticks, ""


def described(plot):
    return f"{plot['title']}: " + ", ".join(f"{bar['label']} {number(bar['value'])} {plot['unit']}"
                                            for bar in plot["bars"])


def label(bar):
    if bar.get("low", bar["value"]) == bar.get("high", bar["value"]):
        return number(bar["value"])
    return f"{number(bar['value'])} ({number(bar['low'])}–{number(bar['high'])})"


def number(value):
    """Three digits that count, no exponent."""
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shortened(text):
    return text if len(text) <= 38 else text[:37] + "…"
