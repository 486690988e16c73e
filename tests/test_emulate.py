"""A zip is built and run as Gradescope does it: each step, each way of failing, with tiny zips."""

import json
import os
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from autograder import emulate
from autograder.emulate import layout, local, outcome, processes
from autograder.errors import EmulatorError

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="the emulator works on Linux only, and says so"
)

GOOD_RUN = """\
#!/usr/bin/env bash
root="${AUTOGRADER_ROOT:-/autograder}"
echo '{"tests": [{"score": 2, "max_score": 3, "name": "a"}, {"score": 1.5, "name": "b"}]}' \
    > "$root/results/results.json"
"""


def make_zip(folder: Path, run: str = GOOD_RUN, setup: str = "echo ready\n", **others: str) -> Path:
    """An autograder zip with these two programs and other files."""
    path = folder / "tiny.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {"setup.sh": setup, "run_autograder": run, **others}.items():
            archive.writestr(name, text)
    return path


def results_of(python: str) -> str:
    """A run_autograder that runs Python code with the root as `root`."""
    head = "import json, os, pathlib, subprocess, sys, time\n"
    return f"#!{sys.executable}\n{head}root = pathlib.Path(os.environ['AUTOGRADER_ROOT'])\n{python}\n"


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """A folder with one file."""
    folder = tmp_path / "handed_in"
    folder.mkdir()
    (folder / "losses.py").write_text("b = 2\n")
    return folder


@pytest.fixture
def emulator(tmp_path: Path) -> emulate.Emulator:
    """An emulator with a fresh root."""
    return emulate.Emulator(tmp_path / "root")


@pytest.fixture
def run(tmp_path, emulator, submission):
    """Builds a zip with this run_autograder, and runs it."""

    def build_and_run(program: str, **arguments) -> emulate.EmulatedRun:
        emulator.build(make_zip(tmp_path, program))
        return emulator.run(submission, **{"cpus": 2, **arguments})

    return build_and_run


# The build


def test_the_root_is_laid_out_as_gradescope_s(tmp_path, emulator):
    """Source, copy of run_autograder with run bit, empty folders."""
    emulator.build(make_zip(tmp_path, **{"tiny/assignment.toml": ""}))

    base = tmp_path / "root" / "autograder"
    found = {str(path.relative_to(base)) for path in base.rglob("*")} - {".image"}
    assert found == {
        *("source", "source/setup.sh", "source/run_autograder", "source/tiny", "source/tiny/assignment.toml"),
        *("run_autograder", "submission", "results"),
    }
    assert stat.S_IMODE((base / "run_autograder").stat().st_mode) == 0o755


def test_the_real_root_is_used_as_it_is():
    """/autograder is Gradescope's own path, so nothing is put below it."""
    assert emulate.Emulator(Path("/autograder")).base == Path("/autograder")


def test_setup_sees_a_bare_environment(tmp_path, emulator, monkeypatch):
    """Nothing of the caller's environment gets in, but how to reach the package index."""
    monkeypatch.setenv("SECRET", "1")
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example")

    build = emulator.build(make_zip(tmp_path, setup="pwd; env | sort\n"))

    lines = set(build.log.splitlines())
    base = tmp_path / "root" / "autograder"
    assert {
        str(base),
        f"AUTOGRADER_ROOT={base}",
        "HOME=/root",
        "PIP_INDEX_URL=https://index.example",
    } <= lines
    assert not any(line.startswith(("SECRET=", "AUTOGRADER_PYTHON=", "VIRTUAL_ENV=")) for line in lines)


def test_another_interpreter_reaches_setup(tmp_path):
    """The image's Python can be chosen."""
    emulator = emulate.Emulator(tmp_path / "root", python="/opt/python")

    assert emulator.build(make_zip(tmp_path, setup="echo $AUTOGRADER_PYTHON")).log == "/opt/python\n"


def test_windows_line_endings_of_the_programs_are_mended(tmp_path, emulator, submission):
    """As dos2unix does on Gradescope."""
    zip_path = make_zip(tmp_path, GOOD_RUN.replace("\n", "\r\n"), setup="set -e\r\necho ready\r\n")

    assert emulator.build(zip_path).log == "ready\n"
    assert emulator.run(submission, cpus=2).score == 3.5


