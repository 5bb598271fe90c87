"""The doctor sees each illness, says what mends it, and survives all of them."""

import json
import os
import shutil
import subprocess
import sys
import types
from importlib import metadata
from pathlib import Path

import pytest

from utils import doctor
from utils.doctor import MISSING, READY, ROOT, WARNING


def run_doctor(*arguments, folder=ROOT, **environment):
    """The doctor's file, run as a user would, in a folder and with environment variables of its own."""
    command = [sys.executable, *arguments, str(ROOT / "utils" / "doctor.py")]
    return captured(command, cwd=folder, env={**os.environ, "PYTHONUTF8": "1", **environment})


def captured(command, **options):
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False, **options)


def without(monkeypatch, module):
    """Makes `import module` fail."""
    monkeypatch.setitem(sys.modules, module, None)


def fake_torch(**parts):
    return types.SimpleNamespace(get_num_threads=lambda: 2, **parts)


def test_this_machine_is_ready(capsys):
    assert doctor.main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= len(doctor.CHECKS) + 1
    assert lines[-1].startswith("Ready")


def test_python_dash_m_runs_the_doctor_from_another_folder():
    done = captured([sys.executable, "-m", "utils.doctor", "--help"], cwd=ROOT / "tests")
    assert done.returncode == 0 and "ready for the course" in done.stdout


# Python and packages


def test_an_old_python_is_told_which_one_to_install(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    monkeypatch.setattr(doctor, "_made_by_make", lambda: False)
    finding = doctor.check_python()
    assert finding.level == MISSING
    assert "3.10.13" in finding.found and "setup PYTHON=python3.11" in finding.mend


def test_the_oldest_supported_python_is_ready(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 11, 0, "final", 0))
    assert doctor.check_python().level == READY


def fake_packages(monkeypatch, requirements, installed):
    def version(name):
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(metadata, "requires", lambda name: requirements)
    monkeypatch.setattr(metadata, "version", version)


def test_all_missing_and_all_old_packages_are_named_at_once(monkeypatch):
    wanted = ["torch>=2.6", "pandas>=2.2.2", "pillow>=11.0", "tqdm>=4.66"]
    fake_packages(monkeypatch, wanted, {"torch": "2.5.1", "pandas": "2.2.2", "pillow": "10.4.0"})
    finding = doctor.check_packages()
    assert finding.level == MISSING and finding.mend
    for part in ("torch 2.5.1, where >=2.6", "pillow 10.4.0, where >=11.0", "tqdm is not installed"):
        assert part in finding.found
    assert "pandas" not in finding.found


@pytest.mark.parametrize("version", ["2.6.0", "2.6.0+cpu", "2.16.0.dev20261101"])
def test_a_cpu_build_and_a_nightly_one_fit_the_range(monkeypatch, version):
    fake_packages(monkeypatch, ["torch>=2.6"], {"torch": version})
    assert doctor.check_packages().level == READY


def test_an_optional_package_may_be_missing(monkeypatch):
    fake_packages(monkeypatch, ["torch>=2.6", 'ruff>=0.9; extra == "dev"'], {"torch": "2.6"})
    finding = doctor.check_packages()
    assert finding.level == READY and "optional: ruff" in finding.found


def test_a_course_that_is_not_installed_gets_the_line_that_installs_it(monkeypatch):
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    monkeypatch.setattr(doctor, "_made_by_make", lambda: False)
    finding = doctor.check_packages()
    assert finding.level == MISSING and "not installed" in finding.found
    assert f'-m pip install -e "{ROOT}[dev]"' in finding.mend


def test_a_foreign_python_is_sent_to_the_one_that_make_made(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "_made_by_make", lambda: True)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert doctor._install_line().startswith(f"use the course's own Python: {ROOT / '.venv'}")
    monkeypatch.setattr(sys, "prefix", str(doctor.VENV))
    monkeypatch.setattr(doctor, "VENV", doctor.VENV.resolve())
    assert doctor._install_line() == f"make -B -C {ROOT} setup"


