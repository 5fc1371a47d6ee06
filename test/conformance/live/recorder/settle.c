/* Waiting until nothing goes on any more: each process asleep, and none of them has run meanwhile. */
#include "recorder.h"

enum { PASSES = 3, NAP_NS = 20000, NAPS_MAX = 100000 };

void watch(struct watched *one, pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  *one = (struct watched){.pid = pid, .status = open(path, O_RDONLY | O_CLOEXEC)};
}

void unwatch(struct watched *one) {
  if (one->status >= 0) close(one->status);
  one->status = -1;
}

static void look(struct watched *one) {
  char text[4096];
  ssize_t length = pread(one->status, text, sizeof text - 1, 0);
  one->state = 'Z'; /* gone altogether */
  one->switches = 0;
  if (length <= 0) return;
  text[length] = '\0';
  const char *state = strstr(text, "State:\t"), *own = strstr(text, "\nvoluntary_ctxt_switches:");
  const char *forced = strstr(text, "nonvoluntary_ctxt_switches:");
  if (state != NULL) one->state = state[7];
  if (own != NULL && forced != NULL)
    one->switches = strtol(own + 25, NULL, 10) + strtol(forced + 27, NULL, 10);
}

/* Whether each is asleep or dead, and none has run since it was looked at last. */
static int quiet(struct watched *all, const int alive[], int count) {
  int still = 1;
  for (int p = 0; p < count; p++) {
    if (!alive[p]) continue;
    struct watched before = all[p];
    look(&all[p]);
    char state = all[p].state;
    if (state != before.state || all[p].switches != before.switches) still = 0;
    if (state != 'S' && state != 'Z' && state != 'X') still = 0;
  }
  return still;
}

/* Returns false where it never becomes quiet. */
int settle(struct watched *all, const int alive[], int count) {
  int naps = 0;
  for (int passes = 0; passes < PASSES;) {
    if (quiet(all, alive, count)) {
      passes++;
      continue;
    }
    passes = 0;
    if (++naps > NAPS_MAX) return 0;
    nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
  }
  return 1;
}

/* What a dead process has left for its parent: the last field of /proc/PID/stat. */
int exit_code(pid_t pid) {
  char path[64], text[2048];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
  if (file >= 0) close(file);
  if (length <= 0) return 0;
  text[length] = '\0';
  const char *last = strrchr(text, ' ');
  return last == NULL ? 0 : atoi(last);
}