def test_an_unchanged_zip_is_not_built_again(tmp_path, emulator):
    """The same bytes use the image that is there; other bytes make a fresh one."""
    first = emulator.build(make_zip(tmp_path))
    again = emulator.build(make_zip(tmp_path))
    (emulator.base / "source" / "left_over").touch()
    other = emulator.build(make_zip(tmp_path, setup="echo other\n"))

    assert (first.reused, again.reused, other.reused) == (False, True, False)
    assert first.sha256 == again.sha256 != other.sha256
    assert not (emulator.base / "source" / "left_over").exists()


def test_progress_is_told_step_by_step(tmp_path, submission):
    """Unpacking, each line of setup.sh, the run."""
    lines = []
    emulator = emulate.Emulator(tmp_path / "root", progress=lines.append)
    emulator.build(make_zip(tmp_path, setup="echo one; echo two\n"))
    emulator.run(submission, cpus=2)

    assert lines == ["unpacking tiny.zip", "one", "two", "running handed_in"]


def test_a_failing_setup_is_an_error_with_its_last_lines(tmp_path, emulator):
    """And the next build starts afresh."""
    bad = make_zip(tmp_path, setup="for i in $(seq 30); do echo line $i; done; echo why >&2; exit 3\n")

    with pytest.raises(EmulatorError) as caught:
        emulator.build(bad)
    assert caught.value.problem.startswith("setup.sh failed with exit status 3; its last lines:\n  line 17\n")
    assert caught.value.problem.endswith("\n  line 30\n  why\n")
    assert caught.value.remedy == "Correct what it names, then build again."
    assert not emulator.build(make_zip(tmp_path)).reused


def test_a_setup_that_never_ends_is_killed(tmp_path, emulator, monkeypatch):
    """With everything that it has started."""
    monkeypatch.setattr(local, "BUILD_SECONDS", 0.5)

    with pytest.raises(
        EmulatorError, match=r"setup.sh failed with exit status -9.*\n  \(it printed nothing\)"
    ):
        emulator.build(make_zip(tmp_path, setup="sleep 60\n"))


@pytest.mark.parametrize("missing", ["setup.sh", "run_autograder"])
def test_a_zip_of_the_folder_instead_of_the_files_is_refused(tmp_path, emulator, missing):
    """Gradescope's classic failure, with its classic remedy."""
    path = tmp_path / "folder.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in {"setup.sh", "run_autograder"} - {missing}:
            archive.writestr(name, "")
        archive.writestr(f"folder/{missing}", "")

    with pytest.raises(EmulatorError) as caught:
        emulator.build(path)
    assert caught.value.problem == f"There is no {missing} at the root of the zip."
    assert caught.value.remedy == "Zip the files, not the folder that they are in."


def test_a_missing_zip_says_how_to_get_one(tmp_path, emulator):
    """The usual reason is that nothing was built."""
    with pytest.raises(
        EmulatorError, match=r"no.zip: There is no such zip. Build it first: autograder bundle."
    ):
        emulator.build(tmp_path / "no.zip")


def test_a_file_that_is_no_zip_says_so(tmp_path, emulator):
    """With what unpacking says."""
    (tmp_path / "bad.zip").write_text("hello")

    with pytest.raises(
        EmulatorError, match=r"It cannot be unpacked \(File is not a zip file\). Make the zip"
    ):
        emulator.build(tmp_path / "bad.zip")


def test_a_root_that_holds_something_else_is_left_alone(tmp_path, emulator):
    """Nobody's files are deleted for an emulator's root."""
    emulator.base.mkdir(parents=True)
    (emulator.base / "thesis.tex").touch()

    with pytest.raises(EmulatorError, match=r"This folder holds something else. Choose another root."):
        emulator.build(make_zip(tmp_path))
    assert (emulator.base / "thesis.tex").exists()


def test_a_root_that_cannot_be_made_says_why(tmp_path):
    """Such as a file of that name."""
    (tmp_path / "file").touch()

    with pytest.raises(
        EmulatorError, match=r"This folder cannot be made \(Not a directory\). Choose another"
    ):
        emulate.Emulator(tmp_path / "file").build(make_zip(tmp_path))