def test_without_any_package_there_is_a_line_for_each_check_and_no_traceback(tmp_path):
    done = run_doctor("-S", folder=tmp_path)
    assert done.returncode == 1 and done.stderr == ""
    for name in ("packages", "kernel", "GPU", "samples"):
        assert f"✗ {name}: " in done.stdout
    for name in ("Python", "utils", "memory", "cores", "disk"):
        assert f"✓ {name}: " in done.stdout or f"! {name}: " in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Not ready: packages, kernel, GPU, samples.")


# utils


@pytest.mark.parametrize("name", ["utils.py", "utils/__init__.py", "utils/helper.py"])
def test_another_utils_in_the_current_folder_is_found_out(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("raise SystemExit('the foreign utils was run')")
    done = run_doctor(folder=tmp_path)
    culprit = (tmp_path / name.split("/")[0]).resolve()
    assert done.returncode == 1 and "✗ utils: " in done.stdout
    assert f"mv {culprit} {culprit.with_name('other_' + culprit.name)}" in done.stdout
    assert "the foreign utils was run" not in done.stdout + done.stderr


def test_another_utils_on_pythonpath_is_found_out(monkeypatch, tmp_path):
    (tmp_path / "utils.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(ROOT / "tests")  # in the checkout itself ours comes first
    finding = doctor.check_utils()
    assert finding.level == MISSING and str(tmp_path / "utils.py") in finding.found
    assert finding.mend.endswith("PYTHONPATH=")


def test_another_utils_in_the_lessons_folder_is_found_out(monkeypatch):
    seen = {ROOT: ROOT / "utils" / "__init__.py", ROOT / "lessons": ROOT / "lessons" / "utils.py"}
    monkeypatch.setattr(doctor, "_utils_seen_from", seen.get)
    monkeypatch.setattr(Path, "is_dir", lambda self: True)
    monkeypatch.chdir(ROOT)
    finding = doctor.check_utils()
    assert finding.level == MISSING
    assert finding.mend.endswith(f"mv {ROOT / 'lessons' / 'utils.py'} {ROOT / 'lessons' / 'other_utils.py'}")


def test_another_copy_of_the_course_is_answered_with_an_install(tmp_path):
    copy = tmp_path / "utils"
    copy.mkdir()
    (copy / "doctor.py").touch()
    assert doctor._unshadow_line(copy / "__init__.py", ROOT) == doctor._install_line()


def test_a_utils_from_elsewhere_is_named(tmp_path):
    assert str(tmp_path / "utils.py") in doctor._unshadow_line(tmp_path / "utils.py", ROOT)


def test_a_utils_that_is_nowhere_gets_the_line_that_installs_it(monkeypatch):
    monkeypatch.setattr(doctor, "_utils_seen_from", lambda folder: None)
    finding = doctor.check_utils()
    assert finding.level == MISSING and "finds nothing" in finding.found and finding.mend


# The kernel


def write_kernelspec(folder, program):
    """A kernelspec python3 in a Jupyter data folder."""
    spec = {"argv": [str(program), "-m", "ipykernel_launcher"], "display_name": "x", "language": "python"}
    (folder / "kernels" / "python3").mkdir(parents=True)
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))


