"""Is this machine ready for the course, and what to do if not: `python -m utils.doctor`.

One function a check, each returning a Finding: what was looked at, what was found, what mends it.
Only the standard library is imported at the top, everything else inside the check that needs it:
a doctor must survive the illness it looks for. In a folder whose own `utils` hides this one, run
the file instead: `python path/to/the/course/utils/doctor.py`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
COURSE = "image-classification-course"
GB = 1_000_000_000
MEMORY_WANTED, MEMORY_FREE_WANTED, DISK_WANTED = 4 * GB, 1 * GB, 2 * GB

READY, WARNING, MISSING = "ready", "warning", "missing"
SIGNS = {READY: "✓", WARNING: "!", MISSING: "✗", "mend": "→"}
ASCII_SIGNS = {READY: "ok", WARNING: "!", MISSING: "X", "mend": "->"}

# What `import utils` would find, without running what it finds.
FIND_UTILS = """import importlib.util
spec = importlib.util.find_spec("utils")
print("" if spec is None else spec.origin or list(spec.submodule_search_locations)[0])"""


@dataclass(frozen=True)
class Finding:
    """What one check found; `mend` is the line to type, empty where nothing is wrong."""

    name: str
    level: str
    found: str
    mend: str = ""


def check_python():
    """The running Python against pyproject's requires-python."""
    # A regular expression: an old Python has no tomllib, and is what this check is for.
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    wanted = re.search(r'requires-python = ">=([\d.]+)"', text).group(1)
    found = "{}.{}.{} at {}".format(*sys.version_info[:3], sys.executable)
    if sys.version_info[:2] >= tuple(map(int, wanted.split("."))):
        return Finding("Python", READY, found)
    mend = f"install Python {wanted} or newer, then: make -C {ROOT} setup PYTHON=python{wanted}"
    found += f", but {wanted} or newer is needed"
    return Finding("Python", MISSING, found, _install_line() if _made_by_make() else mend)


def check_packages():
    """The installed packages against the ranges of pyproject.toml; an optional one may be missing."""
    from importlib import metadata

    from packaging.requirements import Requirement

    try:
        requirements = [Requirement(line) for line in metadata.requires(COURSE) or []]
    except metadata.PackageNotFoundError:
        return Finding("packages", MISSING, f"the course is not installed in {sys.prefix}", _install_line())
    unfit, absent, absent_optional = [], [], []
    for requirement in requirements:
        optional = requirement.marker is not None and not requirement.marker.evaluate({"extra": ""})
        version = _installed_version(requirement.name)
        if version is None:
            (absent_optional if optional else absent).append(requirement.name)
        # prereleases=True: a nightly torch is newer than the bound, not outside of it.
        elif not requirement.specifier.contains(version, prereleases=True):
            unfit.append(f"{requirement.name} {version}, where {requirement.specifier} is wanted")
    faults = [f"{name} is not installed" for name in absent] + unfit
    if faults:
        return Finding("packages", MISSING, "; ".join(faults), _install_line())
    aside = f"; not installed, and optional: {', '.join(absent_optional)}" if absent_optional else ""
    return Finding("packages", READY, f"all needed ones fit the ranges of pyproject.toml{aside}")


def _installed_version(name):
    """The version of an installed package, else None."""
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _install_line():
    """What installs the course: make's way where make built this environment, else pip's."""
    if not _made_by_make():
        return f'{sys.executable} -m pip install -e "{ROOT}[dev]"'
    if Path(sys.prefix).resolve() == VENV:
        return f"make -B -C {ROOT} setup"
    return f"use the course's own Python: {VENV / 'bin' / 'python'} {ROOT / 'utils' / 'doctor.py'}"


def _made_by_make():
    return (VENV / ".ready").exists()


def _reinstall_line():
    """What brings back a torch that is installed and broken, which an installer takes for done."""
    if _made_by_make():
        return f"rm -r {VENV} && make -C {ROOT} setup"
    return f"{sys.executable} -m pip install --force-reinstall torch torchvision"


def check_utils():
    """What `import utils` finds in the current folder and in lessons/: ours, another one, or none."""
    for folder in (Path.cwd(), ROOT / "lessons"):
        if not folder.is_dir():
            continue
        found = _utils_seen_from(folder)
        if found is None:
            return Finding("utils", MISSING, f"`import utils` finds nothing in {folder}", _install_line())
        if found not in (ROOT / "utils", ROOT / "utils" / "__init__.py"):
            found_words = f"in {folder}, `import utils` finds {found} instead of {ROOT / 'utils'}"
            return Finding("utils", MISSING, found_words, _unshadow_line(found, folder))
    return Finding("utils", READY, str(ROOT / "utils"))


