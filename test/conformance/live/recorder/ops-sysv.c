/* Operations on System V message queues, semaphores and shared memory. */
#include "recorder.h"
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum { OPS_MAX = 600 };

struct message {
  long type;
  char data[];
};

static key_t key(void) {
  const char *given = text("key");
  return strcmp(given, "IPC_PRIVATE") == 0 ? IPC_PRIVATE : atoi(given);
}

static void msgsnd_op(void) {
  char *data;
  size_t length = expand(text("data"), &data);
  struct message *message = malloc(sizeof *message + length);
  message->type = number("type");
  memcpy(message->data, data, length);
  reply(msgsnd(number("id"), message, length, flags("flags")));
  free(message);
  free(data);
}

static void msgrcv_op(void) {
  size_t size = number("len");
  struct message *message = malloc(sizeof *message + size);
  ssize_t length = msgrcv(number("id"), message, size, number("type"), flags("flags"));
  if (length < 0) {
    reply(-1);
  } else {
    add("{\"ret\":%zd,\"data\":", length);
    add_data(message->data, length);
    add(",\"type\":%ld}", message->type);
  }
  free(message);
}

static void msg_stat_op(void) {
  struct msqid_ds stat;
  if (msgctl(number("id"), IPC_STAT, &stat) < 0) return reply(-1);
  add("{\"ret\":0,\"qnum\":%ld,\"cbytes\":%ld,\"qbytes\":%ld}", (long)stat.msg_qnum, (long)stat.msg_cbytes,
      (long)stat.msg_qbytes);
}

/* Each is number:operation:flags. */
static void semop_op(void) {
  char *items[OPS_MAX];
  struct sembuf ops[OPS_MAX];
  int count = list("ops", items, OPS_MAX);
  for (int at = 0; at < count; at++) {
    char *num = strsep(&items[at], ":"), *op = strsep(&items[at], ":");
    ops[at] = (struct sembuf){.sem_num = atoi(num), .sem_op = atoi(op), .sem_flg = constant(items[at])};
  }
  reply(semop(number("id"), ops, count));
}

static void shm_stat_op(void) {
  struct shmid_ds stat;
  if (shmctl(number("id"), IPC_STAT, &stat) < 0) return reply(-1);
  add("{\"ret\":0,\"size\":%ld,\"nattch\":%ld}", (long)stat.shm_segsz, (long)stat.shm_nattch);
}

int sysv_op(void) {
  OP("msgget") return reply(msgget(key(), flags("flags"))), 1;
  OP("msgsnd") return msgsnd_op(), 1;
  OP("msgrcv") return msgrcv_op(), 1;
  OP("msg_rmid") return reply(msgctl(number("id"), IPC_RMID, NULL)), 1;
  OP("msg_stat") return msg_stat_op(), 1;
  OP("semget") return reply(semget(key(), number("nsems"), flags("flags"))), 1;
  OP("semop") return semop_op(), 1;
  OP("sem_setval") return reply(semctl(number("id"), number("num"), SETVAL, (int)number("val"))), 1;
  OP("sem_getval") return reply(semctl(number("id"), number("num"), GETVAL)), 1;
  OP("sem_getncnt") return reply(semctl(number("id"), number("num"), GETNCNT)), 1;
  OP("sem_getzcnt") return reply(semctl(number("id"), number("num"), GETZCNT)), 1;
  OP("sem_rmid") return reply(semctl(number("id"), 0, IPC_RMID)), 1;
  OP("shmget") return reply(shmget(key(), number("size"), flags("flags"))), 1;
  OP("shmat") return reply(shmat(number("id"), place("slot", NULL), flags("flags")) == (void *)-1 ? -1 : 0), 1;
  OP("shmdt") return reply(shmdt(place("slot", NULL))), 1;
  OP("shm_rmid") return reply(shmctl(number("id"), IPC_RMID, NULL)), 1;
  OP("shm_stat") return shm_stat_op(), 1;
  return 0;
}
