// The switch between the core as it is and one of its mutants; see mutants.py.
// One at a time, chosen before a run.
#pragma once

namespace sentinel {

inline int active_mutant = -1;
inline bool is_mutant(int index) { return active_mutant == index; }

extern const int kMutantCount;
extern const char* const kMutantNames[];
extern const char* const kMutantFaults[];  // By comma; empty: all.
extern const bool kMutantStock[];          // Only stock sentinels in the quorum bring it out.

}  // namespace sentinel
