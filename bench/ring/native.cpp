// What C++ does of the same: a ring of the kind of rigtorp's and folly's, round trips, and a bare cache line's.
// usage: native CPU CPU one|batch|trip|condvar|line COUNT [BYTES]     prints seconds, or the median of a round trip in ns
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

static int cpus[2];

static void pin(int which) {
  if (cpus[which] < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpus[which], &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static void wrong(uint64_t wanted, uint64_t got) {
  std::fprintf(stderr, "message %llu is to come, and it is %llu\n", (unsigned long long)wanted, (unsigned long long)got);
  std::exit(1);
}

template <size_t Bytes>
struct Message {
  uint64_t words[Bytes / 8];
};

// One producer, one consumer; each keeps a copy of the other's index and looks anew only where by that it is full, or empty.
template <size_t Bytes>
class Ring {
 public:
  explicit Ring(size_t capacity) : mask_(capacity - 1), slots_(new Message<Bytes>[capacity]) {
    std::memset(static_cast<void*>(slots_.get()), 0, capacity * Bytes);
  }

  bool push(const Message<Bytes>& message) {
    const uint64_t at = written_.load(std::memory_order_relaxed);
    if (at - readCopy_ > mask_ && at - (readCopy_ = read_.load(std::memory_order_acquire)) > mask_) return false;
    slots_[at & mask_] = message;
    written_.store(at + 1, std::memory_order_release);
    return true;
  }

  bool pop(Message<Bytes>& message) {
    const uint64_t at = read_.load(std::memory_order_relaxed);
    if (at == writtenCopy_ && at == (writtenCopy_ = written_.load(std::memory_order_acquire))) return false;
    message = slots_[at & mask_];
    read_.store(at + 1, std::memory_order_release);
    return true;
  }

  size_t pushBatch(const Message<Bytes>* messages, size_t count) {
    const uint64_t at = written_.load(std::memory_order_relaxed);
    if (at + count - readCopy_ > mask_ + 1) readCopy_ = read_.load(std::memory_order_acquire);
    const size_t some = std::min<uint64_t>(count, mask_ + 1 - (at - readCopy_));
    if (some == 0) return 0;
    const size_t first = std::min(some, mask_ + 1 - (at & mask_));
    std::memcpy(&slots_[at & mask_], messages, first * Bytes);
    std::memcpy(&slots_[0], messages + first, (some - first) * Bytes);
    written_.store(at + some, std::memory_order_release);
    return some;
  }

  size_t popBatch(Message<Bytes>* messages, size_t count) {
    const uint64_t at = read_.load(std::memory_order_relaxed);
    if (writtenCopy_ - at < count) writtenCopy_ = written_.load(std::memory_order_acquire);
    const size_t some = std::min<uint64_t>(count, writtenCopy_ - at);
    if (some == 0) return 0;
    const size_t first = std::min(some, mask_ + 1 - (at & mask_));
    std::memcpy(messages, &slots_[at & mask_], first * Bytes);
    std::memcpy(messages + first, &slots_[0], (some - first) * Bytes);
    read_.store(at + some, std::memory_order_release);
    return some;
  }

 private:
  const size_t mask_;
  const std::unique_ptr<Message<Bytes>[]> slots_;
  alignas(128) std::atomic<uint64_t> written_{0};
  alignas(128) uint64_t readCopy_ = 0;
  alignas(128) std::atomic<uint64_t> read_{0};
  alignas(128) uint64_t writtenCopy_ = 0;
};

constexpr size_t kBatch = 64;

// Runs both sides, each where it belongs, from the moment at which both are ready.
template <class Produce, class Consume>
static double timed(Produce produce, Consume consume) {
  std::atomic<int> ready{0};
  auto meet = [&ready] {
    ready.fetch_add(1);
    while (ready.load() < 2) {
    }
  };
  std::thread other([&] {
    pin(0);
    meet();
    produce();
  });
  pin(1);
  meet();
  const double from = now();
  consume();
  const double seconds = now() - from;
  other.join();
  return seconds;
}

template <size_t Bytes>
static double throughput(bool batches, uint64_t count, size_t slots) {
  Ring<Bytes> ring(slots);
  constexpr size_t last = Bytes / 8 - 1;
  auto stamp = [](Message<Bytes>& message, uint64_t number) { message.words[0] = message.words[last] = number; };
  auto check = [](const Message<Bytes>& message, uint64_t number) {
    if (message.words[0] != number || message.words[last] != number) wrong(number, message.words[0]);
  };
  if (!batches) {
    auto sent = std::make_unique<Message<Bytes>>();
    auto came = std::make_unique<Message<Bytes>>();
    return timed(
        [&] {
          for (uint64_t i = 1; i <= count; i++) {
            stamp(*sent, i);
            while (!ring.push(*sent)) {
            }
          }
        },
        [&] {
          for (uint64_t i = 1; i <= count; i++) {
            while (!ring.pop(*came)) {
            }
            check(*came, i);
          }
        });
  }
  std::vector<Message<Bytes>> sent(kBatch), came(kBatch);
  return timed(
      [&] {
        for (uint64_t i = 1; i <= count; i += kBatch) {
          for (size_t j = 0; j < kBatch; j++) stamp(sent[j], i + j);
          for (size_t done = 0; done < kBatch;) done += ring.pushBatch(&sent[done], kBatch - done);
        }
      },
      [&] {
        for (uint64_t i = 1; i <= count;) {
          const size_t some = ring.popBatch(came.data(), kBatch);
          for (size_t j = 0; j < some; j++) check(came[j], i + j);
          i += some;
        }
      });
}

static double median(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

// Times so many trips of one side together, while the other answers.
template <class Trip, class Answer>
static double tripTime(uint64_t count, size_t together, Trip trip, Answer answer) {
  std::vector<double> times;
  timed([&] { for (uint64_t i = 1; i <= count; i++) answer(i); },
        [&] {
          for (uint64_t i = 1; i <= count;) {
            const double from = now();
            for (size_t j = 0; j < together; j++) trip(i++);
            times.push_back((now() - from) * 1e9 / together);
          }
        });
  return median(times);
}

static double ringTrip(uint64_t count) {
  Ring<8> there(16), back(16);
  return tripTime(
      count, 10,
      [&](uint64_t i) {
        Message<8> message{{i}};
        there.push(message);
        while (!back.pop(message)) {
        }
        if (message.words[0] != i) wrong(i, message.words[0]);
      },
      [&](uint64_t) {
        Message<8> message;
        while (!there.pop(message)) {
        }
        back.push(message);
      });
}

static double lineTrip(uint64_t count) {
  alignas(128) std::atomic<uint64_t> line{0};
  return tripTime(
      count, 10,
      [&](uint64_t i) {
        line.store(2 * i - 1, std::memory_order_release);
        while (line.load(std::memory_order_acquire) != 2 * i) {
        }
      },
      [&](uint64_t i) {
        while (line.load(std::memory_order_acquire) != 2 * i - 1) {
        }
        line.store(2 * i, std::memory_order_release);
      });
}

static double condvarTrip(uint64_t count) {
  std::mutex mutex;
  std::condition_variable changed[2];
  uint64_t value = 0;
  auto pass = [&](uint64_t from, int wake) {
    std::unique_lock<std::mutex> lock(mutex);
    changed[1 - wake].wait(lock, [&] { return value == from; });
    value = from + 1;
    changed[wake].notify_one();
  };
  return tripTime(
      count, 1,
      [&](uint64_t i) {
        pass(2 * i - 2, 0);
        std::unique_lock<std::mutex> lock(mutex);
        changed[1].wait(lock, [&] { return value == 2 * i; });
      },
      [&](uint64_t i) { pass(2 * i - 1, 1); });
}

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  cpus[0] = std::atoi(argv[1]);
  cpus[1] = std::atoi(argv[2]);
  const std::string what = argv[3];
  const uint64_t count = std::strtoull(argv[4], nullptr, 10);
  const size_t bytes = argc > 5 ? std::strtoull(argv[5], nullptr, 10) : 8;
  const size_t slots = argc > 6 ? std::strtoull(argv[6], nullptr, 10) : 16;
  const bool batches = what == "batch";
  double result = -1;
  if (what == "trip") result = ringTrip(count);
  if (what == "line") result = lineTrip(count);
  if (what == "condvar") result = condvarTrip(count);
  if (what == "one" || batches) {
    if (bytes == 8) result = throughput<8>(batches, count, slots);
    if (bytes == 64) result = throughput<64>(batches, count, slots);
    if (bytes == 1024) result = throughput<1024>(batches, count, slots);
    if (bytes == 65536) result = throughput<65536>(batches, count, slots);
  }
  if (result < 0) return 2;
  std::printf("%.9f\n", result);
  return 0;
}
