// Runs that triggers start: recorded first, together with what the trigger notes, then begun.
#include "engine/runs/runner_impl.h"
#include "engine/store/children.h"

namespace engine::runs {

// Where there are more runs than memory should hold, they wait in the store until there is room.
void Runner::Impl::admit(StartRequest request, store::Job beside, Admitted admitted) {
  Result<std::unique_ptr<Run>> prepared = prepare(std::move(request), {}, {});
  if (!prepared) {
    return shared.loop.defer([error = prepared.error(), admitted = std::move(admitted)]() mutable {
      admitted(fail(std::move(error)));
    });
  }
  const std::string id = (*prepared)->id();
  auto added = std::make_shared<store::AddedRun>();
  const bool leave = parked && runs.size() + admitting >= options.parking->in_memory;
  auto add = [row = (*prepared)->row(), entries = "[" + (*prepared)->first_entry() + "]", added,
              leave,
              beside = std::move(beside)](store::Transaction& transaction) mutable -> Result<void> {
    Result<store::AddedRun> run = store::add_run(transaction.db(), row, "", entries);
    if (!run) return fail(run.error());
    *added = *run;
    if (leave) {
      if (Result<void> left = store::leave_run(transaction.db(), run->as.key); !left) return left;
    }
    return beside(transaction);
  };
  std::unique_ptr<Run> run = leave ? nullptr : std::move(*prepared);
  if (run) ++admitting;
  shared.store.write(std::move(add), [this, id, added, run = std::move(run),
                                      admitted = std::move(admitted)](Result<void> done) mutable {
    if (run) --admitting;
    if (!done) return admitted(fail(done.error()));
    if (run) {
      run->take_up(*added);
      static_cast<void>(begin(std::move(run)));
    } else {
      parked->look_soon();
    }
    admitted(id);
  });
}

void Runner::admit(StartRequest request, store::Job beside, Admitted admitted) {
  impl_->admit(std::move(request), std::move(beside), std::move(admitted));
}

}  // namespace engine::runs