def test_another_system_is_told_what_to_do(tmp_path, emulator, monkeypatch):
    """A teaching assistant on a Mac can use Docker."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(local.platform, "system", lambda: "Darwin")

    with pytest.raises(EmulatorError, match=r"This is Darwin. Run it on Linux, or with --docker IMAGE."):
        emulator.build(make_zip(tmp_path))


# The run


def test_a_run_returns_the_results_and_their_sum(run):
    """The plain case."""
    found = run(GOOD_RUN + "echo hello; echo trouble >&2\n")

    assert [test["name"] for test in found.results["tests"]] == ["a", "b"]
    assert found.score == 3.5
    assert found.stdout == "hello\ntrouble\n"
    assert (found.exit_status, found.timed_out, found.leftovers, found.changed) == (0, False, (), ())
    assert found.out_of_memory == 0
    assert 0 < found.seconds < 30


def test_a_score_at_the_top_overrides_the_sum(run):
    """As on Gradescope."""
    assert (
        run(results_of("(root / 'results/results.json').write_text('{\"score\": 7, \"tests\": []}')")).score
        == 7
    )


def test_run_autograder_finds_what_the_harness_leaves(run, submission):
    """Working directory, submission, empty results, metadata, environment."""
    found = run(
        results_of(
            "found = {'cwd': os.getcwd(), 'env': dict(os.environ), 'parent': os.getppid(),\n"
            "  'submission': os.listdir('submission'), 'results': os.listdir('results'),\n"
            "  'metadata': json.load(open('submission_metadata.json'))}\n"
            "json.dump({'score': 0, 'extra_data': found}, open('results/results.json', 'w'))"
        ),
        layers_off=("landlock", "seccomp"),
    ).results["extra_data"]

    base = submission.parent / "root" / "autograder"
    assert found["cwd"] == str(base)
    assert found["parent"] == os.getpid()
    assert found["submission"] == ["losses.py"]
    assert found["results"] == ["stdout"]
    assert found["env"].items() >= {
        ("HOME", "/root"),
        ("AUTOGRADER_ROOT", str(base)),
        ("AUTOGRADER_LAYERS_OFF", "landlock,seccomp"),
        ("GRADESCOPE_HARNESS_TOKEN", "not-a-real-token"),
    }
    assert not found["env"].keys() & {"VIRTUAL_ENV", "PYTEST_CURRENT_TEST"}
    assert found["metadata"] == layout.METADATA


def test_metadata_of_one_s_own_is_passed_on(run, tmp_path):
    """Such as that of a real submission."""
    (tmp_path / "mine.json").write_text('{"id": 7}')
    show = results_of(
        "(root / 'results/results.json').write_bytes((root / 'submission_metadata.json').read_bytes())"
    )

    assert run(show, metadata=tmp_path / "mine.json").results == {"id": 7}


def test_a_second_run_finds_nothing_of_the_first(run, emulator, submission):
    """Both folders are emptied, also of what was locked or linked."""
    litter = "mkdir -m 0 results/dir; ln -s / submission/link; touch results/left submission/left\n"
    first = run(GOOD_RUN + litter + "ls results submission\n")
    second = emulator.run(submission, cpus=2)

    assert "left" in first.stdout
    assert first.stdout == second.stdout


def test_a_zip_of_a_submission_is_unpacked(emulator, tmp_path):
    """With folders, modes and links, and nothing outside submission/."""
    zip_path = tmp_path / "handed_in.zip"
    with zipfile.ZipFile(zip_path, "w") as archive:
        archive.writestr("sub/losses.py", "b = 2")
        archive.writestr("../../escaped.py", "c = 3")
        link = zipfile.ZipInfo("link.py")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    emulator.build(
        make_zip(
            tmp_path, GOOD_RUN + "find submission -type f -o -type l | sort; readlink submission/link.py\n"
        )
    )

    assert emulator.run(zip_path, cpus=2).stdout.splitlines() == [
        *("submission/escaped.py", "submission/link.py", "submission/sub/losses.py", "/etc/passwd"),
    ]
    assert not (tmp_path / "escaped.py").exists()


def test_links_and_pipes_of_a_folder_arrive_as_they_are(run, submission):
    """A hostile submission must reach the autograder whole."""
    (submission / "link.py").symlink_to("/etc/passwd")
    os.link(submission / "losses.py", submission / "hard.py")
    os.mkfifo(submission / "pipe.py")

    found = run(GOOD_RUN + "cd submission; stat --format '%n %F %h' *\n")

    assert found.stdout.splitlines() == [
        "hard.py regular file 2",
        "link.py symbolic link 1",
        "losses.py regular file 2",
        "pipe.py fifo 1",
    ]


def test_a_single_file_is_a_submission(emulator, submission, tmp_path):
    """As when one file is dragged onto the page."""
    emulator.build(make_zip(tmp_path, GOOD_RUN + "ls submission\n"))

    assert emulator.run(submission / "losses.py", cpus=2).stdout == "losses.py\n"


def test_a_run_without_an_image_says_so(emulator, submission):
    """Build first."""
    with pytest.raises(EmulatorError, match=r"There is no image here. Build one from a zip first."):
        emulator.run(submission)


def test_a_missing_submission_says_so(run, tmp_path, emulator):
    """And a missing metadata file."""
    run(GOOD_RUN)
    with pytest.raises(EmulatorError, match=r"There is no such submission. Name a folder, a zip or a file."):
        emulator.run(tmp_path / "nothing")
    with pytest.raises(
        EmulatorError, match=r"There is no such file. Name a JSON file, or leave --metadata out."
    ):
        run(GOOD_RUN, metadata=tmp_path / "nothing.json")


def test_a_submission_that_unpacks_to_more_than_a_disk_holds_is_refused(run, tmp_path, emulator, monkeypatch):
    """The machine is the user's own."""
    run(GOOD_RUN)
    monkeypatch.setattr(layout, "MAX_UNPACKED", 1000)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 1001)

    with pytest.raises(EmulatorError, match=r"bomb.zip: Unpacked, it is larger than 1 GiB. Leave data out"):
        emulator.run(tmp_path / "bomb.zip")


