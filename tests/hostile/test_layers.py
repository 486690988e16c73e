"""What each layer of a sandbox refuses; the same code shows that without the layer it would happen.

PROBES holds functions that do one forbidden thing each and return what they gained. Each is called with
all layers on, with the layer that is said to refuse it left out, and, where the layer cannot be left out,
in a plain process.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from autograder.model import Kind
from autograder.sandbox.layers import LAYERS
from autograder.sandbox.policy import Rules
from autograder.sandbox.verdicts import Allowance, StudentError
from autograder.sandbox.workshop import Equipment, Workshop

PROBES = """
import contextlib, ctypes, os, resource, signal, socket, sys, threading, time

LIBC = ctypes.CDLL(None, use_errno=True)

def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result

def make_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).fileno() >= 0

def connect(port):
    return socket.create_connection(("127.0.0.1", port), 2).fileno() >= 0

def send_datagram(port):
    return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hidden input", ("127.0.0.1", port))

def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0

def fork_raw():
    pid = checked(LIBC.syscall(56, 17, 0, 0, 0, 0))
    if pid == 0:
        os._exit(0)
    return True

def fork_many():
    count = 0
    try:
        while count < 200:
            if os.fork() == 0:
                time.sleep(60)
            count += 1
    except OSError:
        pass
    return count, os.getuid()

def leave_a_killer(number):
    mine = os.getpid()
    if os.fork() == 0:
        while os.getppid() == mine:  # until the one that answers has been ended
            pass
        while True:
            with contextlib.suppress(OSError):
                os.kill(-1, number)
    return os.getuid()

def start_program():
    return os.posix_spawn("/bin/true", ["true"], {}) > 0

def shared_memory():
    number = checked(LIBC.shmget(0, 4096, 0o600))
    return LIBC.shmctl(number, 0, None) == 0

def memory_without_a_file():
    return checked(LIBC.syscall(319, b"x", 0)) >= 0

def add_a_key():
    return checked(LIBC.syscall(248, b"user", b"x", b"x", 1, -3)) > 0

def trace_itself_from_a_child():
    return checked(LIBC.ptrace(0, 0, 0, 0)) == 0

def signal_itself():
    os.kill(os.getpid(), 0)
    return True

def read(path):
    with open(path, "rb") as file:
        return len(file.read(100)) > 0

def list_folder(path):
    return len(os.listdir(path)) > 0

def write(path):
    with open(path, "w") as file:
        return file.write("message") > 0

def kill(pid):
    os.kill(pid, 0)
    return True

def map_memory():
    return len(bytearray(1 << 30)) > 0

def write_a_large_file():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with open("large", "wb") as file:
        return file.truncate(64 << 20) > 0

def open_many():
    return len([os.open("/dev/null", os.O_RDONLY) for _ in range(500)]) == 500

def start_threads():
    threads = [threading.Thread(target=time.sleep, args=(1,), daemon=True) for _ in range(64)]
    return [thread.start() for thread in threads] != []

def become_root():
    os.setresuid(0, 0, 0)
    return os.getuid() == 0

def may_gain_privileges():
    return LIBC.prctl(39, 0, 0, 0, 0) == 0

def dump_core():
    return resource.getrlimit(resource.RLIMIT_CORE)[1] != 0

def groups():
    return os.getgroups() + [os.getgid(), os.getuid()]

def nameless_files():
    kept = []
    for number in range(8):
        kept.append(open("gone", "wb", buffering=0))
        os.unlink("gone")
        for _ in range(15):
            kept[-1].write(bytes(1 << 20))
            time.sleep(0.01)
    return True
"""
ALLOWANCE = Allowance(seconds=10, memory_mb=256, disk_mb=16, output_kb=64)

# What seccomp refuses, and what Landlock refuses; a probe that both refuse needs both out of the way.
CALLS = (
    "make_socket",
    "fork",
    "fork_raw",
    "shared_memory",
    "memory_without_a_file",
    "signal_itself",
    "trace_itself_from_a_child",
)
BOTH = ("start_program",)
# What neither can be left out for: a plain process, as root, shows that it would happen.
LIMITED = (
    "map_memory",
    "write_a_large_file",
    "open_many",
    "start_threads",
    "become_root",
    "may_gain_privileges",
)


class Workshops(dict[tuple[str, ...], Workshop]):
    """A workshop for each choice of layers that are left out, made when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        (folder / "probes.py").write_text(PROBES)

    def __missing__(self, off: tuple[str, ...]) -> Workshop:
        rules = Rules(expected=("probes.py",), allowed=())
        self[off] = Workshop(Equipment(self.folder, rules, off=off))
        return self[off]


