"""Settings of the course's web site, `make site`: what Sphinx and myst-nb make of the executed notebooks.

Nothing of a page is fetched from elsewhere: MathJax lies among the site's files, pictures inside the pages.
"""

import os
import shutil
import sys
from pathlib import Path

from sphinx.errors import ConfigError

from utils.errors import CourseError
from utils.npm import NpmFiles

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for pages.py, beside this file

import pages  # noqa: E402

MATHJAX = NpmFiles(
    "mathjax",
    "3.2.2",  # the last one with the letters in the same file
    ".",
    {
        "es5/tex-svg.js": "d4295dc33744836935c1399feece5159577b34c5c8ffb9f1c6324cd82e03a882",
        "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
    },
    needed_by="The site",
    named_by="make site MATHJAX=FOLDER",
)

project = html_title = pages.TITLE
language = "en"
root_doc = pages.FRONT
include_patterns = ["README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md", "utils/training/README.md",
                    "lessons/README.md", "lessons/[0-9]*.ipynb", "lessons/exercises/[0-9]*.ipynb"]  # fmt: skip
exclude_patterns = [".git", ".venv", "data_samples", "my_exercises", "runs", "tests"]  # not even looked through
extensions = ["myst_nb", "sphinx.ext.mathjax", "sphinx.ext.githubpages"]

nb_execution_mode = "off"  # they are executed, and tested to be as they are
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3  # links to a heading, named as GitHub names them

html_theme = "sphinx_book_theme"
html_theme_options = {
    "home_page_in_toc": True,
    "use_download_button": True,
    "navbar_persistent": [],  # a second field to search in, above the one beside the page
    "footer_content_items": [],
}
html_static_path = ["static"]
html_css_files = ["course.css"]
html_show_copyright = html_show_sphinx = False
mathjax_path = "mathjax/es5/tex-svg.js"
mathjax3_config = {"options": {"enableMenu": False}}  # its menu would load more from elsewhere


def setup(app):
    """Sphinx's hook: what is done beside the settings."""
    app.connect("config-inited", _find_mathjax)
    app.connect("source-read", pages.prepare)
    app.connect("build-finished", _complete)


def _find_mathjax(app, config):
    try:
        app.mathjax = MATHJAX.folder(os.environ.get("MATHJAX"))
    except CourseError as error:
        raise ConfigError(str(error)) from error


def _complete(app, exception):
    if exception is None:
        for name in MATHJAX.digests:
            place = Path(app.outdir, "_static", "mathjax", name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(app.mathjax / name, place)
        Path(app.outdir, "index.html").write_text(pages.ENTRANCE, encoding="utf-8")
