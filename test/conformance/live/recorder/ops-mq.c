/* Operations on POSIX message queues. */
#include "recorder.h"
#include <mqueue.h>

/* `-`, or the greatest number of messages and their greatest size with a colon between. */
static void open_op(void) {
  struct mq_attr attr = {0};
  const char *given = text("attr");
  if (strcmp(given, "-") == 0) {
    reply(mq_open(name_text("name"), flags("oflag"), mode("mode"), NULL));
    return;
  }
  sscanf(given, "%ld:%ld", &attr.mq_maxmsg, &attr.mq_msgsize);
  reply(mq_open(name_text("name"), flags("oflag"), mode("mode"), &attr));
}

static void send_op(int timed) {
  char *data;
  size_t length = expand(text("data"), &data);
  unsigned prio = number("prio");
  struct timespec until = timed ? moment("abs") : (struct timespec){0};
  reply(timed ? mq_timedsend(number("mqd"), data, length, prio, &until) : mq_send(number("mqd"), data, length, prio));
  free(data);
}

static void receive_op(int timed) {
  size_t size = number("len");
  char *data = malloc(size + 1);
  unsigned prio = 0;
  struct timespec until = timed ? moment("abs") : (struct timespec){0};
  ssize_t length = timed ? mq_timedreceive(number("mqd"), data, size, &prio, &until)
                         : mq_receive(number("mqd"), data, size, &prio);
  if (length < 0) {
    reply(-1);
  } else {
    add("{\"ret\":%zd,\"data\":", length);
    add_data(data, length);
    add(",\"prio\":%u}", prio);
  }
  free(data);
}

static void reply_attributes(int ret, const struct mq_attr *attr) {
  if (ret < 0) return reply(-1);
  add("{\"ret\":0,\"nonblock\":%s,\"maxmsg\":%ld,\"msgsize\":%ld,\"curmsgs\":%ld}",
      attr->mq_flags & O_NONBLOCK ? "true" : "false", attr->mq_maxmsg, attr->mq_msgsize, attr->mq_curmsgs);
}

static void notify_op(void) {
  const char *how = text("how");
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
  if (strcmp(how, "none") == 0) event.sigev_notify = SIGEV_NONE;
  reply(mq_notify(number("mqd"), strcmp(how, "null") == 0 ? NULL : &event));
}

int mq_op(void) {
  struct mq_attr attr = {0}, old = {0};
  OP("mq_open") return open_op(), 1;
  OP("mq_close") return reply(mq_close(number("mqd"))), 1;
  OP("mq_unlink") return reply(mq_unlink(name_text("name"))), 1;
  OP("mq_send") return send_op(0), 1;
  OP("mq_timedsend") return send_op(1), 1;
  OP("mq_receive") return receive_op(0), 1;
  OP("mq_timedreceive") return receive_op(1), 1;
  OP("mq_getattr") {
    int ret = mq_getattr(number("mqd"), &attr);
    return reply_attributes(ret, &attr), 1;
  }
  OP("mq_setattr") {
    attr.mq_flags = number("nonblock") ? O_NONBLOCK : 0;
    int ret = mq_setattr(number("mqd"), &attr, &old);
    return reply_attributes(ret, &old), 1;
  }
  OP("mq_notify") return notify_op(), 1;
  return 0;
}
