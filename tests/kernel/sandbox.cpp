#include "sandbox.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace testudo::test {
namespace {

/// Not `ip -n`: that changes the propagation of "/", which a chroot whose root is no mount point refuses.
std::string ip(const std::string& net) { return "nsenter --net=/run/netns/" + net + " ip"; }

std::string unique(const char* stem) {
  static int count = 0;
  return stem + std::to_string(getpid()) + "x" + std::to_string(++count);
}

sockaddr_storage socket_address(const Ip& ip, uint16_t port) {
  sockaddr_storage out{};
  if (ip.is_v4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(out);
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, ip.bytes.data(), 4);
  } else {
    auto& in = reinterpret_cast<sockaddr_in6&>(out);
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(port);
    std::memcpy(&in.sin6_addr, ip.bytes.data(), 16);
  }
  return out;
}

Fd udp_socket(const std::string& name_space, const Ip& ip, uint16_t port) {
  const Inside inside(name_space);
  Fd fd(socket(ip.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_storage at = socket_address(ip, port);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    throw std::runtime_error("cannot bind " + ip.text() + " in " + name_space);
  return fd;
}

uint16_t port_of(const Fd& fd) {
  sockaddr_storage at{};
  socklen_t size = sizeof at;
  getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size);
  return ntohs(reinterpret_cast<sockaddr_in&>(at).sin_port);
}

}  // namespace

std::string why_not_here() {
  if (geteuid() != 0) return "needs root: namespaces, BPF";
  if (!shell("ip netns list")) return "needs iproute2 and network namespaces";
  return "";
}

