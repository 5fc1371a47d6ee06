/* Operations on POSIX semaphores. A process's semaphores have slots. */
#include "recorder.h"

enum { SLOTS = 64 };
static sem_t *semaphores[SLOTS];

static sem_t **slot(void) {
  long at = number("slot");
  if (at < 0 || at >= SLOTS) _exit(99);
  return &semaphores[at];
}

static void open_op(void) {
  sem_t **own = slot();
  sem_t *opened = sem_open(name_text("name"), flags("oflag"), mode("mode"), (unsigned)number("value"));
  if (opened == SEM_FAILED) return reply(-1);
  int same = 0;
  while (same < SLOTS && (&semaphores[same] == own || semaphores[same] != opened)) same++;
  *own = opened;
  if (same < SLOTS)
    add("{\"ret\":0,\"same_as\":%d}", same);
  else
    reply(0);
}

static void close_op(void) {
  int ret = sem_close(*slot());
  if (ret == 0) *slot() = NULL;
  reply(ret);
}

int semaphore_op(void) {
  OP("sem_open") return open_op(), 1;
  OP("sem_close") return close_op(), 1;
  OP("sem_unlink") return reply(sem_unlink(name_text("name"))), 1;
  OP("sem_wait") return reply(sem_wait(*slot())), 1;
  OP("sem_trywait") return reply(sem_trywait(*slot())), 1;
  OP("sem_timedwait") {
    struct timespec until = moment("abs");
    return reply(sem_timedwait(*slot(), &until)), 1;
  }
  OP("sem_post") return reply(sem_post(*slot())), 1;
  OP("sem_getvalue") {
    int value;
    if (sem_getvalue(*slot(), &value) < 0) return reply(-1), 1;
    return add("{\"ret\":0,\"value\":%d}", value), 1;
  }
  OP("sem_init") {
    *slot() = (sem_t *)place("map", "off");
    return reply(sem_init(*slot(), number("pshared"), (unsigned)number("value"))), 1;
  }
  OP("sem_at") {
    *slot() = (sem_t *)place("map", "off");
    return reply(0), 1;
  }
  OP("sem_destroy") return reply(sem_destroy(*slot())), 1;
  return 0;
}
