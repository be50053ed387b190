"""OpenStack Swift with its S3 interface, an S3 store that other people wrote and that is strict."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import boto3
import botocore.config
import botocore.exceptions

from program import free_port

KEY_ID = "reel:hook"
SECRET = "obj3ct-st0re-s3cr3t"
REGION = "auto"
POLICY = "[swift-hash]\nswift_hash_path_suffix = s\nswift_hash_path_prefix = p\n" \
    "[storage-policy:0]\nname = gold\ndefault = yes\n"

BACK = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {root}
devices = {root}/devices
mount_check = false
workers = 0
fallocate_reserve = 0
log_level = ERROR
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""

FRONT = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {root}
workers = 0
log_level = ERROR
[pipeline:main]
pipeline = catch_errors proxy-logging cache listing_formats bulk s3api tempauth copy slo dlo \
versioned_writes symlink proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_reel_hook = {secret} .admin
[filter:s3api]
use = egg:swift#s3api
location = {region}
s3_acl = false
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
"""

RINGS = """
import sys
from swift.common.ring import RingBuilder
root, *ports = sys.argv[1:]
for kind, port in zip(("account", "container", "object"), ports):
    builder = RingBuilder(4, 1, 0)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1",
                     "port": int(port), "device": "d0"})
    builder.rebalance()
    builder.get_ring().save(f"{root}/{kind}.ring.gz")
"""

PLAIN = ["catch_errors", "proxy_logging", "listing_formats", "bulk", "copy", "slo", "dlo",
         "versioned_writes", "symlink"]


class ObjectStore:
    """Four processes on free ports, and a client of somebody else's to look with."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.bin = pathlib.Path(sys.executable).parent
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.root / "devices" / "d0").mkdir(parents=True)
        (self.root / "swift.conf").write_text(POLICY)
        user = os.environ.get("USER") or "root"
        kinds = ["account", "container", "object"]
        ports = {kind: free_port() for kind in kinds}
        for kind in kinds:
            self._write(kind, BACK.format(kind=kind, port=ports[kind], user=user, root=root))
        self._rings(ports)
        text = FRONT.format(
            port=self.port, user=user, root=root, secret=SECRET, region=REGION
        )
        for name in PLAIN:
            text += f"[filter:{name.replace('_', '-') if name == 'proxy_logging' else name}]\n"
            text += f"use = egg:swift#{name}\n"
        self._write("proxy", text)
        self.processes = [self._start(kind) for kind in [*kinds, "proxy"]]
        self.client = boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=KEY_ID,
            aws_secret_access_key=SECRET,
            region_name=REGION,
            config=botocore.config.Config(
                s3={"addressing_style": "path"}, retries={"max_attempts": 1}
            ),
        )
        self._wait()

    def _write(self, kind, text):
        (self.root / f"{kind}.conf").write_text(text)

    def _rings(self, ports):
        """One replica of everything on the one device; made in a child, as its imports are many."""
        done = subprocess.run(
            [sys.executable, "-c", RINGS, self.root, *map(str, ports.values())],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _start(self, kind):
        log = open(self.root / f"{kind}.log", "w")
        return subprocess.Popen(
            [self.bin / f"swift-{kind}-server", self.root / f"{kind}.conf"],
            stdout=log,
            stderr=log,
            env={**os.environ, "SWIFT_DIR": str(self.root)},
            start_new_session=True,
        )

    def _wait(self):
        deadline = time.monotonic() + 30
        while True:
            try:
                self.client.list_buckets()
                return
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as fault:
                if time.monotonic() > deadline:
                    logs = [path.read_text()[-2000:] for path in self.root.glob("*.log")]
                    self.close()
                    raise AssertionError(f"the store does not start: {fault}\n{logs}") from None
                time.sleep(0.1)

    def pause(self):
        """The store no longer answers."""
        os.killpg(self.processes[-1].pid, signal.SIGKILL)
        self.processes.pop().wait()

    def resume(self):
        self.processes.append(self._start("proxy"))
        self._wait()

    def settings(self, bucket="reels", **more):
        """The `store` of a configuration file."""
        return {
            "s3": {
                "endpoint": self.url,
                "bucket": bucket,
                "region": REGION,
                "access_key_id": KEY_ID,
                "secret_access_key": {"env": "STORE_SECRET"},
                **more,
            }
        }

    def keys(self, bucket="reels"):
        listed = self.client.list_objects_v2(Bucket=bucket).get("Contents", [])
        return sorted(entry["Key"] for entry in listed)

    def read(self, key, bucket="reels"):
        return self.client.get_object(Bucket=bucket, Key=key)["Body"].read()

    def close(self):
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