bool shell(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

Inside::Inside(const std::string& name) : home_(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  const Fd there(open(("/run/netns/" + name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!there || setns(there.get(), CLONE_NEWNET) != 0)
    throw std::runtime_error("cannot enter namespace " + name);
}

Inside::~Inside() {
  if (setns(home_.get(), CLONE_NEWNET) != 0) std::abort();
}

PinFolder::PinFolder() : path_("/sys/fs/bpf/" + unique("testudo-test-")) {}
PinFolder::~PinFolder() { (void)remove_pinned(path_).ok(); }

Sandbox::Sandbox() : prefix_(unique("tt")) {
  if (!shell("ip netns add " + server()) || !shell("ip netns add " + client()))
    throw std::runtime_error("cannot make namespaces");
  shell(ip(server()) + " link set lo up");
  make_link();
}

Sandbox::~Sandbox() {
  {
    // The link must go before its namespace does, or its pin would name a device that is gone.
    const Inside inside(server());
    (void)remove_pinned(pin_.path()).ok();
  }
  shell("ip netns del " + server());
  shell("ip netns del " + client());
}

void Sandbox::make_link() {
  const std::string s = ip(server()), c = ip(client());
  bool ok = shell(s + " link add server0 type veth peer name client0 netns " + client()) &&
            shell(s + " addr add 192.0.2.1/24 dev server0") &&
            shell(s + " addr add 2001:db8::1/64 dev server0 nodad") && shell(s + " link set server0 up") &&
            shell(c + " link set client0 up");
  for (int host = 2; host < 10; ++host)
    ok = ok && shell(c + " addr add 192.0.2." + std::to_string(host) + "/24 dev client0") &&
         shell(c + " addr add 2001:db8::" + std::to_string(host) + "/64 dev client0 nodad");
  ok = ok && shell(s + " route add default via 192.0.2.2");
  if (!ok) throw std::runtime_error("cannot set up the veth pair");
}

void Sandbox::remove_link() { shell(ip(server()) + " link del server0"); }

EnforceOptions Sandbox::options() const {
  EnforceOptions options;
  options.interfaces = {"server0"};
  options.pin = pin();
  return options;
}

namespace {

int arrived(const Fd& sender, const Fd& receiver, const Ip& target, int count, size_t bytes) {
  const sockaddr_storage to = socket_address(target, port_of(receiver));
  const std::string knock(bytes, 'k');
  for (int i = 0; i < count; ++i)
    sendto(sender.get(), knock.data(), knock.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
  int got = 0;
  pollfd wait{receiver.get(), POLLIN, 0};
  while (got < count && poll(&wait, 1, 200) > 0) {
    char buffer[16];
    while (recv(receiver.get(), buffer, sizeof buffer, 0) > 0) ++got;
  }
  return got;
}

Ip server_address(const Ip& client) { return *Ip::parse(client.is_v4() ? "192.0.2.1" : "2001:db8::1"); }

Fd tcp_socket(const std::string& name_space, const Ip& ip) {
  const Inside inside(name_space);
  Fd fd(socket(ip.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_storage at = socket_address(ip, 0);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0)
    throw std::runtime_error("cannot bind " + ip.text() + " in " + name_space);
  return fd;
}

}  // namespace

int Sandbox::delivered(const std::string& from, int count, size_t bytes) {
  const Ip source = *Ip::parse(from), target = server_address(source);
  const Fd receiver = udp_socket(server(), target, 0);
  const Fd sender = udp_socket(client(), source, 0);
  return arrived(sender, receiver, target, count, bytes);
}

int Sandbox::delivered_to(const std::string& to, int count) {
  const Ip target = *Ip::parse(to);
  const Fd receiver = udp_socket(client(), target, 0);
  const Fd sender = udp_socket(server(), server_address(target), 0);
  return arrived(sender, receiver, target, count, 5);
}

int Sandbox::connects(const std::string& from, int milliseconds) {
  const Ip source = *Ip::parse(from), target = server_address(source);
  const Fd listener = tcp_socket(server(), target);
  if (listen(listener.get(), 4) != 0) return errno;
  const Fd caller = tcp_socket(client(), source);
  const sockaddr_storage to = socket_address(target, port_of(listener));
  if (connect(caller.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd wait{caller.get(), POLLOUT, 0};
  if (poll(&wait, 1, milliseconds) == 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(caller.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

void Sandbox::client_takes_answers() {
  const Inside inside(client());
  const bpf_insn pass[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, XDP_PASS},
                           {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  const Fd program(bpf_prog_load(BPF_PROG_TYPE_XDP, "pass", "GPL", pass, std::size(pass), nullptr));
  if (!program ||
      bpf_xdp_attach(int(if_nametoindex("client0")), program.get(), XDP_FLAGS_DRV_MODE, nullptr) != 0)
    throw std::runtime_error("cannot attach to client0");
}

Owner::Owner(const std::string& name_space, const EnforceOptions& options,
             const std::function<bool(Backend&)>& work) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  const Fd reader(ends[0]);
  Fd writer(ends[1]);
  pid_ = fork();
  if (pid_ == 0) {
    bool ok = false;
    try {
      const Inside inside(name_space);
      auto backend = open_backend(options);
      if (!backend) std::fprintf(stderr, "owner: %s\n", backend.error().text().c_str());
      ok = backend && work(**backend);
      const char answer = ok ? 'y' : 'n';
      if (write(writer.get(), &answer, 1) != 1) _exit(1);
      while (true) pause();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "owner: %s\n", e.what());
    }
    _exit(1);
  }
  writer.reset();
  char answer = 0;
  ok_ = read(reader.get(), &answer, 1) == 1 && answer == 'y';
}

void Owner::kill_hard() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

DecisionChange ban(const std::string& prefix, Remediation remediation, Duration left) {
  DecisionChange change;
  change.prefix = *Prefix::parse(prefix);
  change.remediation = remediation;
  change.until = now() + left;
  change.origin = "crowdsec";
  change.scenario = "test/knocking";
  return change;
}

DecisionChange lift(const std::string& prefix) {
  DecisionChange change;
  change.op = DecisionChange::Op::clear;
  change.prefix = *Prefix::parse(prefix);
  return change;
}

AllowChange allowed(const std::string& prefix, AllowChange::Reason reason) {
  AllowChange change;
  change.prefix = *Prefix::parse(prefix);
  change.reason = reason;
  return change;
}

}  // namespace testudo::test