@pytest.fixture(scope="module")
def workshops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshops]:
    """See Workshops."""
    made = Workshops(tmp_path_factory.mktemp("probes"))
    yield made
    for workshop in made.values():
        workshop.close()


@pytest.fixture
def gained(workshops):
    """What a probe gains in a sandbox with these layers left out: the name of an exception if nothing."""

    def call(probe: str, *arguments: object, off: tuple[str, ...] = ()) -> Any:
        with workshops[off].sandbox(ALLOWANCE) as sandbox:
            try:
                return getattr(sandbox.ask("probes.py", "import", "probes"), probe)(*arguments)
            except StudentError as failure:
                return failure.exception or failure.kind

    return call


@pytest.fixture
def in_plain_process(tmp_path):
    """What a probe gains in an ordinary process."""

    def call(probe: str) -> Any:
        (tmp_path / "probes.py").write_text(PROBES)
        code = f"import json, probes; print(json.dumps(probes.{probe}()))"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)

    return call


def test_all_layers_are_on(gained, workshops):
    """Here, where every test of this file needs them; a network of its own is for a root who may make one."""
    gained("groups")

    layers = workshops[()].layers
    assert layers == dict.fromkeys(LAYERS, True) | {"own network": layers["own network"]}


@pytest.mark.parametrize("layer", ["landlock", "own network", "seccomp"])
def test_a_layer_can_be_left_out_alone(gained, workshops, layer):
    """So that the tests below mean what they say."""
    gained("groups")
    gained("groups", off=(layer,))

    assert workshops[(layer,)].layers == workshops[()].layers | {layer: False}


@pytest.mark.parametrize("probe", CALLS)
def test_seccomp_refuses(gained, probe):
    """And without it the call works."""
    assert gained(probe) == "PermissionError"
    assert gained(probe, off=("seccomp",)) is True


@pytest.mark.parametrize("probe", BOTH)
def test_both_layers_refuse(gained, probe):
    """Each alone is enough."""
    for off in ((), ("seccomp",), ("landlock",)):
        assert gained(probe, off=off) == "PermissionError"
    assert gained(probe, off=("landlock", "seccomp")) is True


def test_a_key_needs_seccomp_to_be_refused(gained):
    """A kernel without keyrings refuses it too, with another error."""
    assert gained("add_a_key") == "PermissionError"
    assert gained("add_a_key", off=("seccomp",)) in (True, "OSError")


def test_connections_are_refused_twice(gained):
    """Landlock refuses TCP where seccomp is missing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert gained("connect", port) == "PermissionError"
        assert gained("connect", port, off=("landlock", "own network")) == "PermissionError"
        assert gained("connect", port, off=("own network", "seccomp")) == "PermissionError"
        assert gained("connect", port, off=("landlock", "own network", "seccomp")) is True


def test_datagrams_are_refused_by_seccomp(gained):
    """Landlock knows no UDP, with which a name is looked up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        port = receiver.getsockname()[1]

        assert gained("send_datagram", port) == "PermissionError"
        assert gained("send_datagram", port, off=("own network",)) == "PermissionError"
        assert gained("send_datagram", port, off=("own network", "seccomp")) == len("hidden input")


def test_a_network_of_its_own_reaches_nothing(gained, workshops):
    """Neither by a connection nor by a datagram, where no other layer refuses them."""
    gained("groups")
    if not workshops[()].layers["own network"]:
        pytest.skip("this root may not make a network: it lacks the capability CAP_SYS_ADMIN")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind(("127.0.0.1", 0))

        assert gained("connect", server.getsockname()[1], off=("landlock", "seccomp")) == "OSError"
        assert gained("send_datagram", receiver.getsockname()[1], off=("seccomp",)) == "OSError"


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/1/cmdline", "/proc/sysvipc/shm"])
def test_landlock_refuses_files_of_the_system(gained, path):
    """Which everybody may read without it."""
    assert gained("read", path) == "PermissionError"
    assert gained("read", path, off=("landlock",)) is True


