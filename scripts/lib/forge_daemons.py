"""Real sshd, nginx, postfix, dovecot and vsftpd in a folder of their own, on loopback of a namespace that ends with us.

To be used inside `unshare --net --mount` only (forge.py does that): /dev and /etc/hosts are covered there. Their lines
arrive at /dev/log, where a small syslog writes them as rsyslog does (classic stamp, control characters as #012).
"""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import threading
import time

SSH, SSH_PAM, HTTP, HTTP_VHOST, SMTP, IMAP, FTP = 2222, 2223, 8080, 8081, 2525, 1143, 2121
HOST = "forge"
V4, V6 = "198.18.0.1", "2001:db8:f::1"
# What an attacker who rules his reverse zone calls his addresses (postfix asks for the name and back).
HOSTILE_NAMES = "8.8.8.8.evil.example", "unknown-8-8-8-8.evil.example", "ip6-2001-db8-dead--1.evil.example"


def prepare(folder):
    """Addresses, /dev with our own log socket, names: all in our own namespaces."""
    run = lambda *c: subprocess.run(c, check=True)
    run("ip", "link", "set", "lo", "up")
    run("ip", "addr", "add", V4 + "/32", "dev", "lo")
    run("ip", "addr", "add", V6 + "/128", "dev", "lo", "nodad")
    # Every address of these nets is ours: an attacker binds whichever he likes.
    run("ip", "route", "add", "local", "198.18.0.0/15", "dev", "lo")
    run("ip", "-6", "route", "add", "local", "2001:db8:a::/48", "dev", "lo")
    pathlib.Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1")
    dev = folder / "dev"
    dev.mkdir()
    run("mount", "-t", "tmpfs", "tmpfs", str(dev))
    for node in ("null", "zero", "random", "urandom", "tty", "full"):
        (dev / node).touch()
        run("mount", "--bind", f"/dev/{node}", str(dev / node))
    for name in ("pts", "shm"):
        (dev / name).mkdir()
        run("mount", "--rbind", f"/dev/{name}", str(dev / name))
    for name, target in (("ptmx", "pts/ptmx"), ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (dev / name).symlink_to(target)
    run("mount", "--rbind", str(dev), "/dev")
    # As Debian's, without the two seconds that a wrong password costs.
    for service in ("sshd", "vsftpd"):
        (folder / service).write_text("auth required pam_unix.so nodelay\naccount required pam_permit.so\nsession required pam_permit.so\n")
        run("mount", "--bind", str(folder / service), f"/etc/pam.d/{service}")
    hosts = folder / "hosts"
    hosts.write_text("127.0.0.1 localhost\n" + "".join(f"198.18.200.{i + 1} {name}\n" for i, name in enumerate(HOSTILE_NAMES)))
    run("mount", "--bind", str(hosts), "/etc/hosts")


class Syslog(threading.Thread):
    """/dev/log → one file, one line a message."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.out = open(path, "ab", buffering=0)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        self.start()

    def run(self):
        while True:
            message = self.socket.recv(65536)
            message = re.sub(rb"^<\d+>", b"", message).rstrip(b"\n\0")
            message = re.sub(rb"[\x00-\x1f\x7f]", lambda m: b"#%03o" % m[0][0], message)
            stamped = re.match(rb"([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (.*)", message, re.S)
            stamp, rest = (stamped[1], stamped[2]) if stamped else (time.strftime("%b %e %H:%M:%S").encode(), message)
            self.out.write(stamp + b" " + HOST.encode() + b" " + rest + b"\n")


def wait_port(port, process, name):
    for _ in range(400):
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended with {process.returncode}")
        with socket.socket() as s:
            s.settimeout(1)
            if s.connect_ex((V4, port)) == 0:
                return
        time.sleep(0.025)
    raise RuntimeError(f"{name} does not listen on {port}")


class Daemons:
    """All five. `logs`: {name: file}: syslog, access, access-vhost, error, vsftpd."""

    def __init__(self, folder):
        self.dir, self.children = folder, []
        self.logs = {"syslog": folder / "syslog.log", "access": folder / "access.log", "access-vhost": folder / "access-vhost.log",
                     "error": folder / "error.log", "vsftpd": folder / "vsftpd.log"}
        for path in self.logs.values():
            path.touch()

    def __enter__(self):
        os.chmod(self.dir, 0o755)
        try:
            prepare(self.dir)
            Syslog(self.logs["syslog"])
            for start in (self.sshd, self.nginx, self.dovecot, self.postfix, self.vsftpd):
                start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
        for child in self.children:
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def start(self, name, port, *command):
        out = open(self.dir / f"{name}.out", "ab")
        child = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.children.append(child)
        try:
            wait_port(port, child, name)
        except RuntimeError as error:
            raise RuntimeError(f"{error}: {(self.dir / f'{name}.out').read_text(errors='replace')[-600:]}\n"
                               + self.logs["syslog"].read_text(errors="replace")[-600:]) from None

    def sshd(self):
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.dir / "hostkey"], check=True)
        for port, pam in ((SSH, "no"), (SSH_PAM, "yes")):
            config = self.dir / f"sshd{port}.conf"
            config.write_text(f"Port {port}\nListenAddress {V4}\nListenAddress {V6}\nHostKey {self.dir}/hostkey\nPidFile {self.dir}/sshd{port}.pid\n"
                              f"UsePAM {pam}\nKbdInteractiveAuthentication no\nPasswordAuthentication yes\nMaxStartups 1000:30:2000\n"
                              "LogLevel INFO\nUseDNS no\nAllowUsers *\nDenyUsers denied*\n")
            self.start(f"sshd{port}", port, "/usr/sbin/sshd", "-D", "-f", config)

    def nginx(self):
        (self.dir / "tmp").mkdir()
        (self.dir / "www").mkdir()
        (self.dir / "www/index.html").write_text("hello\n")
        (self.dir / "htpasswd").write_text("known:$apr1$x$mZ2EZY2Fp9v2fO1R7Bm0C/\n")
        temps = "".join(f"{kind}_temp_path {self.dir}/tmp; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        site = (f"root {self.dir}/www; location /private/ {{ auth_basic closed; auth_basic_user_file {self.dir}/htpasswd; }}\n"
                "location /denied/ { deny all; } location /limited/ { limit_req zone=slow; }\n")
        (self.dir / "nginx.conf").write_text(
            f"daemon off; pid {self.dir}/nginx.pid; error_log {self.dir}/error.log; user root; worker_processes 1; events {{}}\n"
            f"http {{ {temps} limit_req_zone $binary_remote_addr zone=slow:1m rate=1r/m;\n"
            "log_format vhost '$host $remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent "
            "\"$http_referer\" \"$http_user_agent\" \"$http_x_forwarded_for\"';\n"
            f"server {{ listen {V4}:{HTTP}; listen [{V6}]:{HTTP}; access_log {self.dir}/access.log combined; {site} }}\n"
            f"server {{ listen {V4}:{HTTP_VHOST}; listen [{V6}]:{HTTP_VHOST}; access_log {self.dir}/access-vhost.log vhost; {site} }}\n}}\n")
        self.start("nginx", HTTP, "nginx", "-c", self.dir / "nginx.conf")

    def dovecot(self):
        (self.dir / "users").write_text("known@example.org:{PLAIN}secret::::::\n")
        (self.dir / "queue").mkdir()
        (self.dir / "dovecot.conf").write_text(
            f"base_dir = {self.dir}/dovecot\nstate_dir = {self.dir}/dovecot-state\nprotocols = imap\nlisten = {V4}, {V6}\nssl = no\n"
            "disable_plaintext_auth = no\nauth_failure_delay = 0\nauth_mechanisms = plain login\nmail_max_userip_connections = 1000\n"
            f"passdb {{\n driver = passwd-file\n args = {self.dir}/users\n}}\nuserdb {{\n driver = static\n args = uid=nobody gid=nogroup home={self.dir}/tmp\n}}\n"
            f"service imap-login {{\n inet_listener imap {{\n port = {IMAP}\n }}\n inet_listener imaps {{\n port = 0\n }}\n process_limit = 400\n}}\n"
            f"service auth {{\n unix_listener {self.dir}/auth {{\n mode = 0666\n }}\n}}\nservice anvil {{\n unix_listener anvil-auth-penalty {{\n mode = 0\n }}\n}}\nservice stats {{\n process_limit = 1\n}}\n")
        self.start("dovecot", IMAP, "/usr/sbin/dovecot", "-F", "-c", self.dir / "dovecot.conf")

    def postfix(self):
        etc = self.dir / "postfix"
        etc.mkdir()
        (etc / "main.cf").write_text(
            f"compatibility_level = 3.6\nqueue_directory = {self.dir}/queue\ndata_directory = {self.dir}/postfix-data\nmyhostname = forge.example.org\n"
            f"inet_interfaces = {V4}, [{V6}]\nmydestination = example.org\nmynetworks = 127.0.0.0/8\n"
            f"smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = {self.dir}/auth\nsmtpd_error_sleep_time = 0\n"
            "smtpd_helo_required = no\nsmtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname\nsmtpd_delay_reject = yes\n"
            "smtpd_recipient_restrictions = reject_unauth_destination\nsmtpd_client_connection_rate_limit = 0\nsmtpd_hard_error_limit = 100\n"
            "smtpd_client_connection_count_limit = 0\nlocal_recipient_maps = inline:{known=known}\n"
            "alias_maps =\nalias_database =\n")
        (etc / "master.cf").write_text(
            f"{SMTP} inet n - n - - smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n"
            "bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nproxymap unix - - n - - proxymap\n"
            "anvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\nlocal unix - n n - - local\nerror unix - - n - - error\n"
            "tlsmgr unix - - n 1000? 1 tlsmgr\npostlog unix-dgram n - n - 1 postlogd\n")
        data = self.dir / "postfix-data"
        data.mkdir()
        shutil.chown(data, "postfix")
        self.start("postfix", SMTP, "/usr/sbin/postfix", "-c", etc, "start-fg")

    def vsftpd(self):
        (self.dir / "empty").mkdir()
        config = self.dir / "vsftpd.conf"
        config.write_text(f"listen=NO\nlisten_ipv6=YES\nlisten_port={FTP}\nbackground=NO\nanonymous_enable=NO\nlocal_enable=YES\nseccomp_sandbox=NO\n"
                          f"secure_chroot_dir={self.dir}/empty\nxferlog_enable=YES\nvsftpd_log_file={self.dir}/vsftpd.log\npam_service_name=vsftpd\n"
                          "delay_failed_login=0\nmax_login_fails=100\nmax_clients=0\nuse_localtime=YES\n")
        shutil.chown(config, "root")
        self.start("vsftpd", FTP, "/usr/sbin/vsftpd", config)
