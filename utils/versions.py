"""Which versions made a result, to be kept with it; and packages that need not be there."""

import importlib
import platform
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from utils.errors import CourseError


def installed_versions(*packages: str) -> dict[str, str]:
    """The version of Python and of each package; "not installed" where it is missing."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def optional_module(name: str, what: str, instead: str) -> ModuleType:
    """A module of a package that the course does without; a CourseError with the line that installs it where it is missing.

    Args:
        name: "timm.optim".
        what: needs it, with its verb: "The optimiser 'ranger' comes".
        instead: what to take where it cannot be had.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise CourseError(f"{what} from the package {package}, which is not installed here. "
                          f"Install it: pip install {package}   Or take {instead}.") from error  # fmt: skip