@pytest.mark.parametrize("folder", ["/", "/tmp", "/etc"])
def test_landlock_refuses_listings(gained, folder):
    """Where graders or other runs may lie."""
    assert gained("list_folder", folder) == "PermissionError"
    assert gained("list_folder", folder, off=("landlock",)) is True


@pytest.mark.parametrize("folder", ["/tmp", "/var/tmp", "/dev/shm"])
def test_landlock_refuses_messages_and_without_it_they_are_wiped(gained, folder):
    """A later test finds nothing either way."""
    path = f"{folder}/left_by_a_probe"

    assert gained("write", path) == "PermissionError"
    assert gained("write", path, off=("landlock",)) is True
    assert not Path(path).exists()


def test_the_user_alone_keeps_root_s_files_and_processes(gained, workplace):
    """With both other layers out of the way: graders, results, environments and signals."""
    secret = workplace / "for_root_only"
    secret.write_text("expected values")
    secret.chmod(0o600)
    off = ("landlock", "seccomp")

    assert gained("read", str(secret), off=off) == "PermissionError"
    assert gained("write", str(secret), off=off) == "PermissionError"
    assert gained("read", f"/proc/{os.getpid()}/environ", off=off) == "PermissionError"
    assert gained("read", f"/proc/{os.getpid()}/maps", off=off) == "PermissionError"
    assert gained("kill", os.getpid(), off=off) == "PermissionError"
    secret.chmod(0o644)
    assert gained("read", str(secret), off=off) is True


def test_a_sandbox_has_a_user_and_a_group_of_its_own(gained):
    """No group of root's is left, and no two sandboxes share a user."""
    first, second = gained("groups"), gained("groups")

    assert first[0] == first[1] != second[0] == second[1]
    assert min(*first, *second) >= 1 << 24


@pytest.mark.parametrize("probe", LIMITED)
def test_limits_and_lost_rights_hold_with_the_other_layers_off(gained, in_plain_process, probe):
    """A plain process shows that the same code works without them."""
    for off in ((), ("landlock", "seccomp")):
        assert gained(probe, off=off) in (
            "MemoryError",
            "OSError",
            "PermissionError",
            "RuntimeError",
            Kind.MEMORY,
            False,
        )
    assert in_plain_process(probe) is True


def test_a_fork_bomb_without_seccomp_ends_at_the_limit_and_leaves_nothing(gained, processes_of):
    """The user's limit of processes, and a signal to all of that user."""
    count, user = gained("fork_many", off=("seccomp",))

    assert 0 < count < 16
    time.sleep(0.5)  # what has been killed needs a moment to go
    assert processes_of(user, 1) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_who_comes_to_end_a_sandbox_is_not_ended_first(gained, processes_of, number):
    """With the layers off that keep signals in, a process left behind signals whoever gets its user."""
    users = {gained("leave_a_killer", int(number), off=("landlock", "seccomp")) for _ in range(12)}

    time.sleep(0.5)  # what has been killed needs a moment to go
    left = [process for user in users for process in processes_of(user, 1)]
    for process in left:  # after a failure
        os.kill(process, signal.SIGKILL)
    assert len(users) == 12
    assert left == []


def test_no_core_is_dumped(gained):
    """It would hold the whole memory."""
    assert gained("dump_core") is False


def test_files_without_a_name_count_too(gained):
    """Of 120 MiB in files that are deleted while they are open, not much more than 16 MiB is written."""
    assert gained("nameless_files") is Kind.DISK


def test_deep_folders_are_removed_in_time(workshops, workplace):
    """Deeper than Python's recursion and the longest path; removing them must not take the run's time."""
    folder = workplace / "deep"
    folder.mkdir()
    (folder / "deep.py").write_text(
        "import os\n\ndef dig():\n    for _ in range(3000):\n        os.mkdir('d')\n        os.chdir('d')\n"
    )
    workshop = Workshop(Equipment(folder, Rules(expected=("deep.py",), allowed=())))
    began = time.monotonic()
    try:
        # The watchdog may be faster: so many folders are more than the disk that a test may use.
        with workshop.sandbox(ALLOWANCE) as sandbox, suppress(StudentError):
            sandbox.ask("deep.py", "import", "deep").dig()
    finally:
        place = workshop._folder
        workshop.close()

    assert not place.exists()
    assert time.monotonic() - began < 8
