/*
 * Plays one program: gives one operation out at a time, waits until all is quiet, and prints what came of it, a line of
 * JSON for each step and one for the end.
 */
#include "recorder.h"
#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/wait.h>

struct mailbox *mailboxes;

/* The program counts on a process that is not there, or that waits: it has gone another way than was thought. */
#define GONE "the process can make no call"

static struct watched watched[PROCS_MAX];
static int alive[PROCS_MAX];
/* Which step a process is in; -1: none. */
static int busy[PROCS_MAX];

static void live(int p, pid_t pid) {
  watch(&watched[p], pid);
  mailboxes[p].pid = pid;
  alive[p] = 1;
  busy[p] = -1;
}

static void start(int p, const struct settings *as) {
  struct mailbox *box = &mailboxes[p];
  atomic_store(&box->turn, IDLE);
  box->child = 0;
  pid_t pid = fork();
  if (pid == 0) {
    close(0);
    dup2(2, 0); /* descriptors 0 to 2 are taken, and none of them is the recorder's input or output */
    dup2(2, 1);
    for (int other = 0; other < p; other++) unwatch(&watched[other]);
    work(p, as);
  }
  live(p, pid);
}

static void give(int p, const char *op, int step) {
  struct mailbox *box = &mailboxes[p];
  snprintf(box->op, sizeof box->op, "%s", op);
  box->child = 0;
  busy[p] = step;
  atomic_store(&box->turn, GIVEN);
  syscall(SYS_futex, &box->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* What became of a process that has died, as the outcome of what it was doing. */
static void print_death(int p) {
  int code = exit_code(watched[p].pid);
  if (WIFSIGNALED(code))
    printf("{\"killed\":\"%s\"}", signal_name(WTERMSIG(code)));
  else
    printf("{\"exit\":%d}", WEXITSTATUS(code));
}

/* Prints what p's operation came to, if it has, or p's death; says whether there was any. */
static int print_outcome(int p) {
  if (!alive[p]) return 0;
  if (busy[p] >= 0 && atomic_load(&mailboxes[p].turn) == ANSWERED) {
    printf("%s", mailboxes[p].out);
  } else {
    if (watched[p].state == 'S') return 0;
    print_death(p);
    unwatch(&watched[p]);
    alive[p] = 0;
  }
  busy[p] = -1;
  return 1;
}

/* Whether somebody else's outcome is there. */
static int is_over(int p) {
  return alive[p] && ((busy[p] >= 0 && atomic_load(&mailboxes[p].turn) == ANSWERED) || watched[p].state != 'S');
}

static void print_step(int actor) {
  printf("{\"out\":");
  if (!print_outcome(actor)) printf("{\"blocks\":true}");
  const char *before = ",\"completed\":[";
  for (int p = 0; p < PROCS_MAX; p++) {
    if (p == actor || !is_over(p)) continue;
    printf("%s{\"p\":%d,\"step\":", before, p);
    if (busy[p] < 0)
      printf("null");
    else
      printf("%d", busy[p]);
    printf(",\"out\":");
    print_outcome(p);
    printf("}");
    before = ",";
  }
  printf(before[0] == ',' && before[1] == '\0' ? "]}\n" : "}\n");
}

static void print_end(void) {
  const char *before = "";
  printf("{\"end\":{\"blocked\":[");
  for (int p = 0; p < PROCS_MAX; p++) {
    if (!alive[p] || busy[p] < 0) continue;
    printf("%s{\"p\":%d,\"step\":%d}", before, p, busy[p]);
    before = ",";
  }
  printf("]}}\n");
}

static void clear(void) {
  for (int p = 0; p < PROCS_MAX; p++) {
    if (!alive[p]) continue;
    kill(watched[p].pid, SIGKILL);
    unwatch(&watched[p]);
    alive[p] = 0;
  }
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) continue;
}

/* A line is the number of the process, a tab and its operation. Says what is wrong; NULL: nothing is. */
static const char *step(char *line, int number) {
  char *op = line;
  int p = atoi(strsep(&op, "\t"));
  if (op == NULL || p < 0 || p >= PROCS_MAX || !alive[p] || busy[p] >= 0) return GONE;
  give(p, op, number);
  if (!settle(watched, alive, PROCS_MAX)) return "it never becomes quiet";
  if (mailboxes[p].child != 0 && atomic_load(&mailboxes[p].turn) == ANSWERED) {
    int child = 0;
    if (sscanf(mailboxes[p].out, "{\"ret\":%d}", &child) != 1 || child < 0 || child >= PROCS_MAX || alive[child])
      return "the child has no number of its own";
    live(child, mailboxes[p].child);
    if (!settle(watched, alive, PROCS_MAX)) return "it never becomes quiet";
  }
  print_step(p);
  return NULL;
}

/* The first line has the users of the processes, with commas between; each one after it is a step. */
void play(char *program, const struct settings *common) {
  char *rest = program, *users = strsep(&rest, "\n");
  struct settings as = *common;
  int count = 0;
  for (char *user; (user = strsep(&users, ",")) != NULL && count < PROCS_MAX; count++) {
    as.uid = as.uid_base + atoi(user) - 1000;
    start(count, &as);
  }
  for (int p = count; p < PROCS_MAX; p++) atomic_store(&mailboxes[p].turn, IDLE), mailboxes[p].pid = 0;
  const char *wrong = settle(watched, alive, PROCS_MAX) ? NULL : "it never becomes quiet";
  int number = 0;
  for (char *line; wrong == NULL && (line = strsep(&rest, "\n")) != NULL && *line != '\0'; number++)
    wrong = step(line, number);
  if (wrong == NULL)
    print_end();
  else
    printf("{\"wrong\":\"%s\"}\n", wrong);
  fflush(stdout);
  clear();
}
