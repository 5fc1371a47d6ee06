/* Operations on processes and signals. */
#include "recorder.h"
#include <sys/stat.h>

static void kill_op(void) {
  pid_t to = mailboxes[number("to") % PROCS_MAX].pid;
  if (to <= 0) _exit(99);
  reply(kill(to, signal_number(text("sig"))));
}

int process_op(void) {
  OP("fork") return fork_worker(number("child")), 1;
  OP("exit") _exit(number("code"));
  OP("kill") return kill_op(), 1;
  OP("sigaction") return handle(signal_number(text("sig")), text("how")), 1;
  OP("sigcount") return reply(signal_count(signal_number(text("sig")))), 1;
  OP("pause") return reply(pause()), 1;
  OP("umask") return add("{\"ret\":0,\"old\":\"%04o\"}", umask(mode("mask"))), 1;
  return 0;
}
