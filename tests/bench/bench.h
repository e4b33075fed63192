// What every measuring program shares: pairs of ours and the peer's, side by side, and a JSON line
// a measure.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace engine::bench {

inline constexpr int kPairs = 7;

inline double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

inline double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of this process, all its threads, in user and system mode.
inline double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

enum class Better { lower, higher };

struct Measure {
  std::string name = {};
  std::string unit = {};
  std::string peer = {};  // what ours is compared with; empty when there is none
  Better better = Better::lower;
  double ratio_goal = 0;  // ours : peer; 0 when only the figure itself has a goal
  double value_goal = 0;  // 0 when only the ratio has a goal
};

inline bool reaches(Better better, double value, double goal) {
  return goal == 0 || (better == Better::lower ? value <= goal : value >= goal);
}

inline void print(const Measure& measure, double ours, double peer, double ratio) {
  const bool pass = reaches(measure.better, ratio, measure.ratio_goal) &&
                    reaches(measure.better, ours, measure.value_goal);
  std::printf(
      "{\"name\":\"%s\",\"unit\":\"%s\",\"ours\":%.6g,\"peer_name\":\"%s\",\"peer\":%.6g,"
      "\"ratio\":%.4g,\"better\":\"%s\",\"ratio_goal\":%g,\"value_goal\":%g,\"pass\":%s}\n",
      measure.name.c_str(), measure.unit.c_str(), ours, measure.peer.c_str(), peer, ratio,
      measure.better == Better::lower ? "lower" : "higher", measure.ratio_goal, measure.value_goal,
      pass ? "true" : "false");
  std::fflush(stdout);
}

// Takes turns, so that a noisy moment hits both; the ratio is the median of the pairs' own ratios.
inline void compare(const Measure& measure, const std::function<double()>& ours,
                    const std::function<double()>& peer, int pairs = kPairs) {
  std::vector<double> ours_all, peer_all, ratios;
  for (int pair = 0; pair < pairs; ++pair) {
    peer_all.push_back(peer());
    ours_all.push_back(ours());
    ratios.push_back(ours_all.back() / peer_all.back());
  }
  print(measure, median(ours_all), median(peer_all), median(ratios));
}

inline void alone(const Measure& measure, double value) { print(measure, value, 0, 0); }

}  // namespace engine::bench
