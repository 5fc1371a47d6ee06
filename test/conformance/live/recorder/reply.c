/* The arguments of an operation, by name, and what a worker answers, as JSON. */
#include "recorder.h"

enum { ARGS_MAX = 16 };
static char line[OP_MAX];
static char *names[ARGS_MAX], *values[ARGS_MAX];
static int count;
static char *out;
static size_t written;

/* An operation is `name` and then a tab and `name=value` for each argument. */
void take_op(const char *op) {
  char *rest = line;
  snprintf(line, sizeof line, "%s", op);
  strsep(&rest, "\t");
  for (count = 0; rest != NULL && count < ARGS_MAX; count++) {
    values[count] = strsep(&rest, "\t");
    names[count] = strsep(&values[count], "=");
  }
}

const char *op_name(void) { return line; }

const char *text(const char *name) {
  for (int at = 0; at < count; at++)
    if (strcmp(names[at], name) == 0) return values[at];
  _exit(99); /* the program is no good */
}

/* Names use the notation of data only where they have a `*`. */
const char *name_text(const char *name) {
  char *expanded;
  const char *given = text(name);
  if (strchr(given, '*') == NULL) return given;
  expand(given, &expanded);
  return expanded;
}

long number(const char *name) { return strtol(text(name), NULL, 10); }
long flags(const char *name) { return constant(text(name)); }
mode_t mode(const char *name) { return strtol(text(name), NULL, 8); }

/* What stands between commas. */
int list(const char *name, char *items[], int most) {
  static char copy[4096];
  char *rest = copy;
  int found = 0;
  snprintf(copy, sizeof copy, "%s", text(name));
  while (rest != NULL && *rest != '\0' && found < most) items[found++] = strsep(&rest, ",");
  return found;
}

/* `past`: five seconds ago; `badnsec`: the same, malformed. */
struct timespec moment(const char *name) {
  struct timespec then;
  clock_gettime(CLOCK_REALTIME, &then);
  then.tv_sec -= 5;
  then.tv_nsec = strcmp(text(name), "badnsec") == 0 ? 1000000000 : 0;
  return then;
}

void begin_reply(char *to) {
  out = to;
  written = 0;
  out[0] = '\0';
}

void add(const char *format, ...) {
  va_list args;
  va_start(args, format);
  if (written < OUT_MAX) written += vsnprintf(out + written, OUT_MAX - written, format, args);
  va_end(args);
}

/* Runs of four and more as c*N, tokens joined by +, a byte that can't be printed as `?`, within quotes. */
void add_data(const char *data, size_t length) {
  int literal = 0;
  add("\"");
  for (size_t at = 0; at < length;) {
    size_t run = 1;
    while (at + run < length && data[at + run] == data[at]) run++;
    unsigned char byte = data[at];
    const char *escape = byte == '"' || byte == '\\' ? "\\" : "";
    if (byte < 0x20 || byte >= 0x7f) byte = '?';
    if (run >= 4) {
      add("%s%s%c*%zu", at == 0 ? "" : "+", escape, byte, run);
      literal = 0;
    } else {
      if (at > 0 && !literal) add("+");
      for (size_t times = 0; times < run; times++) add("%s%c", escape, byte);
      literal = 1;
    }
    at += run;
  }
  add("\"");
}

/* A call that returned this. */
void reply(long ret) {
  if (ret < 0)
    reply_code(errno);
  else
    add("{\"ret\":%ld}", ret);
}

/* A call that returns what went wrong, 0 for nothing. */
void reply_code(int error) {
  if (error == 0)
    add("{\"ret\":0}");
  else
    add("{\"errno\":\"%s\"}", error_name(error));
}

/* Slots lie 16 MiB apart, where nothing else does. */
char *place(const char *slot, const char *off) {
  return (char *)(1L << 45) + (number(slot) << 24) + (off == NULL ? 0 : number(off));
}
