"""The programs that are measured, each built or installed once into a cache folder. IO."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../.."))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sms-scraper/bench")


def output(*command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout.strip()


def key(*paths):
    """A hash of files and folders, names and content."""
    digest = hashlib.sha256()
    for path in paths:
        files = [path] if os.path.isfile(path) else sorted(
            os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)
        for file in files:
            digest.update(os.path.relpath(file, ROOT).encode())
            with open(file, "rb") as content:
                digest.update(content.read())
    return digest.hexdigest()[:12]


def once(name, make):
    """A folder of the cache that `make` fills; one that was interrupted never has the final name."""
    folder = f"{CACHE}/{name}"
    if not os.path.isdir(folder):
        os.makedirs(CACHE, exist_ok=True)
        unfinished = tempfile.mkdtemp(dir=CACHE, prefix="unfinished.")
        try:
            make(unfinished)
            os.rename(unfinished, folder)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def go(name, *packages):
    """The folder with the programs of bench/peers/go/<name>."""
    source = f"{ROOT}/bench/peers/go/{name}"

    def build(folder):
        print(f"Building bench/peers/go/{name}", file=sys.stderr)
        toolchain = output(f"{ROOT}/e2e/control-plane/toolchain")
        for package in packages:
            target = name if package == "." else os.path.basename(package)
            subprocess.run([toolchain, "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o",
                            f"{folder}/{target}", package],
                           cwd=source, check=True, stdout=sys.stderr, env={**os.environ, "CGO_ENABLED": "0"})
    return once(f"go-{name}-{key(source)}", build)


def python(requirements):
    """The interpreter of an environment with bench/peers/python/<requirements>."""
    path = f"{ROOT}/bench/peers/python/{requirements}"

    def install(folder):
        print(f"Installing bench/peers/python/{requirements}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([f"{folder}/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                        "-r", path], check=True, stdout=sys.stderr)
    return f"{once(f'python-{requirements}-{key(path)}', install)}/bin/python"


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
    return f"{assets}/etcd" if assets else f"{go('etcd', '.')}/etcd"