# Results


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "1", '{"score": NaN}', "\udcff", "[" * 100_000, '{"score": 1} {"score": 2}'],
    ids=["empty", "half", "list", "number", "nan", "not UTF-8", "deep", "two"],
)
def test_invalid_results_score_0(tmp_path, content):
    """Whatever is wrong with them."""
    path = tmp_path / "results.json"
    path.write_bytes(content.encode(errors="surrogateescape"))

    assert outcome.read_results(path) == {"score": 0, "output": outcome.BAD_RESULTS}


def test_missing_results_score_0(run):
    """The student is told that it is not theirs to solve."""
    assert run("#!/bin/sh\nexit 4\n").results == {"score": 0, "output": outcome.NO_RESULTS}


def test_nul_bytes_become_replacement_characters(run):
    """In results and in what was printed."""
    found = run(
        results_of(
            "print('a\\0b')\n"
            "json.dump({'output': 'c\\0', 'tests': [{'name': '\\0', 'tags': ['\\0'], 'output': '\\0d'}]},"
            " open('results/results.json', 'w'))"
        )
    )

    assert found.stdout == "a\ufffdb\n"
    assert found.results == {
        "output": "c\ufffd",
        "tests": [{"name": "\ufffd", "tags": ["\ufffd"], "output": "\ufffdd"}],
    }


def test_long_texts_lose_their_middle(run):
    """At 100,000 characters; what is exactly as long stays."""
    found = run(
        results_of(
            "print('a' * 100_000 + 'z' * 99_999)\n"
            "json.dump({'output': 'b' * 100_000, 'tests': [{'name': 'n', 'output': 'c' * 100_001}]},"
            " open('results/results.json', 'w'))"
        )
    )

    for text in (found.stdout, found.results["tests"][0]["output"]):
        assert len(text) == 100_000
        assert text.count("[...(truncated)...]") == 1
    assert found.stdout.startswith("a" * 49_990)
    assert found.stdout.endswith("z" * 49_989 + "\n")
    assert found.results["output"] == "b" * 100_000


