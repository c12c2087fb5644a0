"""The page server and the Pushgateway that all jobs use, on loopback, ended by process id. IO."""

import pathlib
import socket
import subprocess
import sys
import time
import urllib.request


class Services:
    def __init__(self, page_server, folder):
        self.pages_folder = pathlib.Path(folder) / "pages"
        self.pages_folder.mkdir()
        self.started = []
        self.log = open(pathlib.Path(folder) / "services.log", "w")
        server = subprocess.Popen([page_server, str(self.pages_folder)], stdout=subprocess.PIPE, stderr=self.log,
                                  text=True)
        self.started.append(server)
        self.pages_port = int(server.stdout.readline())
        self.pages = f"http://127.0.0.1:{self.pages_port}"
        self.gateway_port = free_port()
        self.gateway = f"http://127.0.0.1:{self.gateway_port}"
        self.started.append(subprocess.Popen(
            ["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{self.gateway_port}", "--persistence.file=",
             "--push.disable-consistency-check"], stdout=self.log, stderr=self.log))

    def __enter__(self):
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.gateway}/-/ready", timeout=1)
                return self
            except OSError:
                time.sleep(0.1)
        self.__exit__()
        sys.exit("Pushgateway did not start")

    def __exit__(self, *_):
        for process in self.started:
            process.terminate()
            process.wait()
        self.log.close()

    def pushed(self, instance):
        """The series of a group, without their values, and how many events it tells of."""
        text = urllib.request.urlopen(f"{self.gateway}/metrics", timeout=10).read().decode()
        series, events = set(), None
        for line in text.splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("sms_") and f'instance="{instance}"' in name:
                series.add(name)
                if name.startswith("sms_events_processed_total"):
                    events = float(value)
        return series, events


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
