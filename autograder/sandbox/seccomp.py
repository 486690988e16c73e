"""Seccomp: the kernel refuses the system calls that no homework needs.

Runs inside a new sandbox, last of all layers and before any student code. Uses
libseccomp through its binding; where either is missing, `restrict` says so.
"""

import errno
import importlib
from functools import cache
from typing import Any

__all__ = ["prepare", "restrict"]

# A list of what is refused, not of what is allowed: NumPy and torch use some
# eighty calls, which differ between versions and machines, and a forgotten one
# would fail a right solution.
REFUSED = (
    # no network, and no sockets at all
    "socket", "socketpair", "socketcall", "connect", "bind", "listen", "accept", "accept4", "sendto",
    "sendmsg", "sendmmsg",
    # no other program, no new process; threads are allowed below
    "execve", "execveat", "fork", "vfork",
    # nothing of other processes; abort() does without its signal and crashes all the same
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_open",
    "pidfd_getfd", "pidfd_send_signal", "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    "get_robust_list", "setpriority", "ioprio_set", "migrate_pages", "move_pages",
    # no memory or messages that outlive the process or escape its limits
    "memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl",
    "semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink",
    # no change of identity, name spaces or mounts
    "setuid", "setgid", "setreuid", "setregid", "setresuid", "setresgid", "setgroups", "setfsuid",
    "setfsgid", "capset", "unshare", "setns", "mount", "umount2", "move_mount", "open_tree", "fsopen",
    "fsmount", "fspick", "mount_setattr", "pivot_root", "chroot", "setsid", "personality",
    # known ways into the kernel, and of no use to a homework
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
    "keyctl", "add_key", "request_key", "init_module", "finit_module", "delete_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "syslog", "quotactl", "nfsservctl",
    "open_by_handle_at", "name_to_handle_at", "fanotify_init", "inotify_init", "inotify_init1",
    "lookup_dcookie", "settimeofday", "clock_settime", "clock_adjtime", "adjtimex", "sethostname",
    "setdomainname", "vhangup", "iopl", "ioperm", "modify_ldt", "uselib", "ustat", "sysfs", "chown", "fchown",
    "lchown", "fchownat", "mknod", "mknodat",
)  # fmt: skip
CLONE_THREAD = 0x00010000


@cache
def prepare() -> Any:
    """The filter, ready to be loaded; None where libseccomp or its binding is missing.

    Making it takes several milliseconds, and the binding's first import starts programs to
    find the library: the fork server calls this once, early.
    """
    try:
        pyseccomp = importlib.import_module("pyseccomp")
    except (ImportError, RuntimeError, OSError):
        return None
    refuse = pyseccomp.ERRNO(errno.EPERM)
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in REFUSED:
        _add(rules, refuse, name)
    # A new thread is a clone with CLONE_THREAD; without it, it is a process.
    _add(rules, refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, CLONE_THREAD, 0))
    # The flags of clone3 lie in memory, out of a filter's reach: "no such call" makes libc use clone.
    _add(rules, pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    # Reserves disk beyond the limit of a file's size; "not supported" makes libc write instead.
    _add(rules, pyseccomp.ERRNO(errno.EOPNOTSUPP), "fallocate")
    # getrlimit() is prlimit64 with pid 0: its own limits, never another's.
    _add(rules, refuse, "prlimit64", pyseccomp.Arg(0, pyseccomp.NE, 0))
    return rules


def restrict() -> bool:
    """Refuses the calls above, with "operation not permitted", in this process for good.

    Returns:
        True if the filter is loaded, False where it cannot be had.
    """
    rules = prepare()
    if rules is None:
        return False
    try:
        rules.load()
    except OSError:
        return False
    return True


def _add(rules: Any, action: int, name: str, *arguments: object) -> None:
    try:
        rules.add_rule(action, name, *arguments)
    except (OSError, RuntimeError, ValueError):
        return  # a call that this architecture or this libseccomp does not know
