// pattern/regex_scratch_impl.h: what a thread brings to every match, inside this folder.
#pragma once

#include <re2/re2.h>

#include "pattern/jit.h"
#include "pattern/literal_set.h"
#include "pattern/regex.h"

namespace testudo {

struct RegexScratch::Impl {
  JitScratch jit;
  std::vector<re2::StringPiece> pieces;
  LiteralHits hits;
};

}  // namespace testudo
