// Random runbooks that change the world so that a repetition, an omission or another order shows:
// lines of a ledger, counters, containers.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace engine::test {

class TorturedProgram {
 public:
  enum class Kind {
    // Leaves, each a change.
    append,     // fs.append; where it is in doubt, the script looks and decides
    bare,       // the same, but a doubt ends the run, for a person to settle; never where
                // others run beside it or it is tried again
    exec,       // the same by a child process
    cut,        // a child process that a timeout may cut off; in programs that try nothing again
    write,      // a whole file, idempotent
    count,      // a counter in our own store
    container,  // is created, started, stopped, removed: as far as its number says
    sleep,
    // What holds others.
    sequence,
    step,
    timeout,
    retry,  // twice: the first attempt fails behind its last change
    parallel,
  };
  struct Part {
    Kind kind = Kind::sequence;
    int id = 0;
    std::vector<Part> parts = {};
  };

  struct Wishes {
    int parts = 5;  // of the outermost sequence
    int depth = 2;
    bool containers = false;
  };
  // The same for the same seed; `name` tells its lines, counters and containers from others'.
  TorturedProgram(std::string name, uint32_t seed, Wishes wishes);

  const std::string& name() const { return name_; }
  // Its runbook: parameters are folder, where its ledger and files are, and image.
  std::string runbook() const;
  // What its run answers with.
  std::string result() const;
  // Words for what is wrong with the ledger; empty where every line is there once and in order.
  std::string fault_of(const std::vector<std::string>& ledger) const;
  // Name -> content of the files that it writes.
  std::map<std::string, std::string> files() const;
  // Label -> how far its container has come: created, running, exited, removed.
  std::map<std::string, std::string> containers() const;

 private:
  using Seen = std::map<std::string, std::vector<size_t>>;
  struct Span {
    size_t first, last;
  };

  int below(int end) { return static_cast<int>(random_() % static_cast<uint32_t>(end)); }
  // `alone`: nothing runs beside it; `once`: nothing tries it again.
  Part leaf(bool alone, bool once);
  Part grown(int depth, bool alone, bool once);
  std::string lua(const Part& part) const;
  Span span_of(const Part& part, const std::string& suffix, Seen& seen, std::string& fault) const;
  Span line_at(const std::string& line, Seen& seen, std::string& fault) const;
  template <class Visit>
  void each_leaf(const Part& part, const std::string& suffix, const Visit& visit) const;

  std::string name_;
  std::mt19937 random_;
  Wishes wishes_;
  int count_ = 0;
  bool cuts_ = false;
  Part whole_;
};

}  // namespace engine::test
