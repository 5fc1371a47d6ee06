/* Operations on descriptors, pipes and FIFOs. */
#include "recorder.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static void read_op(void) {
  size_t size = number("len");
  char *data = malloc(size + 1);
  ssize_t length = read(number("fd"), data, size);
  if (length < 0) {
    reply(-1);
  } else {
    add("{\"ret\":%zd,\"data\":", length);
    add_data(data, length);
    add("}");
  }
  free(data);
}

static void write_op(void) {
  char *data;
  size_t length = expand(text("data"), &data);
  reply(write(number("fd"), data, length));
  free(data);
}

static const char *type_name(mode_t mode) {
  if (S_ISREG(mode)) return "reg";
  if (S_ISFIFO(mode)) return "fifo";
  if (S_ISSOCK(mode)) return "sock";
  if (S_ISDIR(mode)) return "dir";
  return "chr";
}

static void fstat_op(void) {
  struct stat stat;
  if (fstat(number("fd"), &stat) < 0) return reply(-1);
  add("{\"ret\":0,\"type\":\"%s\",\"mode\":\"%04o\",\"size\":%ld,\"nlink\":%ld,\"uid\":%d}", type_name(stat.st_mode),
      stat.st_mode & 07777, (long)stat.st_size, (long)stat.st_nlink, (int)(stat.st_uid - settings.uid_base + 1000));
}

static void getfl_op(void) {
  static const char *const access[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "?"};
  int set = fcntl(number("fd"), F_GETFL);
  if (set < 0) return reply(-1);
  add("{\"ret\":0,\"acc\":\"%s\",\"nonblock\":%s}", access[set & O_ACCMODE], set & O_NONBLOCK ? "true" : "false");
}

static void add_events(short events) {
  static const struct {
    const char *name;
    short bit;
  } all[] = {{"POLLIN", POLLIN},   {"POLLOUT", POLLOUT},   {"POLLERR", POLLERR},
             {"POLLHUP", POLLHUP}, {"POLLNVAL", POLLNVAL}, {"POLLRDHUP", POLLRDHUP}};
  const char *before = "";
  for (int at = 0; at < 6; at++) {
    if (!(events & all[at].bit)) continue;
    add("%s%s", before, all[at].name);
    before = "|";
  }
}

static void poll_op(void) {
  char *items[64];
  struct pollfd polled[64];
  int count = list("fds", items, 64);
  for (int at = 0; at < count; at++) polled[at] = (struct pollfd){.fd = atoi(items[at]), .events = flags("events")};
  int ready = poll(polled, count, 0);
  if (ready < 0) return reply(-1);
  add("{\"ret\":%d,\"revents\":[", ready);
  for (int at = 0; at < count; at++) {
    add(at == 0 ? "\"" : ",\"");
    add_events(polled[at].revents);
    add("\"");
  }
  add("]}");
}

int file_op(void) {
  OP("close") return reply(close(number("fd"))), 1;
  OP("dup") return reply(dup(number("fd"))), 1;
  OP("dup2") return reply(dup2(number("fd"), number("newfd"))), 1;
  OP("read") return read_op(), 1;
  OP("write") return write_op(), 1;
  OP("lseek") return reply(lseek(number("fd"), number("off"), flags("whence"))), 1;
  OP("ftruncate") return reply(ftruncate(number("fd"), number("len"))), 1;
  OP("fstat") return fstat_op(), 1;
  OP("set_nonblock") return reply(fcntl(number("fd"), F_SETFL, number("on") ? O_NONBLOCK : 0)), 1;
  OP("getfl") return getfl_op(), 1;
  OP("poll") return poll_op(), 1;
  OP("fionread") {
    int n;
    if (ioctl(number("fd"), FIONREAD, &n) < 0) return reply(-1), 1;
    return add("{\"ret\":0,\"n\":%d}", n), 1;
  }
  OP("get_pipe_sz") return reply(fcntl(number("fd"), F_GETPIPE_SZ)), 1;
  OP("set_pipe_sz") return reply(fcntl(number("fd"), F_SETPIPE_SZ, (int)number("size"))), 1;
  OP("pipe") {
    int fds[2];
    if (pipe2(fds, flags("flags")) < 0) return reply(-1), 1;
    return add("{\"ret\":0,\"fds\":[%d,%d]}", fds[0], fds[1]), 1;
  }
  OP("mkfifo") return reply(mkfifo(name_text("path"), mode("mode"))), 1;
  OP("open") return reply(open(name_text("path"), flags("oflag"), mode("mode"))), 1;
  OP("unlink") return reply(unlink(name_text("path"))), 1;
  return 0;
}