def _utils_seen_from(folder):
    """The file (or, without an __init__.py, the folder) that `import utils` would load there, or None."""
    command = [sys.executable, "-c", FIND_UTILS]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    found = done.stdout.strip()
    return Path(found).resolve() if found else None


def _unshadow_line(found, folder):
    """What to type against the `utils` at `found` that hides ours."""
    culprit = found.parent if found.name == "__init__.py" else found
    if culprit.parent == folder.resolve():
        return f"rename it: mv {culprit} {culprit.with_name('other_' + culprit.name)}"
    if str(culprit.parent) in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        return _set_line("PYTHONPATH")
    if (culprit / "doctor.py").exists():  # another copy of the course
        return _install_line()
    return f"remove or rename {culprit} (with pip uninstall, if a package brought it)"


def _set_line(variable, value=""):
    return f"{'set' if os.name == 'nt' else 'export'} {variable}={value}"


def check_kernel():
    """Whether Jupyter's kernel `python3` is this environment's Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        return Finding("kernel", MISSING, "Jupyter has no kernel called python3", _install_line())
    program, folder = spec.argv[0], Path(spec.resource_dir)
    if _prefix_of(program) == Path(sys.prefix).resolve():
        return Finding("kernel", READY, f"python3 is this Python ({folder})")
    found = f"python3 starts {program}, not {sys.executable} (see {folder / 'kernel.json'})"
    return Finding("kernel", MISSING, found, _kernel_line(folder))


def _prefix_of(program):
    """The environment that a kernel's program belongs to, or None where it cannot be run."""
    # jupyter_client puts its own Python in the place of these names.
    if program in {"python", "python3", "python{}.{}".format(*sys.version_info[:2])}:
        return Path(sys.prefix).resolve()
    ask = [program, "-c", "import sys; print(sys.prefix)"]
    try:
        done = subprocess.run(ask, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return Path(done.stdout.strip()).resolve()


def _kernel_line(folder):
    """What to type against the foreign kernelspec in `folder`."""
    extra = [Path(entry).resolve() for entry in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if entry]
    if any(entry in folder.resolve().parents for entry in extra):
        return _set_line("JUPYTER_PATH")
    if Path(sys.prefix).resolve() in folder.resolve().parents:
        return f"{sys.executable} -m ipykernel install --sys-prefix --name python3"
    return _set_line("JUPYTER_PREFER_ENV_PATH", 1)


def check_memory():
    """Memory in all and free; a container's limit counts."""
    total, free = _memory_bytes()
    if total is None:
        return Finding("memory", WARNING, "unknown: psutil is not installed", _install_line())
    found = f"{total / GB:.1f} GB, {free / GB:.1f} GB of it free"
    if total >= MEMORY_WANTED and free >= MEMORY_FREE_WANTED:
        return Finding("memory", READY, found)
    found += f"; {MEMORY_WANTED // GB} GB, {MEMORY_FREE_WANTED // GB} GB of it free, are wanted"
    mend = "close other programs; in a lesson, set a smaller `limit` or `size`"
    return Finding("memory", WARNING, found, mend)


def _memory_bytes():
    """(total, free) in bytes, or (None, None) where neither psutil nor the system tells."""
    try:
        import psutil

        memory = psutil.virtual_memory()
        total, free = memory.total, memory.available
    except ImportError:
        try:
            page = os.sysconf("SC_PAGE_SIZE")
            total, free = page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
        except (AttributeError, ValueError, OSError):
            return None, None
    limit = _container_limit()
    return min(total, limit), min(free, limit)


def _container_limit(file="/sys/fs/cgroup/memory.max"):
    """The memory limit of a Linux container in bytes, else infinity."""
    try:
        return int(Path(file).read_text())
    except (OSError, ValueError):  # no container, or the word "max"
        return float("inf")


def check_cores():
    """Processor cores this process may use, against the threads that torch starts."""
    cores = _usable_cores()
    threads = _torch_threads()
    found = f"{cores}, torch uses {threads} threads" if threads else f"{cores}"
    if threads and threads > cores:
        found += ": more threads than cores is slow"
        return Finding("cores", WARNING, found, _set_line("OMP_NUM_THREADS", cores))
    if cores < 2:
        mend = "nothing to type: the lessons' times are for 2 cores, so allow twice that"
        return Finding("cores", WARNING, found, mend)
    return Finding("cores", READY, found)


def _usable_cores():
    if hasattr(os, "process_cpu_count"):  # Python 3.13
        return os.process_cpu_count()
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _torch_threads():
    try:
        import torch
    except (ImportError, OSError):  # check_gpu tells of it
        return None
    return torch.get_num_threads()


def check_gpu():
    """Whether torch can be imported, and the accelerator that it sees; none is needed."""
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a broken library under torch
        absent = isinstance(error, ModuleNotFoundError) and error.name == "torch"
        mend = _install_line() if absent else _reinstall_line()
        return Finding("GPU", MISSING, f"torch cannot be imported: {_first_line(error)}", mend)
    if not hasattr(torch, "accelerator"):
        kind = "cuda" if torch.cuda.is_available() else None
    else:
        # Without is_available, current_accelerator names what torch was built for, not what is here.
        kind = torch.accelerator.current_accelerator().type if torch.accelerator.is_available() else None
    if kind is None:
        return Finding("GPU", READY, "none: the course does not need one")
    return Finding("GPU", READY, torch.cuda.get_device_name(0) if kind == "cuda" else kind)


def check_disk():
    """Room for results: runs/ can be made, and its disk has space."""
    free = shutil.disk_usage(ROOT).free
    if not os.access(ROOT, os.W_OK):
        mend = f"copy the course to a folder of your own: cp -r {ROOT} ~/course"
        return Finding("disk", MISSING, f"{ROOT} cannot be written to, so runs/ cannot be made there", mend)
    found = f"{free / GB:.1f} GB free in {ROOT}"
    if free >= DISK_WANTED:
        return Finding("disk", READY, found)
    mend = f"delete old results, or give the lessons another output_dir: ls {ROOT / 'runs'}"
    return Finding("disk", WARNING, f"{found}; {DISK_WANTED // GB} GB are wanted", mend)


def check_samples():
    """The sample pictures are there and unchanged."""
    from utils.data import samples
    from utils.errors import named

    damaged = samples.damaged_samples(samples.SAMPLES_ROOT)
    if not damaged:
        return Finding("samples", READY, f"all intact in {samples.SAMPLES_ROOT}")
    found = f"{len(damaged)} missing or changed in {samples.SAMPLES_ROOT}: {named(damaged, most=3)}"
    return Finding("samples", MISSING, found, f"git -C {ROOT} checkout -- data_samples")


CHECKS = {
    "Python": check_python,
    "packages": check_packages,
    "utils": check_utils,
    "kernel": check_kernel,
    "memory": check_memory,
    "cores": check_cores,
    "GPU": check_gpu,
    "disk": check_disk,
    "samples": check_samples,
}


def examine(name, check):
    """The finding of one check; a check that cannot run at all is a finding too."""
    try:
        return check()
    except Exception as error:  # whatever it is: the next checks may still tell what is wrong
        found = f"could not be checked: {type(error).__name__}: {_first_line(error)}"
        return Finding(name, MISSING, found, _install_line())


def _first_line(error):
    return (str(error).splitlines() or [type(error).__name__])[0]


def choose_signs(encoding):
    """The signs that a stream of this encoding can hold: a Windows console may lack ours."""
    try:
        "".join(SIGNS.values()).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return ASCII_SIGNS
    return SIGNS


def show(finding, signs):
    """One line for what was found and, where something is wrong, an indented one that mends it."""
    print(f"{signs[finding.level]} {finding.name}: {finding.found}", flush=True)
    if finding.mend:
        print(f"    {signs['mend']} {finding.mend}", flush=True)


def summary(findings):
    """The last line."""
    missing = [finding.name for finding in findings if finding.level == MISSING]
    warnings = [finding.name for finding in findings if finding.level == WARNING]
    aside = f" Worth a look: {', '.join(warnings)}." if warnings else ""
    if missing:
        return f"Not ready: {', '.join(missing)}. Do what the indented lines say, then run this again.{aside}"
    return f"Ready: nothing that the course needs is missing.{aside}"


def main(arguments=None):
    """Run every check, print what was found; 1 if something needed is missing, else 0."""
    says = {"description": __doc__.splitlines()[0], "epilog": "Exit code 1: something needed is missing."}
    argparse.ArgumentParser(prog="python -m utils.doctor", **says).parse_args(arguments)
    if hasattr(sys.stdout, "reconfigure"):
        # A folder's name may hold letters that the console lacks.
        sys.stdout.reconfigure(errors="backslashreplace")
    signs, findings = choose_signs(sys.stdout.encoding), []
    for name, check in CHECKS.items():
        findings.append(examine(name, check))
        show(findings[-1], signs)
    print(summary(findings))
    return int(any(finding.level == MISSING for finding in findings))


if __name__ == "__main__":
    sys.exit(main())
