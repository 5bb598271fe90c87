"""What the pages of the site have beyond the files they are made of, which people also read elsewhere.

The front page gets the table of contents; a lesson leads on to its exercises; an exercise gets its solution, folded.
"""

import json
import re
from pathlib import Path

TITLE = "Image classification with PyTorch, hands on"
FRONT = "lessons/README"
ENTRANCE = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{TITLE}</title>
<meta http-equiv="refresh" content="0; url={FRONT}.html">
<a href="{FRONT}.html">The path through the course</a>
</html>
"""
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)\)")
WITHIN = re.compile(r"\]\(#([^)\s]+)\)")


def prepare(app, docname, content):
    """Sphinx's event `source-read`: `content` holds the text of a document, and takes the new one."""
    path = Path(app.env.doc2path(docname))
    if path.suffix == ".ipynb":
        notebook = json.loads(content[0])
        complete = with_solutions if path.parent.name == "exercises" else with_exercises
        complete(notebook, path)
        adapt(notebook)
        content[0] = json.dumps(notebook)
    else:
        content[0] = without_folders(content[0], path.parent)
        if docname == FRONT:
            content[0] += contents(path.parent)


def contents(lessons):
    """The tables of contents, in the order of previous and next."""
    names = sorted(path.name for path in lessons.glob("[0-9]*.ipynb"))
    return _tree("The lessons", names) + _tree(
        "The course", ["../README", "../utils/training/README", "../.github/CONTRIBUTING", "../CHANGELOG"]
    )


def _tree(caption, names):
    return "\n\n" + "\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"]) + "\n"


def without_folders(text, folder):
    """A link to a folder, which the site does not show, becomes its words."""
    return LINK.sub(lambda link: link[1] if (folder / link[2]).is_dir() else link[0], text)


def with_exercises(notebook, path):
    """A lesson, followed by its exercises."""
    exercises = path.parent / "exercises" / path.name
    if exercises.exists():
        words = f"Now do [the exercises to this lesson](exercises/{path.name}).\n"
        tree = f"\n```{{toctree}}\n:hidden:\n\nexercises/{path.stem}\n```\n"
        notebook["cells"].append(_markdown("to-the-exercises", words + tree))


def with_solutions(notebook, path):
    """Each exercise, with one solution below its check, folded; the solutions' notebook has it."""
    solved = json.loads((path.parents[1] / "solutions" / path.name).read_text(encoding="utf-8"))
    folded = _solutions(solved["cells"])
    cells = []
    for cell in notebook["cells"]:
        cells.append(cell)
        question = cell["id"].removesuffix("-check")
        if cell["id"].endswith("-check"):
            cells.append(_markdown(f"{question}-solution", folded[question]))
    notebook["cells"] = cells


def _solutions(cells):
    """{question: its solution, folded}."""
    found = {}
    for cell in cells:
        question, _, part = cell["id"].partition("-")
        text = "".join(cell["source"])
        if part == "answer":
            found[question] = f"```python\n{text}\n```\n"
        elif part == "why":
            found[question] += f"\n{text}\n"
    return {
        question: f"<details>\n<summary>One solution</summary>\n\n{text}\n</details>"
        for question, text in found.items()
    }


def adapt(notebook):
    """What JupyterLab does by itself: links within a page by a heading's own words, lines that begin with `!`, and the words
    for who does not see a figure, which myst-nb takes from the cell and not from what it shows."""
    notebook["metadata"]["language_info"]["pygments_lexer"] = "ipython3"
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = WITHIN.sub(lambda link: f"](#{_slug(link[1])})", "".join(cell["source"]))
        else:
            words = [_words(output) for output in cell["outputs"] if _words(output)]
            cell["metadata"]["mystnb"] = {"image": {"alt": " ".join(words)}}


def _words(output):
    return output.get("metadata", {}).get("image/png", {}).get("alt")


def _slug(words):
    """A heading's name in a link, as GitHub makes it."""
    return re.sub(r"[^\w-]", "", words.lower())


def _markdown(name, text):
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": text}
