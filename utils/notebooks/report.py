"""What is left to read after a run: a page a lesson, the index page, the same as a table of text."""

import re
from pathlib import Path
from urllib.parse import quote

import nbformat
from jinja2 import Environment, FileSystemLoader
from nbconvert import HTMLExporter

TEMPLATES = Path(__file__).parent
# Colour is never the only carrier: each mood has its sign, and the status is a word.
MOODS = {
    "ok": ("good", "✓"),
    "over budget": ("note", "◷"),
    "finding": ("note", "◆"),
    "claim fails": ("bad", "✗"),
    "failed": ("bad", "✗"),
}
LESSON_ROW = re.compile(r"^\| (?:\[(\d\d) .*|all of them .*)$", re.MULTILINE)
SECONDS = re.compile(r"(?<=\| )(\d+) s(?= \|)")
WIDGET = "application/vnd.jupyter.widget-view+json"


def write_html(executed):
    """An executed notebook as one HTML page beside it, pictures inside, nothing fetched but MathJax for formulas."""
    executed = Path(executed)
    notebook = _without_widgets(nbformat.read(executed, as_version=4))
    formulas = any("$" in cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    exporter = HTMLExporter(
        extra_loaders=[FileSystemLoader(TEMPLATES)], template_file="offline.html.j2", embed_images=True
    )
    resources = {"formulas": formulas, "metadata": {"name": executed.stem, "path": str(executed.parent)}}
    page, _ = exporter.from_notebook_node(notebook, resources=resources)
    target = executed.with_suffix(".html")
    target.write_text(page, encoding="utf-8")
    return target


def _without_widgets(notebook):
    """The notebook without its widgets (progress bars), which a page shows only with scripts from the net."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if WIDGET not in output.get("data", {})]
    return notebook


def write_index(lesson_runs, folder, title):
    """`index.html` in a run's folder: every lesson with its status, its time, its claims and its page."""
    rows = [row(lesson_run, folder) for lesson_run in lesson_runs]
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    page = environment.get_template("index.html.j2").render(
        title=title,
        summary=summary(lesson_runs),
        rows=rows,
        failures=[entry for entry in rows if entry["error"]],
        doubts=[entry for entry in rows if entry["doubts"]],
        own_pictures=any(lesson_run.own_pictures for lesson_run in lesson_runs),
    )
    target = Path(folder, "index.html")
    target.write_text(page, encoding="utf-8")
    return target


def row(lesson_run, folder):
    """What the index page shows of one lesson."""
    lesson, run = lesson_run.lesson, lesson_run.run
    mood, sign = MOODS[lesson_run.status]
    return {
        "title": lesson.title,
        "question": lesson.question,
        "link": quote(run.notebook.with_suffix(".html").relative_to(folder).as_posix()),
        "status": lesson_run.status,
        "mood": mood,
        "sign": sign,
        "seconds": f"{run.seconds:.1f}",
        "budget": f"{lesson.budget_seconds:g}",
        "claims": claims_cell(lesson_run),
        "pictures": lesson_run.own_pictures or "samples",
        "error": run.error,
        "doubts": [claim["text"] for claim in run.claims if not claim["holds"]],
    }


def claims_cell(lesson_run):
    """'3 of 4', or 'none' where the lesson made no claim."""
    made = len(lesson_run.run.claims)
    return f"{lesson_run.holding} of {made}" if made else "none"


def summary(lesson_runs):
    """One sentence: how many lessons ran, in what time, how many claims hold."""
    ended = sum(lesson_run.run.error is None for lesson_run in lesson_runs)
    seconds = sum(lesson_run.run.seconds for lesson_run in lesson_runs)
    budget = sum(lesson_run.lesson.budget_seconds for lesson_run in lesson_runs)
    holding = sum(lesson_run.holding for lesson_run in lesson_runs)
    claims = sum(len(lesson_run.run.claims) for lesson_run in lesson_runs)
    return (
        f"{ended} of {len(lesson_runs)} lessons ran to the end, in {seconds:.0f} s of a budget of {budget:g} s; "
        f"{holding} of {claims} claims hold."
    )


def lesson_table(lesson_runs):
    """The table printed at the end of a run of the lessons."""
    rows = [
        (
            lesson_run.lesson.path.stem,
            lesson_run.status,
            f"{lesson_run.run.seconds:.1f}",
            f"{lesson_run.lesson.budget_seconds:g}",
            claims_cell(lesson_run),
        )
        for lesson_run in lesson_runs
    ]
    return text_table(("lesson", "status", "seconds", "budget", "claims that hold"), rows)


def with_seconds(text, seconds):
    """A text in Markdown with a table of lessons, and in its rows the measured seconds, and their sum in the last one.

    Args:
        text: with rows such as `| [01 Data folders](...) | ... | 15 s | ... |`, and perhaps `| all of them | ... |`.
        seconds: {"01": 16.4, ...}; rows of other lessons stay.
    """
    shown = {}

    def row(found):
        number = found[1]
        if number is None:
            return SECONDS.sub(f"{sum(shown.values())} s", found[0])
        found = SECONDS.sub(f"{seconds[number]:.0f} s", found[0]) if number in seconds else found[0]
        shown[number] = int(SECONDS.search(found)[1])
        return found

    return LESSON_ROW.sub(row, text)


def text_table(header, rows):
    """Rows of texts in columns, numbers to the right."""
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    numeric = [
        bool(rows) and all(re.fullmatch(r"[\d.]+", line[column]) for line in rows) for column in range(len(header))
    ]
    return "\n".join(
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in (header, *rows)
    )
