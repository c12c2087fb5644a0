"""The programs that are measured, each built or installed once into a cache folder. IO."""

import os
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))


def output(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout.strip()


def peer(*words):
    """Where bench/peers/prepare has put a peer."""
    return output(f"{ROOT}/bench/peers/prepare", *words)


def module_version(name, module):
    """The version of a Go module that bench/peers/go/<name> uses."""
    with open(f"{ROOT}/bench/peers/go/{name}/go.mod") as file:
        for line in file:
            words = line.removeprefix("require").split()
            if len(words) > 1 and words[0] == module:
                return words[1]
    return "?"


def operator():
    """The measured operator."""
    folder = os.environ.get("BENCH_PROGRAMS")
    if not folder:
        host = next(line.split()[1] for line in output("rustc", "-vV").splitlines() if line.startswith("host:"))
        folder = f"{ROOT}/target/{host}/release"
    program = os.path.join(folder, "sms_operator")
    if not os.path.exists(program):
        sys.exit(f"{program} is missing: build it with .ci/release, or name its folder in BENCH_PROGRAMS")
    return os.path.realpath(program)


def control_plane():
    """The folder with kube-apiserver and kubectl."""
    return output(f"{ROOT}/e2e/control-plane/build")


def etcd():
    """An etcd that the API server supports, see bench/peers/go/etcd."""
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    return f"{assets}/etcd" if assets else peer("go", "etcd")
