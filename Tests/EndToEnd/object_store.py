"""OpenStack Swift with its S3 interface, an S3 store that other people wrote and that is strict."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time

import boto3
import botocore.config
import botocore.exceptions

from listener import Listener
from program import free_port, wait_until

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
storage_domain = localhost
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
            # By the interpreter, which a script in a folder that was moved no longer finds.
            [sys.executable, self.bin / f"swift-{kind}-server", self.root / f"{kind}.conf"],
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

    def hold(self):
        """The store takes requests and gets nowhere with them."""
        os.killpg(self.processes[2].pid, signal.SIGSTOP)

    def go_on(self):
        os.killpg(self.processes[2].pid, signal.SIGCONT)

    def uploads(self, bucket="reels"):
        """The keys of uploads that were begun and are not over."""
        listed = self.client.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        return [upload["Key"] for upload in listed]

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
                os.killpg(process.pid, signal.SIGCONT)
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()


class Relay(Listener):
    """Stands before a port and counts the bytes that are sent to it."""

    def __init__(self, port):
        self.port = port
        self.byte_count = 0
        super().__init__()

    def serve(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.port))
        except OSError:
            near.close()
            return
        threading.Thread(target=self._copy, args=(far, near, False), daemon=True).start()
        self._copy(near, far, True)

    def _copy(self, source, target, counts):
        try:
            while piece := source.recv(65536):
                if counts:
                    self.byte_count += len(piece)
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class TemporaryStore:
    """moto's S3, which checks signatures and session tokens of temporary credentials."""

    # Whoever makes the role and the bucket need not be known: so many calls, then everybody.
    FREE_CALLS = 4
    POLICY = {"Version": "2012-10-17",
              "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}

    def __init__(self):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": str(self.FREE_CALLS)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )
        wait_until(lambda: self._listens(port), 30, "moto")
        iam, sts = self._client("iam"), self._client("sts")
        role = iam.create_role(RoleName="reel", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        iam.put_role_policy(
            RoleName="reel", PolicyName="s3", PolicyDocument=json.dumps(self.POLICY)
        )
        found = sts.assume_role(RoleArn=role, RoleSessionName="reelhook")["Credentials"]
        self.keys = {"aws_access_key_id": found["AccessKeyId"],
                     "aws_secret_access_key": found["SecretAccessKey"],
                     "aws_session_token": found["SessionToken"]}
        self._client("s3").create_bucket(Bucket="reels")
        self.client = self._client("s3", **self.keys)

    def _client(self, name, aws_access_key_id="none", aws_secret_access_key="none", **more):
        return boto3.client(
            name, endpoint_url=self.url, region_name="us-east-1",
            aws_access_key_id=aws_access_key_id, aws_secret_access_key=aws_secret_access_key,
            config=botocore.config.Config(s3={"addressing_style": "path"}), **more,
        )

    @staticmethod
    def _listens(port):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def settings(self, **more):
        """The `store` of a configuration file."""
        return {
            "s3": {
                "endpoint": self.url,
                "bucket": "reels",
                "region": "us-east-1",
                "access_key_id": self.keys["aws_access_key_id"],
                "secret_access_key": {"env": "STORE_SECRET"},
                "session_token": {"env": "STORE_TOKEN"},
                **more,
            }
        }

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
