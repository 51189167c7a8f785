// The machine's own name servers, asked in the background, with a memory of the answers.
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "base/files.h"
#include "base/text.h"
#include "base/thread.h"
#include "base/time.h"
#include "parse/dns.h"
#include "parse/resolver.h"

namespace testudo::parse {
namespace {

using Answer = std::vector<std::string>;
using Clock = std::chrono::steady_clock;

constexpr size_t kServers = 2;
constexpr auto kStopLook = std::chrono::milliseconds(100);  // how often a thread that waits looks for the end
constexpr int kLostPatience = 3;

struct Entry {
  bool done = false;
  Answer answer;
  Clock::time_point until;  ///< done: how long it is kept; else: how long it is waited for
};

class System : public Resolver {
 public:
  explicit System(const SystemResolverOptions& options) : options_(options) {
    if (auto text = read_file(options.hosts, 16 << 20)) hosts_ = hosts_resolver_of(*text);
  }
  ~System() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    work_.notify_all();
    done_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  std::string name_of(const Ip& ip) override {
    if (hosts_)
      if (std::string name = hosts_->name_of(ip); !name.empty()) return name;
    const Answer answer = ask("p" + dns::reverse_name(ip.unmapped()));
    return answer.empty() ? std::string() : answer[0];
  }
  Answer addresses_of(std::string_view name) override {
    if (name.empty() || name.size() > 254) return {};
    if (hosts_)
      if (Answer known = hosts_->addresses_of(name); !known.empty()) return known;
    return ask("a" + lower_ascii(name));
  }

 private:
  /// A key is the kind of question and the name.
  Answer ask(const std::string& key) {
    std::unique_lock lock(mutex_);
    const auto now = Clock::now();
    auto found = entries_.find(key);
    if (found != entries_.end() && found->second.done && found->second.until <= now) {
      entries_.erase(found);
      found = entries_.end();
    }
    if (found == entries_.end()) {
      if (stop_ || queue_.size() >= options_.queue) return {};
      make_room();
      Entry entry;
      entry.until = now + (late_in_row_ < kLostPatience ? options_.patience : Duration::zero());
      found = entries_.emplace(key, std::move(entry)).first;
      order_.push_back(key);
      queue_.push_back(key);
      start();
      work_.notify_one();
    }
    if (found->second.done) return found->second.answer;
    const auto deadline = found->second.until;
    bool in_time = false;
    done_.wait_until(lock, deadline, [&] {
      found = entries_.find(key);  // it may have been answered and forgotten
      return in_time = stop_ || found == entries_.end() || found->second.done;
    });
    if (!in_time) {
      if (deadline > now) ++late_in_row_;
      return {};
    }
    return found != entries_.end() && found->second.done ? found->second.answer : Answer();
  }

  /// The oldest answer goes; a question under way stays.
  void make_room() {
    for (size_t tries = order_.size(); entries_.size() >= options_.entries && tries > 0; --tries) {
      const std::string key = std::move(order_.front());
      order_.pop_front();
      const auto found = entries_.find(key);
      if (found == entries_.end()) continue;
      if (found->second.done)
        entries_.erase(found);
      else
        order_.push_back(key);
    }
    // Keys whose entries ran out of time stand in `order_` still.
    while (order_.size() > 2 * options_.entries + options_.queue) order_.pop_front();
  }

  void start() {
    if (threads_.size() < std::min(options_.threads, threads_.size() - idle_ + queue_.size()))
      threads_.emplace_back([this] { run(); });
  }

