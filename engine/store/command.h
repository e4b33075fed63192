// What the loop asks of the writer's thread.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "engine/store/store.h"

namespace engine::store {

struct AppendEntries {
  LiveRun run;
  std::string entries;
};
struct StartRun {
  LiveRun run;
  NewRun row;
  std::string entries;
};
struct AdoptRun {
  LiveRun run;
  Adoption as;
};
struct FinishRun {
  LiveRun run;
  RunEnd end;
  std::string entries;
};

struct ParkRun {
  LiveRun run;
  Parking parking;
};

struct Command {
  // The rare ones are behind a pointer: the common one stays small.
  std::variant<AppendEntries, std::unique_ptr<StartRun>, std::unique_ptr<AdoptRun>,
               std::unique_ptr<FinishRun>, std::unique_ptr<ParkRun>, Job>
      work;
  Committed committed;                 // empty: nobody waits
  std::shared_ptr<const Error> error;  // set by the writer when it failed
};

}  // namespace engine::store
