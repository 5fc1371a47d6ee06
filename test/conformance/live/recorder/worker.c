/* One process of a program: takes an operation, carries it out, answers, and sleeps until it is given the next. */
#include "recorder.h"
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

struct settings settings;
static int self;
static volatile sig_atomic_t counts[_NSIG];
static sigjmp_buf faulted;
static volatile sig_atomic_t guarded;

static void counting(int number) { counts[number]++; }

/* A fault of an operation ends the operation. */
static void fault(int number, siginfo_t *info, void *context) {
  (void)context;
  if (guarded && info->si_code > 0) siglongjmp(faulted, number);
  counts[number]++;
}

void handle(int number, const char *how) {
  struct sigaction action = {.sa_handler = counting};
  if (strcmp(how, "handler_restart") == 0) action.sa_flags = SA_RESTART;
  if (strcmp(how, "ignore") == 0) action.sa_handler = SIG_IGN;
  if (strcmp(how, "default") == 0) action.sa_handler = SIG_DFL;
  reply(sigaction(number, &action, NULL));
}

long signal_count(int number) { return counts[number]; }

static void dispositions(void) {
  struct sigaction faults = {.sa_sigaction = fault, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGSEGV, &faults, NULL);
  sigaction(SIGBUS, &faults, NULL);
  sigaction(SIGUSR1, &(struct sigaction){.sa_handler = counting}, NULL);
  sigaction(SIGUSR2, &(struct sigaction){.sa_handler = counting, .sa_flags = SA_RESTART}, NULL);
  signal(SIGPIPE, SIG_IGN);
}

/* Without the privileges of who started the recorder. */
static void become(const struct settings *as) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct none[2] = {0};
  if (as->become && (setgroups(0, NULL) < 0 || setresgid(as->uid, as->uid, as->uid) < 0 ||
                     setresuid(as->uid, as->uid, as->uid) < 0))
    _exit(98);
  syscall(SYS_capset, &header, none);
}

static void carry_out(void) {
  volatile int number = sigsetjmp(faulted, 1);
  if (number != 0) {
    guarded = 0;
    begin_reply(mailboxes[self].out);
    add("{\"signal\":\"%s\"}", signal_name(number));
    return;
  }
  guarded = 1;
  int known = process_op() || memory_op() || file_op() || socket_op() || mq_op() || sysv_op() || semaphore_op() ||
              pthread_op();
  guarded = 0;
  if (!known) _exit(99);
}

static void serve(void) __attribute__((noreturn));
static void serve(void) {
  for (;;) {
    struct mailbox *box = &mailboxes[self];
    uint32_t turn = atomic_load(&box->turn);
    if (turn != GIVEN) {
      syscall(SYS_futex, &box->turn, FUTEX_WAIT, turn, NULL, NULL, 0);
      continue;
    }
    take_op(box->op);
    begin_reply(box->out);
    carry_out();
    atomic_store(&mailboxes[self].turn, ANSWERED);
  }
}

void work(int index, const struct settings *as) {
  self = index;
  settings = *as;
  prctl(PR_SET_TIMERSLACK, 1);
  become(as);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  umask(022);
  dispositions();
  serve();
}

/* The child is worker `child` from here on, with its parent's descriptors, mappings and slots. */
void fork_worker(int child) {
  pid_t pid = fork();
  if (pid == 0) {
    self = child;
    for (int number = 0; number < _NSIG; number++) counts[number] = 0;
    guarded = 0;
    serve();
  }
  if (pid > 0) mailboxes[self].child = pid;
  reply(pid < 0 ? pid : child);
}