  void run() {
    be_patient("resolver");
    std::unique_lock lock(mutex_);
    while (!stop_) {
      if (queue_.empty()) {
        ++idle_;
        work_.wait(lock, [&] { return stop_ || !queue_.empty(); });
        --idle_;
        continue;
      }
      const std::string key = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      const auto start = Clock::now();
      std::optional<Answer> answer;
      if (key[0] == 'p') {
        answer = question(key.substr(1), dns::Type::ptr);
      } else {
        answer = question(key.substr(1), dns::Type::a);
        if (const auto v6 = question(key.substr(1), dns::Type::aaaa); v6 && answer)
          answer->insert(answer->end(), v6->begin(), v6->end());
        else if (v6)
          answer = v6;
      }
      const bool prompt = answer && Clock::now() - start < options_.patience;
      lock.lock();
      if (prompt) late_in_row_ = 0;
      if (const auto found = entries_.find(key); found != entries_.end()) {
        found->second.done = true;
        if (answer) found->second.answer = std::move(*answer);
        found->second.until =
            Clock::now() + (found->second.answer.empty() ? options_.keep_none : options_.keep);
      }
      done_.notify_all();
    }
  }

  bool stopping() {
    const std::lock_guard lock(mutex_);
    return stop_;
  }

  std::vector<Ip> servers() const {
    std::vector<Ip> out;
    const auto text = read_file(options_.resolv_conf, 1 << 20);
    if (!text) return out;
    for (std::string_view line : split(*text, '\n')) {
      line = trim(line);
      if (!line.starts_with("nameserver")) continue;
      line = trim(line.substr(10));
      if (const auto ip = Ip::parse(line.substr(0, line.find_first_of(" \t#%"))))
        if (out.size() < kServers) out.push_back(*ip);
    }
    if (out.empty()) out.push_back(Ip::v4(0x7f000001));  // as the C library does
    return out;
  }

  /// Nothing when no server answered.
  std::optional<Answer> question(const std::string& name, dns::Type type) {
    for (const Ip& server : servers()) {
      uint16_t id = 0;
      if (::getrandom(&id, sizeof id, 0) != sizeof id) return std::nullopt;
      const std::string packet = dns::question(id, name, type);
      if (packet.empty()) return Answer();
      if (auto answer = exchange(server, packet, type)) return answer;
    }
    return std::nullopt;
  }

  /// A connected socket: the kernel chooses a port at random and drops what others send.
  std::optional<Answer> exchange(const Ip& server, const std::string& packet, dns::Type type) {
    sockaddr_storage address{};
    socklen_t length = 0;
    if (server.is_v4()) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(address);
      v4.sin_family = AF_INET;
      v4.sin_port = htons(options_.port);
      std::memcpy(&v4.sin_addr, server.bytes.data(), 4);
      length = sizeof v4;
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(address);
      v6.sin6_family = AF_INET6;
      v6.sin6_port = htons(options_.port);
      std::memcpy(&v6.sin6_addr, server.bytes.data(), 16);
      length = sizeof v6;
    }
    const Fd fd(::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
        ::send(fd.get(), packet.data(), packet.size(), MSG_NOSIGNAL) != ssize_t(packet.size()))
      return std::nullopt;
    const auto end = Clock::now() + options_.timeout;
    char bytes[4096];
    while (!stopping()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
      if (left.count() <= 0) break;
      pollfd wait{fd.get(), POLLIN, 0};
      if (::poll(&wait, 1, int(std::min(left, std::chrono::milliseconds(kStopLook)).count())) <= 0) continue;
      const ssize_t n = ::recv(fd.get(), bytes, sizeof bytes, 0);
      if (n < 0 && errno != EAGAIN && errno != EINTR) break;  // nobody listens there
      if (n > 0)
        if (auto answer = dns::read_answer({bytes, size_t(n)}, packet, type)) return answer;
    }
    return std::nullopt;
  }

  const SystemResolverOptions options_;
  std::unique_ptr<Resolver> hosts_;
  std::mutex mutex_;
  std::condition_variable work_, done_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;  ///< of the entries, oldest first
  std::deque<std::string> queue_;
  std::vector<std::thread> threads_;
  size_t idle_ = 0;
  int late_in_row_ = 0;
  bool stop_ = false;
};

}  // namespace

std::unique_ptr<Resolver> system_resolver(const SystemResolverOptions& options) {
  return std::make_unique<System>(options);
}

}  // namespace testudo::parse