def test_output_that_is_not_text_is_passed_on(tmp_path):
    """Bytes that are not UTF-8 are replaced, not an error."""
    (tmp_path / "stdout").write_bytes(b"a\xffb")

    assert outcome.read_stdout(tmp_path / "stdout") == "a\ufffdb"
    assert outcome.read_stdout(tmp_path / "none") == ""


# Time, memory, processes


def test_a_timeout_kills_the_direct_child_only_and_replaces_the_results(run):
    """Partial results are lost, and what the child started lives on."""
    found = run(GOOD_RUN + "sleep 61 & sleep 62\n", timeout=1)

    assert found.results == {
        "score": 0,
        "output": "Your submission timed out. It took longer than 1 seconds to run.",
    }
    assert (found.timed_out, found.exit_status) == (True, -9)
    assert 1 <= found.seconds < 10
    assert [name.split()[0] for name in found.leftovers] == ["sleep", "sleep"]


def test_a_daemon_is_a_leftover_and_is_killed(run, tmp_path):
    """Also when it has left its parent, its session and its environment behind."""
    found = run(
        GOOD_RUN + f"setsid env -i sh -c 'echo $$ > {tmp_path}/pid; sleep 63' > /dev/null 2>&1 & sleep 0.5\n"
    )

    assert sorted(name.split()[0] for name in found.leftovers) == ["sh", "sleep"]
    assert "of user" in found.leftovers[0]
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_processes_of_others_are_not_touched(run):
    """Only what the run has started."""
    with subprocess.Popen(["sleep", "64"]) as mine:
        found = run(GOOD_RUN)
        assert mine.poll() is None
        mine.kill()
    assert found.leftovers == ()


def test_killing_the_own_process_group_does_not_reach_us(run):
    """The run is a session of its own."""
    assert run("#!/bin/sh\nkill -9 0\n").exit_status == -9


def test_a_change_to_the_image_is_told_and_undone_by_the_next_build(run, tmp_path, emulator):
    """A file that was changed, one that is new, one that is gone; caches of bytecode do not count."""
    found = run(
        GOOD_RUN + "cd ..; cd autograder; echo >> run_autograder; touch source/new; rm source/setup.sh\n"
        "mkdir source/__pycache__; touch source/__pycache__/x.pyc\n"
    )

    assert found.changed == ("run_autograder", "source/new", "source/setup.sh")
    assert not emulator.build(tmp_path / "tiny.zip").reused


def test_peak_memory_counts_the_whole_tree_once(run):
    """100 MiB in a child, and nothing twice for a fork that shares its pages."""
    hold = (
        "held = bytearray(b'x') * (100 * 2**20)\n"
        "if os.fork():\n    os.wait()\n    (root / 'results/results.json').write_text('{}')\n"
        "else:\n    time.sleep(0.6)"
    )

    assert 100 <= run(results_of(hold)).peak_memory_mb < 190


def limits_hold(what: str) -> bool:
    """Whether this system lets us make a control group with that limit."""
    limits = processes.Limits(64, 0.5)
    limits.close()
    return not any(what in sentence for sentence in limits.missing)


def test_the_memory_limit_kills_and_is_counted_or_its_absence_is_told(run):
    """A hard cap for all processes together, as a container's."""
    found = run(
        results_of("subprocess.run([sys.executable, '-c', 'x = bytearray(b\"x\") * (200 * 2**20)'])"),
        memory_mb=64,
    )

    told = "The memory limit of 64 MiB does not hold: no control group for it can be made here."
    assert (found.out_of_memory > 0) == limits_hold("memory limit")
    assert (told in found.not_emulated) == (found.out_of_memory == 0)


def test_the_processor_limit_slows_down_or_its_absence_is_told(run):
    """A tenth of a processor makes 0.2 s of work take about 2 s."""
    work = "end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    found = run(results_of(work), cpus=0.1)

    told = "The limit of 0.1 CPUs does not hold: no control group for it can be made here."
    holds = limits_hold("CPUs")
    assert (told in found.not_emulated) != holds
    assert found.seconds > (1 if holds else 0.2)


