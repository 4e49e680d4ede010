// What a group knows of one stock sentinel that is connected (R-M). A stock
// sentinel tells nothing by itself but hellos, which anybody can forge: what
// counts is what it answers on the connection on which it proved its id.
#pragma once

#include "common/endpoint.h"
#include "common/ids.h"
#include "common/time.h"
#include "sentinel/core/input.h"

namespace sentinel {

inline constexpr Millis kStockViewLasts{5000};        // As stock keeps it (R-M2).
inline constexpr Millis kStockCandidacyMax{1000};     // It collects its votes within a tick or two (R-M5).
inline constexpr Millis kStockFailoverMax{10000};     // Then a stock leader no longer holds us back.
inline constexpr Millis kStockFailoverFresh{1500};    // What it said of its failover is true for this long.
inline constexpr Millis kStockFailoverLook{250};      // Between questions whether one runs.
inline constexpr Millis kStockConfigSpacing{100};     // Between questions for its configuration.
inline constexpr Millis kStockClaimBlocks{3000};      // A claim that nothing proves no longer holds us back,
inline constexpr Millis kStockClaimLasts{10000};      // and is dropped once nobody repeats it.
inline constexpr Millis kStockLongSuspicion{10000};   // A master down for longer is asked about once a second.
inline constexpr Millis kStockCorrectionWait{10000};  // A stock leader re-points by itself for this long.

struct StockMember {
  bool watches = false;   // It said that it watches this group.
  TimePoint next_view{};  // When its view is asked again, while the master is suspected.
  bool wants_config = false;
  TimePoint next_config{};
  TimePoint config_asked_at{};
  StockFailover failover = StockFailover::None;
  TimePoint failover_since{};
  TimePoint failover_seen{};
};

// R-M6: a configuration newer than ours that a stock sentinel told on its own
// connection. It is adopted once the node there proves it.
struct StockClaim {
  Epoch epoch;
  Endpoint master;
  NodeId told_by;
  bool by_member = false;
  TimePoint since{};
  TimePoint told_at{};
  TimePoint next_look{};
};

}  // namespace sentinel
