"""Write a folder with a web page that answers to pictures by an exported model, on the machine of whoever opens it.

    python -m utils.export.page model.onnx my_page

Needs no torch. The first time it needs a network and npm, for onnxruntime-web (33 MB), which is kept for the next page.

Exit codes: 0 when the page is written, 2 when the request cannot be met (a message says why).
"""

import argparse

from utils.commands import CTRL_C, answer, run_as_script
from utils.export.page.writing import LINE, write_page


def main(arguments=None) -> int:
    """Run the command; its exit code."""
    try:
        return answer(_parser(), arguments)
    except KeyboardInterrupt:
        return CTRL_C


def page_command(options):
    """Write the page and say how it is opened."""
    folder = write_page(options.model, options.folder, options.runtime)
    print(f"'{folder}' holds the page. To open it, serve it and leave this line running:")
    print(f"    {LINE} --directory '{folder}'")
    print("Then open http://localhost:8000 in a browser. Whoever gets the folder finds the line in its README.txt.")


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.export.page", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.set_defaults(command=page_command)
    parser.add_argument("model", help="an .onnx file that the course has exported")
    parser.add_argument("folder", help="where the page goes: a new folder, or one with an earlier page")
    parser.add_argument(
        "--runtime", metavar="FOLDER", help="an unpacked onnxruntime-web, where there is no npm or network"
    )
    return parser


if __name__ == "__main__":
    run_as_script(main)
