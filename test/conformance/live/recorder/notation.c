/* How programs write constants, signals and data: test/oracles/posix/README.md. */
#include "recorder.h"
#include <mqueue.h>
#include <poll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>

#define NAMED(x) {#x, x}
static const struct {
  const char *name;
  long value;
} constants[] = {
    NAMED(O_RDONLY), NAMED(O_WRONLY), NAMED(O_RDWR), NAMED(O_CREAT), NAMED(O_EXCL), NAMED(O_TRUNC), NAMED(O_NONBLOCK),
    NAMED(O_DIRECT), NAMED(PROT_NONE), NAMED(PROT_READ), NAMED(PROT_WRITE), NAMED(MAP_SHARED), NAMED(MAP_PRIVATE),
    NAMED(MAP_ANONYMOUS), NAMED(MAP_FIXED), NAMED(SEEK_SET), NAMED(SEEK_CUR), NAMED(SEEK_END), NAMED(SOCK_STREAM),
    NAMED(SOCK_DGRAM), NAMED(SOCK_SEQPACKET), NAMED(SOCK_NONBLOCK), NAMED(MSG_DONTWAIT), NAMED(MSG_PEEK),
    NAMED(MSG_NOSIGNAL), NAMED(MSG_WAITALL), NAMED(MSG_TRUNC), NAMED(SHUT_RD), NAMED(SHUT_WR), NAMED(SHUT_RDWR),
    NAMED(POLLIN), NAMED(POLLOUT), NAMED(POLLERR), NAMED(POLLHUP), NAMED(POLLNVAL), NAMED(POLLRDHUP),
    NAMED(IPC_CREAT), NAMED(IPC_EXCL), NAMED(IPC_NOWAIT), NAMED(IPC_PRIVATE), NAMED(MSG_NOERROR), NAMED(MSG_EXCEPT),
    NAMED(SEM_UNDO), NAMED(SHM_RDONLY), NAMED(SHM_REMAP),
};

static const struct {
  const char *name;
  int value;
} signals[] = {
    NAMED(SIGHUP),  NAMED(SIGINT),  NAMED(SIGQUIT), NAMED(SIGABRT), NAMED(SIGBUS),  NAMED(SIGKILL), NAMED(SIGUSR1),
    NAMED(SIGSEGV), NAMED(SIGUSR2), NAMED(SIGPIPE), NAMED(SIGALRM), NAMED(SIGTERM), NAMED(SIGCHLD),
};

/* A|B, permission bits in octal among them; what no constant is called ends the worker: the program is no good. */
long constant(const char *names) {
  char copy[256], *rest = copy;
  long sum = 0;
  snprintf(copy, sizeof copy, "%s", names);
  for (char *name; (name = strsep(&rest, "|")) != NULL;) {
    if (name[0] == '0') {
      sum |= strtol(name, NULL, 8);
      continue;
    }
    size_t at = 0, count = sizeof constants / sizeof *constants;
    while (at < count && strcmp(constants[at].name, name) != 0) at++;
    if (at == count) _exit(99);
    sum |= constants[at].value;
  }
  return sum;
}

const char *error_name(int error) {
  const char *name = strerrorname_np(error);
  return name == NULL ? "E?" : name;
}

const char *signal_name(int number) {
  for (size_t at = 0; at < sizeof signals / sizeof *signals; at++)
    if (signals[at].value == number) return signals[at].name;
  return "SIG?";
}

int signal_number(const char *name) {
  for (size_t at = 0; at < sizeof signals / sizeof *signals; at++)
    if (strcmp(signals[at].name, name) == 0) return signals[at].value;
  _exit(99);
}

/* How often the token's first character stands; 0: the token stands for itself. */
static size_t repeated(const char *token, size_t length) {
  if (length < 3 || token[1] != '*' || strspn(token + 2, "0123456789") < length - 2) return 0;
  return strtoul(token + 2, NULL, 10);
}

/* The bytes that the notation stands for, with a NUL after them. */
size_t expand(const char *notation, char **data) {
  size_t size = 1;
  for (const char *at = notation;; at++) {
    size_t length = strcspn(at, "+"), times = repeated(at, length);
    size += times > 0 ? times : length;
    at += length;
    if (*at == '\0') break;
  }
  char *to = *data = malloc(size);
  for (const char *at = notation;; at++) {
    size_t length = strcspn(at, "+"), times = repeated(at, length);
    if (times > 0)
      memset(to, *at, times), to += times;
    else
      memcpy(to, at, length), to += length;
    at += length;
    if (*at == '\0') break;
  }
  *to = '\0';
  for (char *byte = *data; byte < to; byte++)
    if (*byte == '~') *byte = '\0';
  return to - *data;
}
