"""The evaluation as one page that needs nothing else: tables and inline SVG."""

from __future__ import annotations

from html import escape

_STYLE = """
:root { color-scheme: light dark; --line: #8888; --bar: #2a6fdb; --good: #2e8b57; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n { text-align: right; font-variant-numeric: tabular-nums; }
"""


def page(report: dict) -> str:
    """The whole page. `report` is what bot.evaluate summarises."""
    counted = report["questions"]
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'><title>How well the desk understands</title>",
        "<meta name='viewport' content='width=device-width'>",
        f"<style>{_STYLE}</style><h1>How well the desk understands</h1>",
        f"<p>{counted['sections']} questions of the articles, {counted['intents']} requests and "
        f"{counted['out_of_scope']} messages that are none of the desk's business, each asked of a pipeline that "
        f"had not seen it ({report['folds']} folds).</p>",
        "<h2>Figures</h2>", _figures(report),
        "<h2>Is it as sure as it should be?</h2>", _calibration(report["calibration"]),
        "<h2>By kind of request</h2>", _families(report["families"]),
        "<h2>Most frequent confusions</h2>", _confusions(report["confusions"]),
        "</html>",
    ]  # fmt: skip
    return "\n".join(parts)


def _figures(report: dict) -> str:
    groups = ("sections", "intents", "out_of_scope")
    rows = [
        [f"{group.replace('_', ' ')}: {name.replace('_', ' ')}", f"{value:.2%}"]
        for group in groups
        for name, value in report[group].items()
    ]
    return _table(["", "share"], rows)


def _calibration(bins: list[dict]) -> str:
    """Confidence on the x axis, right first on the y axis; the nearer to the diagonal the better."""
    size, edge = 320, 30
    points = "".join(
        f"<circle cx='{edge + one['confidence'] * size:.1f}' cy='{edge + (1 - one['right']) * size:.1f}' "
        f"r='{3 + min(one['questions'], 4000) ** 0.5 / 6:.1f}' fill='var(--bar)' fill-opacity='.7'>"
        f"<title>{one['questions']} questions: {one['confidence']:.0%} sure, {one['right']:.0%} right</title></circle>"
        for one in bins
    )
    box = size + 2 * edge
    chart = (
        f"<svg role='img' aria-label='Share right over confidence' viewBox='0 0 {box} {box}' width='{box}'>"
        f"<rect x='{edge}' y='{edge}' width='{size}' height='{size}' fill='none' stroke='var(--line)'/>"
        f"<line x1='{edge}' y1='{edge + size}' x2='{edge + size}' y2='{edge}' stroke='var(--line)'/>"
        f"{points}<text x='{edge}' y='{box - 8}' fill='currentColor' font-size='13'>confidence →</text>"
        f"<text x='4' y='20' fill='currentColor' font-size='13'>right ↑</text></svg>"
    )
    rows = [
        [
            f"{one['from']:.0%} and more",
            one["questions"],
            f"{one['confidence']:.1%}",
            f"{one['right']:.1%}",
            f"{one['matter']:.1%}",
        ]
        for one in bins
    ]
    return chart + _table(["confidence", "questions", "mean confidence", "right", "right matter"], rows)


def _families(families: dict) -> str:
    rows = [
        [name, one["questions"], f"{one['first']:.1%}", f"{one['matter_first']:.1%}"]
        for name, one in sorted(families.items())
    ]
    return _table(["requests", "questions", "right first", "right matter first"], rows)


def _confusions(confusions: list[dict]) -> str:
    rows = [[one["asked"], one["understood"], one["questions"], one["example"]] for one in confusions]
    return _table(["asked", "understood as", "questions", "such as"], rows)


def _table(head: list[str], rows: list[list[object]]) -> str:
    def cell(value: object) -> str:
        text = escape(str(value))
        is_number = isinstance(value, int) or text.endswith("%")
        return f"<td class='n'>{text}</td>" if is_number else f"<td>{text}</td>"

    header = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
