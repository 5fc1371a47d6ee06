/* Operations on pthread objects in shared memory. */
#include "recorder.h"

static void *object(void) { return place("map", "off"); }

static void mutex_init_op(void) {
  const char *type = text("type");
  int kind = PTHREAD_MUTEX_NORMAL;
  if (strcmp(type, "errorcheck") == 0) kind = PTHREAD_MUTEX_ERRORCHECK;
  if (strcmp(type, "recursive") == 0) kind = PTHREAD_MUTEX_RECURSIVE;
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_settype(&attr, kind);
  pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attr, number("robust") ? PTHREAD_MUTEX_ROBUST : PTHREAD_MUTEX_STALLED);
  reply_code(pthread_mutex_init(object(), &attr));
}

static void cond_init_op(void) {
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  reply_code(pthread_cond_init(object(), &attr));
}

static void rwlock_init_op(void) {
  pthread_rwlockattr_t attr;
  pthread_rwlockattr_init(&attr);
  pthread_rwlockattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  reply_code(pthread_rwlock_init(object(), &attr));
}

static void barrier_init_op(void) {
  pthread_barrierattr_t attr;
  pthread_barrierattr_init(&attr);
  pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
  reply_code(pthread_barrier_init(object(), &attr, number("count")));
}

static int mutex_op(void) {
  OP("mutex_init") return mutex_init_op(), 1;
  OP("mutex_lock") return reply_code(pthread_mutex_lock(object())), 1;
  OP("mutex_trylock") return reply_code(pthread_mutex_trylock(object())), 1;
  OP("mutex_unlock") return reply_code(pthread_mutex_unlock(object())), 1;
  OP("mutex_consistent") return reply_code(pthread_mutex_consistent(object())), 1;
  OP("mutex_destroy") return reply_code(pthread_mutex_destroy(object())), 1;
  OP("mutex_timedlock") {
    struct timespec until = moment("abs");
    return reply_code(pthread_mutex_timedlock(object(), &until)), 1;
  }
  return 0;
}

static int cond_op(void) {
  OP("cond_init") return cond_init_op(), 1;
  OP("cond_wait") return reply_code(pthread_cond_wait(object(), (void *)place("map", "mutex_off"))), 1;
  OP("cond_timedwait") {
    struct timespec until = moment("abs");
    return reply_code(pthread_cond_timedwait(object(), (void *)place("map", "mutex_off"), &until)), 1;
  }
  OP("cond_signal") return reply_code(pthread_cond_signal(object())), 1;
  OP("cond_broadcast") return reply_code(pthread_cond_broadcast(object())), 1;
  return 0;
}

static int rwlock_op(void) {
  OP("rwlock_init") return rwlock_init_op(), 1;
  OP("rdlock") return reply_code(pthread_rwlock_rdlock(object())), 1;
  OP("wrlock") return reply_code(pthread_rwlock_wrlock(object())), 1;
  OP("tryrdlock") return reply_code(pthread_rwlock_tryrdlock(object())), 1;
  OP("trywrlock") return reply_code(pthread_rwlock_trywrlock(object())), 1;
  OP("rw_unlock") return reply_code(pthread_rwlock_unlock(object())), 1;
  return 0;
}

static int barrier_op(void) {
  OP("barrier_init") return barrier_init_op(), 1;
  OP("barrier_wait") {
    int ret = pthread_barrier_wait(object());
    if (ret == PTHREAD_BARRIER_SERIAL_THREAD) return add("{\"ret\":0,\"serial\":true}"), 1;
    return reply_code(ret), 1;
  }
  return 0;
}

int pthread_op(void) { return mutex_op() || cond_op() || rwlock_op() || barrier_op(); }
