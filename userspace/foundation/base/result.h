// base/result.h: a value or an error that says what is wrong, where, and what to do.
//
// Across folder borders every call that can fail returns Result<T>; exceptions stay inside a file, for
// what libraries throw. An error is written for an administrator at three in the morning.
#pragma once

#include <cassert>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace testudo {

enum class Code {
  bad_content,  ///< a hub item, pattern, expression: that item is off, the others run
  bad_config,   ///< testudo.yaml, acquis.yaml, profiles.yaml
  bad_input,    ///< a request, an argument, a log line
  not_found,
  refused,      ///< allowed by syntax, forbidden by a safety rule (own address, allowlisted, too wide)
  conflict,     ///< exists already, or held by another process
  permission,   ///< the operating system says no
  unsupported,  ///< this kernel, driver or build cannot do it
  io,           ///< a system call or a library failed
  corrupt,      ///< a file of ours is damaged
  too_large,    ///< a limit named in the message was passed
  unavailable,  ///< the other side does not answer
  internal,
};

/// `permission`, `bad_content` …: as in JSON and in logs.
const char* code_name(Code code);

/// A place in a file. `line` and `column` count from 1; 0 means unknown.
struct Where {
  std::string file;
  int line = 0;
  int column = 0;
  /// "file:line:column", as much of it as is known; empty when nothing is.
  std::string text() const;
};

struct Error {
  Code code = Code::internal;
  std::string message;  ///< what is wrong, the refused value included; no trailing full stop
  Where where{};
  std::string remedy{};  ///< what to do, or empty

  /// "file:line:column: message. remedy"; the one form in which errors are shown.
  std::string text() const;
};

/// Error from errno: "cannot open /x: Permission denied".
Error errno_error(std::string what, int err, Where where = {}, std::string remedy = {});

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& value() & {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    assert(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    assert(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  bool ok() const { return !error_; }
  explicit operator bool() const { return ok(); }
  Error& error() {
    assert(!ok());
    return *error_;
  }
  const Error& error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

/// Start-up collects errors and shows all of them.
using Errors = std::vector<Error>;

// Leaves the function with the error, or goes on: TESTUDO_TRY(auto x, make_x());
#define TESTUDO_TRY_CONCAT_(a, b) a##b
#define TESTUDO_TRY_NAME_(line) TESTUDO_TRY_CONCAT_(testudo_try_, line)
#define TESTUDO_TRY(declaration, ...)                                                      \
  auto TESTUDO_TRY_NAME_(__LINE__) = (__VA_ARGS__);                                        \
  if (!TESTUDO_TRY_NAME_(__LINE__)) return std::move(TESTUDO_TRY_NAME_(__LINE__)).error(); \
  declaration = *std::move(TESTUDO_TRY_NAME_(__LINE__))
#define TESTUDO_CHECK(...) \
  if (auto testudo_check_ = (__VA_ARGS__); !testudo_check_) return std::move(testudo_check_).error()

}  // namespace testudo
