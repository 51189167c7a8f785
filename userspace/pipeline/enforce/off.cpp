// enforce/off.cpp: detection only. Nothing is enforced, and status() says so.
#include "base/log.h"
#include "enforce/backend.h"

namespace testudo {
namespace {

class Off : public Backend {
 public:
  Result<void> apply(std::span<const DecisionChange>) override { return {}; }
  Result<void> allow(std::span<const AllowChange>) override { return {}; }
  Result<void> reconcile(std::span<const DecisionChange>, std::span<const AllowChange>) override {
    return {};
  }
  Result<void> flush() override { return {}; }
  EnforceStatus status() override {
    EnforceStatus status;
    status.backend = "off";
    return status;
  }
  std::vector<DropCounter> counters() override { return {}; }
  Result<std::vector<KernelEntry>> list(const Prefix*) override { return std::vector<KernelEntry>{}; }
};

Result<std::unique_ptr<Backend>> open_off(const EnforceOptions&) {
  log::warn("enforce.off",
            {{"why", "enforce.mode is off: decisions are made and served, nothing is dropped here"}});
  return std::unique_ptr<Backend>(std::make_unique<Off>());
}

}  // namespace

extern const BackendKind off_backend;
const BackendKind off_backend = {"off", "detection only, nothing is dropped", open_off};

}  // namespace testudo
