"""An etcd and a kube-apiserver on loopback, on a data folder of their own. IO."""

import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

TOKEN = "bench"
KUBECONFIG = """apiVersion: v1
kind: Config
clusters: [{{name: bench, cluster: {{server: "https://127.0.0.1:{port}", certificate-authority: "{authority}"}}}}]
users: [{{name: bench, user: {{token: {token}}}}}]
contexts: [{{name: bench, context: {{cluster: bench, user: bench, namespace: bench}}}}]
current-context: bench
"""


def free_ports(count):
    """Ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class ControlPlane:
    """Two processes, and the kubeconfig of an administrator."""

    def __init__(self, assets, etcd, folder, credentials, data=None):
        """`assets` holds kube-apiserver; `data` is a data folder of etcd to begin with a copy of."""
        self.folder = folder
        self.processes = {}
        os.makedirs(folder)
        self.data = f"{folder}/etcd"
        if data is not None:
            shutil.copytree(data, self.data)
        else:
            os.makedirs(self.data)
        os.chmod(self.data, 0o700)
        client, peer, self.port = free_ports(3)
        self.authority = f"{credentials}/authority.crt"
        self.kubeconfig = f"{folder}/kubeconfig"
        with open(self.kubeconfig, "w") as file:
            file.write(KUBECONFIG.format(port=self.port, authority=self.authority, token=TOKEN))
        self.start("etcd", [
            etcd, "--name=bench", f"--data-dir={self.data}", f"--listen-client-urls=http://127.0.0.1:{client}",
            f"--advertise-client-urls=http://127.0.0.1:{client}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
            f"--initial-cluster=bench=http://127.0.0.1:{peer}",
            # Nothing here outlives the leg, and disks are not what is measured.
            "--unsafe-no-fsync",
        ])
        self.await_answer("etcd", f"http://127.0.0.1:{client}/health", 30)
        self.start("kube-apiserver", [
            f"{assets}/kube-apiserver", f"--etcd-servers=http://127.0.0.1:{client}",
            f"--secure-port={self.port}", "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
            "--service-cluster-ip-range=10.96.0.0/16", f"--cert-dir={folder}",
            f"--tls-cert-file={credentials}/server.crt", f"--tls-private-key-file={credentials}/server.key",
            f"--token-auth-file={credentials}/tokens.csv", "--service-account-issuer=https://bench.local",
            f"--service-account-key-file={credentials}/server.key",
            f"--service-account-signing-key-file={credentials}/server.key",
            "--authorization-mode=RBAC", "--endpoint-reconciler-type=none",
        ])
        self.await_answer("kube-apiserver", f"https://127.0.0.1:{self.port}/readyz", 120)

    def start(self, name, command):
        log = open(f"{self.folder}/{name}.log", "w")
        self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()

    def await_answer(self, name, url, seconds):
        deadline = time.monotonic() + seconds
        while True:
            if self.processes[name].poll() is not None:
                raise RuntimeError(f"{name} ended by itself: {self.tail(name)}")
            try:
                self.get(url)
                return
            except (OSError, urllib.error.URLError):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"{name} is not ready: {self.tail(name)}") from None
                time.sleep(0.1)

    def tail(self, name):
        with open(f"{self.folder}/{name}.log") as file:
            return "".join(file.readlines()[-5:])

    def get(self, url):
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}"})
        context = ssl.create_default_context(cafile=self.authority) if url.startswith("https") else None
        with urllib.request.urlopen(request, timeout=30, context=context) as response:
            return response.read().decode()

    def pid(self, name):
        return self.processes[name].pid

    def writes(self):
        """How many requests of each kind changed something: {("POST", "cronjobs", "", "201"): 10, …}."""
        counts = {}
        for line in self.get(f"https://127.0.0.1:{self.port}/metrics").splitlines():
            if not line.startswith("apiserver_request_total{"):
                continue
            labels, count = line[len("apiserver_request_total{"):].rsplit('"} ', 1)
            fields = dict(field.split('="', 1) for field in labels.split('",'))
            if fields["verb"] in ("POST", "PUT", "PATCH", "APPLY", "DELETE", "DELETECOLLECTION"):
                key = (fields["verb"], fields["resource"], fields["subresource"], fields["code"])
                counts[key] = counts.get(key, 0) + int(float(count))
        return counts

    def stop(self, keep_data=False):
        """Ends both; the data folder is whole afterwards if it is kept."""
        for name in ("kube-apiserver", "etcd"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            if name == "kube-apiserver" and not keep_data:
                process.kill()
            else:
                process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if not keep_data:
            shutil.rmtree(self.folder, ignore_errors=True)


def make_credentials(folder):
    """An authority, a server certificate for loopback, and the token of an administrator."""
    os.makedirs(folder)
    run = lambda *words: subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=folder)
    with open(f"{folder}/names", "w") as file:
        file.write("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n")
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench", "-keyout",
        "authority.key", "-out", "authority.crt")
    run("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=kube-apiserver", "-keyout", "server.key", "-out",
        "server.csr")
    run("x509", "-req", "-in", "server.csr", "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial",
        "-days", "2", "-extfile", "names", "-out", "server.crt")
    with open(f"{folder}/tokens.csv", "w") as file:
        file.write(f'{TOKEN},bench,bench,"system:masters"\n')