@pytest.fixture
def jupyter_path(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return tmp_path


def test_a_kernel_of_another_python_is_found_out(jupyter_path):
    other = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
    if sys.prefix == sys.base_prefix:  # no second Python at hand, so a missing one
        other = jupyter_path / "no_python"
    write_kernelspec(jupyter_path, other)
    finding = doctor.check_kernel()
    assert finding.level == MISSING and str(other) in finding.found
    assert finding.mend.endswith("JUPYTER_PATH=")


def test_a_kernel_whose_python_is_gone_is_found_out(jupyter_path):
    write_kernelspec(jupyter_path, jupyter_path / "deleted" / "python")
    assert doctor.check_kernel().level == MISSING


@pytest.mark.parametrize("program", ["python", "python3", sys.executable])
def test_a_kernel_of_this_python_is_ready_wherever_it_lies(jupyter_path, program):
    write_kernelspec(jupyter_path, program)
    assert doctor.check_kernel().level == READY


def test_a_foreign_kernel_inside_this_environment_is_written_anew(monkeypatch):
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    line = doctor._kernel_line(Path(sys.prefix) / "share" / "jupyter" / "kernels" / "python3")
    assert "ipykernel install --sys-prefix --name python3" in line


def test_a_foreign_kernel_of_the_user_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    assert doctor._kernel_line(tmp_path).endswith("JUPYTER_PREFER_ENV_PATH=1")


def test_no_kernel_at_all_is_found_out(monkeypatch):
    from jupyter_client import kernelspec

    def nothing(self, name):
        raise kernelspec.NoSuchKernel(name)

    monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", nothing)
    assert doctor.check_kernel().level == MISSING


# The machine


@pytest.mark.parametrize(
    ("total", "free", "level"),
    [(4.0, 1.0, READY), (3.9, 3.0, WARNING), (16.0, 0.9, WARNING)],
)
def test_little_memory_is_a_warning(monkeypatch, total, free, level):
    monkeypatch.setattr(doctor, "_memory_bytes", lambda: (total * doctor.GB, free * doctor.GB))
    assert doctor.check_memory().level == level


def test_memory_is_the_same_with_and_without_psutil(monkeypatch):
    total, _ = doctor._memory_bytes()
    without(monkeypatch, "psutil")
    if not hasattr(os, "sysconf"):
        assert doctor._memory_bytes() == (None, None)
    else:
        assert doctor._memory_bytes()[0] == pytest.approx(total, rel=0.01)


def test_unknown_memory_is_a_warning(monkeypatch):
    without(monkeypatch, "psutil")
    monkeypatch.delattr(os, "sysconf", raising=False)
    assert doctor.check_memory().level == WARNING


@pytest.mark.parametrize(("text", "limit"), [("2000000000\n", 2e9), ("max\n", float("inf"))])
def test_a_containers_limit_counts(monkeypatch, tmp_path, text, limit):
    (tmp_path / "memory.max").write_text(text)
    assert doctor._container_limit(tmp_path / "memory.max") == limit
    monkeypatch.setattr(doctor, "_container_limit", lambda: limit)
    assert doctor._memory_bytes()[0] <= limit


def test_more_threads_than_cores_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor, "_usable_cores", lambda: 2)
    monkeypatch.setattr(doctor, "_torch_threads", lambda: 3)
    finding = doctor.check_cores()
    assert finding.level == WARNING and finding.mend.endswith("OMP_NUM_THREADS=2")
    monkeypatch.setattr(doctor, "_torch_threads", lambda: 2)
    assert doctor.check_cores().level == READY


def test_a_single_core_is_a_warning(monkeypatch):
    monkeypatch.setattr(doctor, "_usable_cores", lambda: 1)
    monkeypatch.setattr(doctor, "_torch_threads", lambda: 1)
    assert doctor.check_cores().level == WARNING


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux binds a process to cores")
def test_only_the_cores_that_this_process_may_use_count():
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "from utils import doctor; print(doctor._usable_cores())"
    done = captured([sys.executable, "-c", code], cwd=ROOT)
    assert done.stdout == "1\n"


def test_a_missing_torch_is_found_out_and_does_not_stop_the_core_count(monkeypatch):
    without(monkeypatch, "torch")
    monkeypatch.setattr(doctor, "_usable_cores", lambda: 2)
    finding = doctor.check_gpu()
    assert finding.level == MISSING and finding.mend == doctor._install_line()
    assert doctor.check_cores().level == READY


