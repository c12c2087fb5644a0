"""Runs commands and measures them: time from exec to exit, processor time of all processes, peaks of memory. IO."""

import ctypes
import os
import pathlib
import re
import subprocess
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.002
# strace holds every process for a moment before it ends or is killed, so that the last reading is the final one.
HOLDING = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=exit_group,kill,pidfd_send_signal",
           "-e", "inject=exit_group,kill,pidfd_send_signal:delay_enter=60000"]


def adopt_orphans():
    """As a sub-reaper this process inherits workers that their parent did not wait for, and their time."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def spawn(command, environment, log, stdin=os.devnull):
    files = [(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0) if isinstance(stdin, str)
             else (os.POSIX_SPAWN_DUP2, stdin, 0)]
    files += [(os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
              (os.POSIX_SPAWN_DUP2, 1, 2)]
    return os.posix_spawn(command[0], command, environment, file_actions=files)


def wait_for_all(started, children, log):
    """Wall time until the last of the children has ended, and the processor time of them and all their descendants."""
    wall, processor, left = 0.0, 0.0, dict(children)
    while True:
        try:
            ended, code, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return wall, processor
        processor += usage.ru_utime + usage.ru_stime
        if ended in left:
            wall, words = time.perf_counter() - started, left.pop(ended)
            if status := os.waitstatus_to_exitcode(code):
                fail(words, status, log)


def fail(command, status, log):
    sys.exit(f"{' '.join(command)} ended with {status}:\n{pathlib.Path(log).read_text()[-3000:]}")


def timed(command, environment, log, group=None):
    """Wall time from exec to exit, and processor time; inside a control group if one is given."""
    if group:
        return timed_in_group(command, environment, log, group)
    started = time.perf_counter()
    child = spawn(command, environment, log)
    return wait_for_all(started, {child: command}, log)


def timed_in_group(command, environment, log, group):
    """A shell waits in the group and becomes the command: all of the command is inside, and nothing else."""
    reader, writer = os.pipe()
    os.set_inheritable(writer, False)
    child = spawn(["/bin/sh", "-c", 'read -r _; exec "$@"', "sh", *command], environment, log, stdin=reader)
    os.close(reader)
    group.add(child)
    time.sleep(0.2)  # The shell has come to its `read`, and the quota is whole again.
    started = time.perf_counter()
    os.write(writer, b"\n")
    os.close(writer)
    return wait_for_all(started, {child: command}, log)


def timed_together(commands, environment, folder):
    """All at once, until the last has ended."""
    started = time.perf_counter()
    children = {}
    for number, command in enumerate(commands):
        children[spawn(command, environment, f"{folder}/together.{number}.log")] = command
    return wait_for_all(started, children, f"{folder}/together.0.log")


def high_water_marks(command, environment, log):
    """VmHWM in bytes of each process of a run, the largest first."""
    with open(log, "w") as output:
        tracer = subprocess.Popen(HOLDING + command, env=environment, stdout=output, stderr=output)
    marks = {}
    while tracer.poll() is None:
        for process in descendants(tracer.pid):
            try:
                status = pathlib.Path(f"/proc/{process}/status").read_text()
            except OSError:
                continue
            # With exec the mark begins anew: what stands last is the program's own.
            if found := re.search(r"^Name:\s+(\S+).*^VmHWM:\s+(\d+) kB", status, re.DOTALL | re.MULTILINE):
                if found[1] != "strace":
                    marks[process] = int(found[2]) * 1024
        time.sleep(SAMPLE_SECONDS)
    if tracer.returncode:
        fail(command, tracer.returncode, log)
    return sorted(marks.values(), reverse=True)


def peak_together(command, environment, log, group=None):
    """The most that the processes of a run hold at one moment, in bytes, and the part of it that stands in no file.

    A shared page counts once: of one process that is its resident set, of several the sum of proportional sets (PSS).
    With a group whose quota is small there is time to look often, even at a run of milliseconds."""
    if group:
        command = ["/bin/sh", "-c", 'read -r _; exec "$@"', "sh", *command]
    with open(log, "w") as output:
        child = subprocess.Popen(command, env=environment, stdout=output, stderr=output, stdin=subprocess.PIPE)
    if group:
        group.add(child.pid)
        time.sleep(0.02)
        child.stdin.write(b"\n")
    child.stdin.close()
    peak, anonymous = 0, 0
    while child.poll() is None:
        sizes = [size for process in [child.pid, *descendants(child.pid)] if (size := resident(process))]
        held = sizes[0][0] if len(sizes) == 1 else sum(size[1] for size in sizes)
        if held > peak:
            peak, anonymous = held, sum(size[2] for size in sizes)
        time.sleep(SAMPLE_SECONDS)
    if child.returncode:
        fail(command, child.returncode, log)
    return peak, anonymous


def resident(process):
    """Resident and proportional set in bytes, and the part that stands in no file; None of a process that has ended."""
    try:
        text = pathlib.Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return None
    found = dict(re.findall(r"^(Rss|Pss|Pss_Anon):\s+(\d+) kB", text, re.MULTILINE))
    return tuple(int(found[name]) * 1024 for name in ("Rss", "Pss", "Pss_Anon")) if len(found) == 3 else None


def descendants(process):
    try:
        tasks = list(pathlib.Path(f"/proc/{process}/task").glob("*/children"))
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []  # It ended meanwhile.
    return children + [further for child in children for further in descendants(child)]
