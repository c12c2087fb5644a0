"""What a leg begins with: a cluster with sources in it, and operators to start in it. IO."""

import hashlib
import json
import os
import subprocess
import time
import urllib.request

from control_plane import ControlPlane, make_credentials

IMAGE = "registry.example/sms_scraper:1"
METRICS_PORT = 19898
# As the operator's image sets it.
ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
TICK = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def memory(pid):
    """Resident memory and the most of it so far, in KiB."""
    with open(f"/proc/{pid}/status") as file:
        rows = dict(line.split(":", 1) for line in file if ":" in line)
    return {"resident": int(rows["VmRSS"].split()[0]), "peak": int(rows["VmHWM"].split()[0])}


class Stage:
    """Data folders of etcd with sources in them, made once for each size and copied for each leg."""

    def __init__(self, folder, assets, etcd, drive, operators):
        self.folder, self.assets, self.etcd, self.drive, self.operators = folder, assets, etcd, drive, operators
        self.credentials = f"{folder}/credentials"
        self.data = {}
        self.legs = 0
        make_credentials(self.credentials)

    def seed(self, size, crd, *flags):
        """Makes the data folder for `size` sources."""
        plane = ControlPlane(self.assets, self.etcd, f"{self.folder}/seed-{size}", self.credentials)
        try:
            environment = {**os.environ, "KUBECONFIG": plane.kubeconfig}
            kubectl = f"{self.assets}/kubectl"
            quiet = {"check": True, "env": environment, "stdout": subprocess.DEVNULL}
            subprocess.run([kubectl, "apply", "--server-side", "-f", "-"], input=crd.encode(), **quiet)
            subprocess.run([kubectl, "wait", "--for=condition=Established", "--timeout=60s",
                            "crd/scrapesources.sms-scraper.dev"], **quiet)
            # The API server serves a new kind a moment after it says so.
            time.sleep(3)
            subprocess.run([self.drive, "seed", "-size", str(size), *flags], **quiet)
        finally:
            plane.stop(keep_data=True)
        self.data[size] = plane.data

    def leg(self, size):
        self.legs += 1
        return Leg(self, size, f"{self.folder}/leg-{self.legs}")


class Leg:
    """One cluster of its own; ends with `with`."""

    def __init__(self, stage, size, folder):
        self.stage, self.size = stage, size
        self.plane = ControlPlane(stage.assets, stage.etcd, folder, stage.credentials, stage.data[size])
        self.environment = {**os.environ, **ENVIRONMENT, "KUBECONFIG": self.plane.kubeconfig}
        self.running = []

    def __enter__(self):
        # The API server fills its caches and settles.
        for kind in ("apis/sms-scraper.dev/v1alpha1/scrapesources", "apis/batch/v1/cronjobs"):
            self.plane.await_answer("kube-apiserver", f"https://127.0.0.1:{self.plane.port}/{kind}?watch=1&timeoutSeconds=1",
                                    60)
        self.until_quiet_api()
        return self

    def __exit__(self, *_):
        for process in self.running:
            end(process)
        self.plane.stop()

    def api_seconds(self):
        return processor_seconds(self.plane.pid("kube-apiserver"))

    def drive(self, *words):
        """Starts the driver; it has begun to watch when this returns."""
        process = subprocess.Popen([self.stage.drive, *map(str, words)], env=self.environment, text=True,
                                   stdout=subprocess.PIPE)
        self.running.append(process)
        if process.stdout.readline().strip() != "started":
            raise RuntimeError(f"the driver did not start: {words}")
        return process

    def answer(self, process):
        text = process.stdout.read()
        if process.wait() != 0:
            raise RuntimeError("the driver failed")
        self.running.remove(process)
        return json.loads(text)

    def floor(self, workers):
        answer = subprocess.run([self.stage.drive, "floor", "-size", str(self.size), "-workers", str(workers)],
                                env=self.environment, check=True, text=True, stdout=subprocess.PIPE)
        return json.loads(answer.stdout)

    def start(self, name):
        """Starts an operator, as the list of programs has it."""
        with open(f"{self.plane.folder}/{name.replace(' ', '-')}.log", "a") as log:
            process = subprocess.Popen(self.stage.operators[name], env=self.environment, stdout=log, stderr=log)
        self.running.append(process)
        return process

    def stop(self, process):
        end(process)
        self.running.remove(process)

    def until_quiet(self, operator, limit=300):
        return until_quiet([operator.pid, self.plane.pid("kube-apiserver")], 0.2, limit)

    def until_quiet_api(self):
        until_quiet([self.plane.pid("kube-apiserver")], 0.2, 60)

    def writes(self):
        """Writes to what belongs to sources so far, by kind."""
        kinds = ("scrapesources", "cronjobs", "jobs", "pods", "events")
        return {key: count for key, count in self.plane.writes().items() if key[1] in kinds}

    def specs(self):
        """What the CronJobs of the cluster are, whoever made them: specs, labels and owners."""
        listed = json.loads(self.plane.get(
            f"https://127.0.0.1:{self.plane.port}/apis/batch/v1/namespaces/bench/cronjobs?resourceVersion=0"))
        made = []
        for job in listed["items"]:
            metadata = job["metadata"]
            owners = [{**owner, "uid": ""} for owner in metadata["ownerReferences"]]
            made.append([metadata["name"], metadata["labels"], owners, job["spec"]])
        made.sort(key=lambda each: each[0])
        return len(made), hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


def passes():
    """How many passes over sources the operator that runs has made."""
    url = f"http://127.0.0.1:{METRICS_PORT}/metrics"
    families = ("sms_operator_reconciliations_total{", "controller_runtime_reconcile_total{")
    with urllib.request.urlopen(url, timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(families))


def end(process):
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until_quiet(pids, share, limit):
    """Waits until processes together take less than `share` of a processor for a second. Gives the time (ns since 1970)
    when that second began; None if it never came."""
    began = time.monotonic()
    samples = []
    while time.monotonic() - began < limit:
        samples.append((time.time_ns(), sum(map(processor_seconds, pids))))
        now, used = samples[-1]
        while len(samples) > 2 and samples[1][0] <= now - 1_000_000_000:
            samples.pop(0)
        if now - samples[0][0] >= 1_000_000_000 and used - samples[0][1] < share:
            return samples[0][0]
        time.sleep(0.05)
    return None