def test_a_torch_that_is_installed_and_broken_is_installed_anew(monkeypatch, tmp_path):
    (tmp_path / "torch.py").write_text("raise OSError('libcudart.so.13: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    finding = doctor.check_gpu()
    assert finding.level == MISSING and "libcudart" in finding.found
    assert finding.mend == doctor._reinstall_line() != doctor._install_line()


@pytest.mark.parametrize("kind", ["cuda", "mps", None])
@pytest.mark.parametrize("old", [True, False], ids=["torch without accelerator", "torch with accelerator"])
def test_a_gpu_is_named_and_none_is_no_fault(monkeypatch, kind, old):
    cuda = types.SimpleNamespace(is_available=lambda: kind == "cuda", get_device_name=lambda index: "a GPU")
    accelerator = types.SimpleNamespace(
        is_available=lambda: kind is not None,
        # A torch built for CUDA says so on a machine without a GPU too.
        current_accelerator=lambda: types.SimpleNamespace(type=kind or "cuda"),
    )
    parts = {"cuda": cuda} if old else {"cuda": cuda, "accelerator": accelerator}
    monkeypatch.setitem(sys.modules, "torch", fake_torch(**parts))
    finding = doctor.check_gpu()
    assert finding.level == READY
    expected = {"cuda": "a GPU", "mps": "none: the course does not need one" if old else "mps"}
    assert finding.found == expected.get(kind, "none: the course does not need one")


def test_a_full_disk_is_a_warning(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=doctor.DISK_WANTED - 1))
    assert doctor.check_disk().level == WARNING
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=doctor.DISK_WANTED))
    assert doctor.check_disk().level == READY


def test_a_course_in_a_folder_that_cannot_be_written_to_is_found_out(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert doctor.check_disk().level == MISSING


# The samples


@pytest.fixture
def samples_copy(monkeypatch, tmp_path):
    """The samples' root, as a copy that a test may damage."""
    from utils.data import samples

    copy = tmp_path / "data_samples"
    shutil.copytree(samples.SAMPLES_ROOT, copy)
    monkeypatch.setattr(samples, "SAMPLES_ROOT", copy)
    return copy


def test_an_intact_copy_of_the_samples_is_ready(samples_copy):
    assert doctor.check_samples().level == READY


def test_a_changed_and_a_missing_sample_are_both_named(samples_copy):
    changed, missing = sorted(samples_copy.glob("digits/**/*.png"))[:2]
    changed.write_bytes(changed.read_bytes() + b"x")
    missing.unlink()
    finding = doctor.check_samples()
    assert finding.level == MISSING and "2 missing or changed" in finding.found
    assert changed.name in finding.found and missing.name in finding.found
    assert finding.mend.endswith("checkout -- data_samples")


# What is printed


def test_a_check_that_fails_in_an_unforeseen_way_becomes_a_line():
    def check():
        raise RuntimeError("first line\nsecond line")

    finding = doctor.examine("disk", check)
    assert finding.level == MISSING and finding.mend
    assert "RuntimeError: first line" in finding.found and "second" not in finding.found


def test_only_what_is_needed_makes_the_exit_code_1(monkeypatch, capsys):
    levels = [READY, WARNING]
    checks = {level: lambda level=level: doctor.Finding(level, level, "x") for level in levels}
    monkeypatch.setattr(doctor, "CHECKS", checks)
    assert doctor.main([]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("Worth a look: warning.")
    checks[MISSING] = lambda: doctor.Finding("torch", MISSING, "x", "mend it")
    assert doctor.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "    → mend it",
        "Not ready: torch. Do what the indented lines say, then run this again. Worth a look: warning.",
    ]


def test_a_console_without_our_signs_gets_plain_letters(tmp_path):
    folder = tmp_path / "目录"  # letters that cp1252 lacks as well
    folder.mkdir()
    (folder / "utils.py").touch()
    done = run_doctor("-S", folder=folder, PYTHONUTF8="0", PYTHONIOENCODING="cp1252")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "X utils: " in done.stdout and "    -> rename it" in done.stdout and "\\u76ee" in done.stdout
    assert done.stdout.isascii()


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", None, "no such encoding"])
def test_signs_fall_back_to_ascii(encoding):
    assert doctor.choose_signs(encoding) == doctor.ASCII_SIGNS


def test_signs_stay_where_the_console_has_them():
    assert doctor.choose_signs("utf-8") == doctor.SIGNS
