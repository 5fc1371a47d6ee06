/* Operations on Unix sockets. */
#include "recorder.h"
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static socklen_t address(struct sockaddr_un *to, const char *path) {
  *to = (struct sockaddr_un){.sun_family = AF_UNIX};
  snprintf(to->sun_path, sizeof to->sun_path, "%s", path);
  return offsetof(struct sockaddr_un, sun_path) + strlen(to->sun_path) + 1;
}

static void send_op(const char *path) {
  char *data;
  size_t length = expand(text("data"), &data);
  struct sockaddr_un to;
  socklen_t size = path == NULL ? 0 : address(&to, path);
  reply(sendto(number("fd"), data, length, flags("flags"), path == NULL ? NULL : (void *)&to, size));
  free(data);
}

static void recv_op(void) {
  size_t size = number("len");
  char *data = malloc(size + 1);
  struct sockaddr_un from = {0};
  socklen_t named = sizeof from;
  ssize_t length = recvfrom(number("fd"), data, size, flags("flags"), (void *)&from, &named);
  if (length < 0) {
    reply(-1);
  } else {
    add("{\"ret\":%zd,\"data\":", length);
    add_data(data, (size_t)length < size ? (size_t)length : size);
    if (named > offsetof(struct sockaddr_un, sun_path)) add(",\"from\":\"%s\"", from.sun_path);
    add("}");
  }
  free(data);
}

/* Room for the descriptors that one message passes here. */
union passed {
  char bytes[CMSG_SPACE(sizeof(int))];
  struct cmsghdr aligned;
};

static void sendfd_op(void) {
  char *data;
  union passed passed = {0};
  int which = number("which");
  struct iovec part = {.iov_len = expand(text("data"), &data)};
  part.iov_base = data;
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = passed.bytes, .msg_controllen = sizeof passed.bytes};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof which);
  memcpy(CMSG_DATA(header), &which, sizeof which);
  reply(sendmsg(number("fd"), &message, 0));
  free(data);
}

static void recvfd_op(void) {
  size_t size = number("len");
  char *data = malloc(size + 1);
  union passed passed;
  struct iovec part = {.iov_base = data, .iov_len = size};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = passed.bytes, .msg_controllen = sizeof passed.bytes};
  ssize_t length = recvmsg(number("fd"), &message, 0);
  if (length < 0) {
    reply(-1);
  } else {
    int which = -1;
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(&which, CMSG_DATA(header), sizeof which);
    add("{\"ret\":%zd,\"data\":", length);
    add_data(data, length);
    add(",\"fd\":%d}", which);
  }
  free(data);
}

int socket_op(void) {
  struct sockaddr_un to;
  OP("socketpair") {
    int fds[2];
    if (socketpair(AF_UNIX, flags("type"), 0, fds) < 0) return reply(-1), 1;
    return add("{\"ret\":0,\"fds\":[%d,%d]}", fds[0], fds[1]), 1;
  }
  OP("socket") return reply(socket(AF_UNIX, flags("type"), 0)), 1;
  OP("bind") return reply(bind(number("fd"), (void *)&to, address(&to, name_text("path")))), 1;
  OP("listen") return reply(listen(number("fd"), number("backlog"))), 1;
  OP("accept") return reply(accept(number("fd"), NULL, NULL)), 1;
  OP("connect") return reply(connect(number("fd"), (void *)&to, address(&to, name_text("path")))), 1;
  OP("shutdown") return reply(shutdown(number("fd"), flags("how"))), 1;
  OP("send") return send_op(NULL), 1;
  OP("sendto") return send_op(name_text("path")), 1;
  OP("recv") return recv_op(), 1;
  OP("sendfd") return sendfd_op(), 1;
  OP("recvfd") return recvfd_op(), 1;
  return 0;
}
