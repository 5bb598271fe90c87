"""Write a trained model to a file that runs elsewhere, and say how its answers compare with PyTorch's.

The suffix says the format: .onnx, .tflite or .pt2. A file whose answers differ is not written.

Exit codes: 0 when the file is there, 2 when it cannot be (a message says why).
"""

import argparse
import sys

from utils.commands import answer, run_as_script
from utils.errors import CourseError, named


def main(arguments=None) -> int:
    """Run the command; its exit code."""
    return answer(_parser(), arguments)


def export_command(options):
    """Write the file and say what came of it."""
    from utils.export.exporting import export  # slow to import: not for --help

    if options.precision == "int8" and options.calibration is None:
        raise CourseError("int8 needs pictures to learn how large the numbers between the layers become: "
                          "--calibration FOLDER, with a hundred such as the model will see, from training.")  # fmt: skip
    calibration, samples = (
        None if folder is None else _pictures_of(folder) for folder in (options.calibration, options.samples)
    )
    print(
        export(options.checkpoint, options.out, precision=options.precision, calibration=calibration, samples=samples)
    )
    return 0


def _pictures_of(folder):
    """The image table of all pictures below a folder; those that cannot be read are told and left out."""
    from utils.data.tables import scan  # as slow

    table, problems = scan(folder, labelled=False, progress=False)
    left_out = problems[problems["left_out"]]
    if len(left_out):
        print(f"Left out, in '{folder}': {named(left_out['path'], 3)}.", file=sys.stderr)
    return table


def _parser():
    parser = argparse.ArgumentParser(prog="python -m utils.export", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)  # fmt: skip
    parser.set_defaults(command=export_command)
    parser.add_argument("checkpoint", help="a checkpoint of the course, best.safetensors of a training for instance")
    parser.add_argument(
        "out", help="the file; <out>.json beside it says how pictures are prepared and what the classes are"
    )
    parser.add_argument("--precision", default="float32", help="float32 (as it is), float16 or int8")
    parser.add_argument("--calibration", metavar="FOLDER", help="for int8: pictures of the training, in subfolders too")
    parser.add_argument("--samples", metavar="FOLDER", help="pictures to compare the answers on (some of the course's)")
    return parser


if __name__ == "__main__":
    run_as_script(main)
