/*
 * recorder FOLDER: reads programs from standard input, plays each on this machine's kernel and prints what came of it.
 * First it prints one line of JSON that says where it runs. A program is a line of users, a line for each step, and an
 * empty line; FOLDER is where programs find themselves, and is emptied after each.
 *
 * Each program finds a clean machine: name spaces of its own (System V objects and message queues, /dev/shm, processes),
 * and as root users that no program had before. Where name spaces are not permitted it says so.
 */
#include "recorder.h"
#include <dirent.h>
#include <gnu/libc-version.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

enum { PROGRAM_MAX = 1 << 20, FIRST_UID = 100000, USERS = 8, PROGRAMS_MAX = 200000000 };

static int write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  ssize_t length = write(file, text, strlen(text));
  close(file);
  return length < 0 ? -1 : 0;
}

/* A name space of users in which this one is user 1000, and may make the other name spaces. */
static int own_users(void) {
  char map[64];
  uid_t uid = geteuid();
  gid_t gid = getegid();
  if (unshare(CLONE_NEWUSER) < 0) return -1;
  snprintf(map, sizeof map, "1000 %u 1", uid);
  if (write_file("/proc/self/uid_map", map) < 0) return -1;
  write_file("/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "1000 %u 1", gid);
  return write_file("/proc/self/gid_map", map);
}

/* In the child that returns, all is its own; its parent ends when it does, and it when its parent does. */
static int own_name_spaces(int root) {
  if (!root && own_users() < 0) return -1;
  if (unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC) < 0) return -1;
  pid_t pid = fork();
  if (pid < 0) return -1;
  if (pid > 0) {
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return -1;
  if (mount("proc", "/proc", "proc", 0, NULL) < 0) return -1;
  return mount("tmpfs", "/dev/shm", "tmpfs", 0, "mode=1777");
}

static int become_another(int unused) {
  (void)unused;
  return setresgid(FIRST_UID, FIRST_UID, FIRST_UID) < 0 ? -1 : setresuid(FIRST_UID, FIRST_UID, FIRST_UID);
}

/* Tries it in a child: what fails half-way can't be taken back. */
static int can(int (*attempt)(int), int root) {
  int status;
  pid_t pid = fork();
  if (pid == 0) _exit(attempt(root) == 0 ? 0 : 1);
  return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void empty(const char *folder) {
  DIR *open = opendir(folder);
  if (open == NULL) return;
  for (struct dirent *entry; (entry = readdir(open)) != NULL;)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) unlinkat(dirfd(open), entry->d_name, 0);
  closedir(open);
}

/* Reads up to an empty line; false at the end of input. */
static int read_program(char *program) {
  size_t length = 0;
  while (fgets(program + length, PROGRAM_MAX - length, stdin) != NULL) {
    if (program[length] == '\n') {
      program[length] = '\0';
      return length > 0;
    }
    length += strlen(program + length);
    if (length >= PROGRAM_MAX - 1) {
      fprintf(stderr, "a program is longer than %d bytes\n", PROGRAM_MAX);
      exit(2);
    }
  }
  return 0;
}

int main(int count, char *args[]) {
  static char program[PROGRAM_MAX];
  if (count != 2) {
    fprintf(stderr, "usage: recorder FOLDER\n");
    return 2;
  }
  int root = can(become_another, 0), own = can(own_name_spaces, root) && own_name_spaces(root) == 0;
  if (chdir(args[1]) < 0 || (own && mount("tmpfs", ".", "tmpfs", 0, "mode=1777") == 0 && chdir(args[1]) < 0)) {
    perror(args[1]);
    return 2;
  }
  chmod(".", 01777);
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  prctl(PR_SET_TIMERSLACK, 1);
  mailboxes = mmap(NULL, PROCS_MAX * sizeof *mailboxes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (mailboxes == MAP_FAILED) {
    perror("mmap");
    return 2;
  }
  struct utsname machine;
  uname(&machine);
  printf("{\"kernel\":\"%s\",\"libc\":\"%s\",\"root\":%s,\"own\":%s}\n", machine.release, gnu_get_libc_version(),
         root ? "true" : "false", own ? "true" : "false");
  fflush(stdout);
  struct settings as = {.uid_base = root ? FIRST_UID : own ? 1000 : geteuid(), .become = root};
  for (int played = 0; read_program(program); played++) {
    if (own && unshare(CLONE_NEWIPC) < 0) perror("unshare");
    if (root) as.uid_base = FIRST_UID + played % PROGRAMS_MAX * USERS;
    play(program, &as);
    empty(".");
    if (own) empty("/dev/shm");
  }
  return 0;
}