def test_control_groups_are_removed(run):
    """Nothing of a run stays in the kernel."""
    run(GOOD_RUN)
    own = [parent for name in ("memory", "cpu", "") for parent in processes._parents(name) if parent.is_dir()]

    assert not [group for parent in own for group in parent.glob(f"autograder-{os.getpid()}-*")]


def fake_groups(root: Path, version: int) -> tuple[Path, Path]:
    """A /sys/fs/cgroup and a /proc that offer this version of control groups, 0 for none."""
    groups, proc = root / "cgroup", root / "proc"
    (proc / "self").mkdir(parents=True)
    lines = {0: "", 1: "3:memory:/own\n2:cpu,cpuacct:/own\n", 2: "0::/own\n"}[version]
    (proc / "self" / "cgroup").write_text(lines)
    for parent in {0: [], 1: ["memory/own", "cpu/own"], 2: ["own"]}[version]:
        (groups / parent).mkdir(parents=True)
    return groups, proc


@pytest.mark.parametrize(
    ("version", "written"),
    [
        (0, {}),
        (
            1,
            {
                "memory.limit_in_bytes": "1048576",
                "memory.memsw.limit_in_bytes": "1048576",
                "cpu.cfs_quota_us": "50000",
                "cpu.cfs_period_us": "100000",
            },
        ),
        (2, {"memory.max": "1048576", "memory.swap.max": "0", "cpu.max": "50000 100000"}),
    ],
)
def test_limits_are_written_by_either_version_of_control_groups(tmp_path, monkeypatch, version, written):
    """In version 2 one group has both limits, since a process is in one group only."""
    groups, proc = fake_groups(tmp_path, version)
    monkeypatch.setattr(processes, "CGROUPS", groups)
    monkeypatch.setattr(processes, "PROC", proc)
    real = Path.mkdir

    def mkdir(path, *arguments, **options):  # the kernel fills a new group with control files
        real(path, *arguments, **options)
        for name in written:
            if version == 2 or name.startswith(path.parents[1].name):
                (path / name).touch()

    monkeypatch.setattr(Path, "mkdir", mkdir)
    limits = processes.Limits(memory_mb=1, cpus=0.5)

    assert {path.name: path.read_text() for door in limits.doors for path in door.parent.iterdir()} == written
    assert len(limits.doors) == version % 2 * 2 + (version == 2)
    assert len(limits.missing) == (2 if version == 0 else 0)


def test_what_is_not_like_gradescope_is_said(run):
    """Always the container; here also the path."""
    found = run(GOOD_RUN).not_emulated

    assert any(sentence.startswith("The image is this machine (") for sentence in found)
    assert "There is no container: the machine's other files and processes can be seen." in found
    assert any(sentence.endswith("so AUTOGRADER_ROOT is set.") for sentence in found)


# Docker, by a stand-in that keeps what it was asked


FAKE_DOCKER = """\
#!{python}
import json, os, pathlib, sys, time
home = pathlib.Path({home!r})
with (home / "asked").open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
if sys.argv[1] == {failing!r}:
    sys.exit("Cannot connect to the engine")
if sys.argv[1] == "start":
    print("printed")
    sys.stdout.flush()
    time.sleep({seconds})
if sys.argv[1] == "cp" and sys.argv[2].endswith("results.json"):
    (pathlib.Path(sys.argv[3]) / "results.json").write_text('{{"score": 5}}')
if sys.argv[1] == "inspect":
    print("137 true")
"""


