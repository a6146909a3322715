"""Tables as CSV, Markdown and LaTeX."""

from collections.abc import Callable

from severe_bench.report.table import Entry, Table
from severe_bench.store.table import csv_line

LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "±": r"$\pm$",
        "−": "$-$",
        "–": "--",
        "→": r"$\to$",
        "↓": r"$\downarrow$",
        "↑": r"$\uparrow$",
        "▲": r"$\bigtriangleup$",
        "▼": r"$\bigtriangledown$",
        "τ": r"$\tau$",
        "ρ": r"$\rho$",
        "≈": r"$\approx$",
        "‑": "-",
        "⁹": "$^9$",
        "✓": r"$\surd$",
        "α": r"$\alpha$",
        "Δ": r"$\Delta$",
        "β": r"$\beta$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
    }
)
MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>|#&~"} | dict.fromkeys("\n\r", " "))


def to_csv(table: Table) -> str:
    """RFC 4180 with LF; missing entries are empty, numbers keep full precision.

    Names such as `NA` are text: read with `pandas.read_csv(..., keep_default_na=False)`.
    """
    heads = csv_line(head.key for head in table.heads)
    return heads + "".join(csv_line(map(_plain, row)) for row in table.rows)


def _plain(entry: Entry) -> object:
    """What CSV holds; no minus zero."""
    if isinstance(entry.value, float):
        return entry.value + 0.0
    return "" if entry.value is None else entry.value


def to_markdown(table: Table) -> str:
    """A pipe table under its title."""
    table = table.shown
    rule = ["---:" if head.numeric else "---" for head in table.heads]
    titles = [head.title.translate(MARKDOWN) for head in table.heads]
    body = [[entry.text.translate(MARKDOWN) for entry in row] for row in table.rows]
    lines = [f"| {' | '.join(cells)} |" for cells in [titles, rule, *body]]
    heading = table.title.translate(MARKDOWN)
    return "\n".join([f"**{heading}**", "", *lines, "", table.caption.translate(MARKDOWN), ""])


def to_latex(table: Table) -> str:
    r"""A booktabs table environment; the best entry of a column is bold.

    Needs `\usepackage{booktabs}`, for coloured entries `\usepackage[table]{xcolor}`, and UTF-8.
    """
    table = table.shown
    columns = "".join("r" if head.numeric else "l" for head in table.heads)
    titles = " & ".join(head.title.translate(LATEX) for head in table.heads)
    body = [" & ".join(map(_latex_entry, row)) + r" \\" for row in table.rows]
    label = "".join(c if c.isascii() and c.isalnum() else "-" for c in table.name)
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{table.title.translate(LATEX)}. {table.caption.translate(LATEX)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{columns}}}",
        r"\toprule",
        titles + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


WRITERS: dict[str, Callable[[Table], str]] = {
    "csv": to_csv,
    "md": to_markdown,
    "tex": to_latex,
}


def _latex_entry(entry: Entry) -> str:
    text = entry.text.translate(LATEX)
    if text.startswith(("[", "*")):
        text = f"{{}}{text}"  # after a line's end these would be read as arguments of it
    if entry.mark == "best":
        text = rf"\textbf{{{text}}}"
    if entry.shade is None or abs(entry.shade) < 0.125:
        return text
    colour = "blue" if entry.shade > 0 else "red"
    return rf"\cellcolor{{{colour}!{round(abs(entry.shade) * 40)}}}{text}"
