// A small seedable generator (SplitMix64), so that chance is an argument: the
// same seed gives the same run on every machine, which std distributions do not promise.
#pragma once

#include <cstdint>

#include "common/time.h"

namespace sentinel {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  // Uniform in [0, bound). REQUIRES: bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  // Uniform in [0, bound). Zero if bound is not positive.
  Millis jitter(Millis bound) {
    return bound.count() > 0 ? Millis(static_cast<Millis::rep>(below(static_cast<std::uint64_t>(bound.count()))))
                             : Millis{0};
  }

 private:
  std::uint64_t state_;
};

}  // namespace sentinel