@pytest.fixture
def fake_docker(tmp_path, monkeypatch):
    """Puts a stand-in for docker on PATH; returns how to set it up and what it was asked."""

    def install(seconds: float = 0, failing: str = "") -> Path:
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(
            FAKE_DOCKER.format(python=sys.executable, home=str(tmp_path), seconds=seconds, failing=failing)
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")
        return tmp_path / "asked"

    return install


def asked(path: Path) -> list[list[str]]:
    """The commands, with the container's name as NAME."""
    commands = [json.loads(line) for line in path.read_text().splitlines()]
    name = next(command[2] for command in commands if command[0] == "create")
    return [[word.replace(name, "NAME") for word in command] for command in commands]


def test_docker_builds_and_runs_the_steps(tmp_path, submission, fake_docker):
    """A fresh container with limits; files are copied in and out, so that a far engine works too."""
    log, root = fake_docker(), tmp_path / "root"
    emulator = emulate.DockerEmulator("base:22.04", root)
    zip_path = make_zip(tmp_path)
    tag = f"autograder-emulator:{emulator.build(zip_path).sha256[:16]}"

    found = emulator.run(submission, memory_mb=512, cpus=0.5, layers_off=["seccomp"])

    assert asked(log) == [
        ["build", "--tag", tag, f"{root}/context"],
        [
            *("create", "--name", "NAME", "--memory", "512m", "--memory-swap", "512m", "--cpus", "0.5"),
            *("--env=GRADESCOPE_HARNESS_TOKEN=not-a-real-token", "--env=AUTOGRADER_LAYERS_OFF=seccomp"),
            *(tag, "/autograder/run_autograder"),
        ],
        ["cp", f"{root}/submission/.", "NAME:/autograder/submission"],
        ["cp", f"{root}/submission_metadata.json", "NAME:/autograder/submission_metadata.json"],
        ["start", "--attach", "NAME"],
        ["cp", "NAME:/autograder/results/results.json", f"{root}/results"],
        ["inspect", "--format", "{{.State.ExitCode}} {{.State.OOMKilled}}", "NAME"],
        ["rm", "--force", "NAME"],
    ]
    assert (found.score, found.stdout, found.exit_status, found.out_of_memory) == (5, "printed\n", 137, 1)
    assert found.peak_memory_mb is None
    assert len(found.not_emulated) == 3


def test_the_dockerfile_follows_gradescope_s_steps(tmp_path, fake_docker):
    """Base image, source, copy, setup.sh with package lists, cleaning up."""
    fake_docker()
    emulate.DockerEmulator("base:22.04", tmp_path / "root").build(make_zip(tmp_path))
    context = tmp_path / "root" / "context"

    lines = (context / "Dockerfile").read_text().splitlines()
    assert lines[0] == "FROM base:22.04"
    assert lines[1] == "COPY source /autograder/source"
    assert "    && apt-get update && bash /autograder/source/setup.sh && apt-get clean \\" in lines
    assert {path.name for path in (context / "source").iterdir()} == {"setup.sh", "run_autograder"}


def test_docker_s_timeout_ends_the_container(tmp_path, submission, fake_docker):
    """And replaces the results."""
    log = fake_docker(seconds=2)
    emulator = emulate.DockerEmulator("base:22.04", tmp_path / "root")
    emulator.build(make_zip(tmp_path))

    found = emulator.run(submission, timeout=0.5)

    assert [command[0] for command in asked(log)][-4:] == ["start", "kill", "inspect", "rm"]
    assert found.timed_out
    assert found.results["score"] == 0


@pytest.mark.parametrize("failing", ["build", "create"])
def test_a_docker_command_that_fails_is_an_error(tmp_path, submission, fake_docker, failing):
    """With what docker said."""
    fake_docker(failing=failing)
    emulator, zip_path = emulate.DockerEmulator("base:22.04", tmp_path / "root"), make_zip(tmp_path)

    def both_steps() -> None:
        emulator.build(zip_path)
        emulator.run(submission)

    with pytest.raises(EmulatorError) as caught:
        both_steps()
    assert caught.value.place == f"docker {failing}"
    assert caught.value.problem.endswith("exit status 1; its last lines:\n  Cannot connect to the engine\n")
    assert caught.value.remedy == "Correct what it names; is the Docker engine running?"


def test_a_machine_without_docker_says_so(tmp_path, monkeypatch):
    """And how to go on without."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(EmulatorError, match=r"docker: There is no such program. Install Docker, or leave"):
        emulate.DockerEmulator("base:22.04", tmp_path / "root").build(make_zip(tmp_path))


def test_docker_needs_a_build_first(tmp_path, submission):
    """As the other emulator."""
    with pytest.raises(EmulatorError, match=r"There is no image yet. Build one from a zip first."):
        emulate.DockerEmulator("base:22.04", tmp_path / "root").run(submission)
