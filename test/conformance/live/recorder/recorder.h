/* Plays programs of many processes on this machine's own kernel and says what came of each step: see main.c. */
#ifndef RECORDER_H
#define RECORDER_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { PROCS_MAX = 16, OP_MAX = 1 << 16, OUT_MAX = 1 << 18 };

/* How one worker is given an operation and says what came of it: memory in common, so that it needs no descriptor. */
enum turn { IDLE, GIVEN, ANSWERED };
struct mailbox {
  _Atomic uint32_t turn;
  pid_t pid;   /* whose it is */
  pid_t child; /* whom a fork has made; 0: none */
  char op[OP_MAX];
  char out[OUT_MAX];
};
extern struct mailbox *mailboxes;

/* notation.c */
long constant(const char *names);
const char *error_name(int error);
const char *signal_name(int number);
int signal_number(const char *name);
size_t expand(const char *notation, char **data);
void print_data(const char *data, size_t length);

/* reply.c: the operation's arguments, and what it answers */
void take_op(const char *line);
const char *op_name(void);
const char *text(const char *name);
const char *name_text(const char *name);
long number(const char *name);
long flags(const char *name);
mode_t mode(const char *name);
int list(const char *name, char *items[], int most);
struct timespec moment(const char *name);
void begin_reply(char *out);
void add(const char *format, ...) __attribute__((format(printf, 1, 2)));
void add_data(const char *data, size_t length);
void reply(long ret);
void reply_code(int error);
char *place(const char *slot, const char *off);

/* worker.c */
struct settings {
  uid_t uid;
  uid_t uid_base; /* what the programs call 1000 */
  int become;     /* whether it can become that user */
};
extern struct settings settings;
void work(int index, const struct settings *as) __attribute__((noreturn));
void fork_worker(int child);
void handle(int number, const char *how);
long signal_count(int number);

/* settle.c */
struct watched {
  pid_t pid;
  int status; /* descriptor of /proc/PID/status */
  char state;
  long switches;
};
void watch(struct watched *one, pid_t pid);
void unwatch(struct watched *one);
int settle(struct watched *all, const int alive[], int count);
int exit_code(pid_t pid);

/* stage.c */
void play(char *program, const struct settings *as);

/* The operations of a family: each returns whether it knows the one that take_op took. */
int process_op(void);
int memory_op(void);
int file_op(void);
int socket_op(void);
int mq_op(void);
int sysv_op(void);
int semaphore_op(void);
int pthread_op(void);

#define OP(name) if (strcmp(op_name(), name) == 0)

#endif
