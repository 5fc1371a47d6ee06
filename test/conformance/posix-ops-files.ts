import type { Call } from 'ipclab/kernel'
import * as posix from 'ipclab/posix'
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLRDHUP } from 'ipclab/posix'
import type { Fields } from './fields.ts'
import type { Op } from './posix-acting.ts'
import { asOctal, expand, flags, nameOf, octal, printed } from './posix-notation.ts'

/** The recorded operations on descriptors and what goes through them: pipes, FIFOs, Unix sockets, poll. */

const fd = (args: Fields): number => Number(args.fd)
const path = (args: Fields): string => nameOf(args.path)

const onFd = (call: (fd: number) => Call<unknown>): Op => ({ make: (_, args) => call(fd(args)) })
const tellFds: Op['tell'] = (fds) => ({ ret: 0, fds })

const pollFlags = Object.entries({ POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP })
const pollNames = (revents: number): string =>
  pollFlags.flatMap(([name, flag]) => ((revents & flag) !== 0 ? [name] : [])).join('|')

const accessModes = ['O_RDONLY', 'O_WRONLY', 'O_RDWR']

export const fileOps: { readonly [op: string]: Op } = {
  close: onFd(posix.close),
  dup: onFd(posix.dup),
  dup2: { make: (_, args) => posix.dup2(fd(args), Number(args.newfd)) },
  lseek: { make: (_, args) => posix.lseek(fd(args), Number(args.off), flags(args.whence)) },
  ftruncate: { make: (_, args) => posix.ftruncate(fd(args), Number(args.len)) },
  fstat: {
    make: (_, args) => posix.fstat(fd(args)),
    tell(value) {
      const stat = value as posix.Stat // what fstat returns
      return { ret: 0, ...stat, mode: asOctal(stat.mode) }
    },
  },
  read: {
    make: (_, args) => posix.read(fd(args), Number(args.len)),
    tell: (data) => ({ ret: String(data).length, data: printed(String(data)) }),
  },
  write: { make: (_, args) => posix.write(fd(args), expand(args.data)) },
  set_nonblock: { make: (_, args) => posix.fcntl(fd(args), posix.F_SETFL, args.on === 1 ? posix.O_NONBLOCK : 0) },
  getfl: {
    make: (_, args) => posix.fcntl(fd(args), posix.F_GETFL),
    tell: (value) => ({
      ret: 0,
      acc: accessModes[Number(value) & posix.O_ACCMODE],
      nonblock: (Number(value) & posix.O_NONBLOCK) !== 0,
    }),
  },
  fionread: { make: (_, args) => posix.ioctl(fd(args), posix.FIONREAD), tell: (n) => ({ ret: 0, n }) },
  poll: {
    make(_, args) {
      const events = flags(args.events)
      return posix.poll(
        (args.fds as number[]).map((fd) => ({ fd, events })),
        0,
      ) // a list, as the README says
    },
    tell(value) {
      const told = value as readonly number[] // what poll returns
      return { ret: told.filter((revents) => revents !== 0).length, revents: told.map(pollNames) }
    },
  },

  // Pipes and FIFOs
  pipe: { make: (_, args) => posix.pipe(flags(args.flags)), tell: tellFds },
  get_pipe_sz: { make: (_, args) => posix.fcntl(fd(args), posix.F_GETPIPE_SZ) },
  set_pipe_sz: { make: (_, args) => posix.fcntl(fd(args), posix.F_SETPIPE_SZ, Number(args.size)) },
  mkfifo: { make: (_, args) => posix.mkfifo(path(args), octal(args.mode)) },
  open: { make: (_, args) => posix.open(path(args), flags(args.oflag), octal(args.mode)) },
  unlink: { make: (_, args) => posix.unlink(path(args)) },

  // Unix sockets
  socket: { make: (_, args) => posix.socket(posix.AF_UNIX, flags(args.type)) },
  socketpair: { make: (_, args) => posix.socketpair(posix.AF_UNIX, flags(args.type)), tell: tellFds },
  bind: { make: (_, args) => posix.bind(fd(args), path(args)) },
  listen: { make: (_, args) => posix.listen(fd(args), Number(args.backlog)) },
  accept: onFd(posix.accept),
  connect: { make: (_, args) => posix.connect(fd(args), path(args)) },
  shutdown: { make: (_, args) => posix.shutdown(fd(args), flags(args.how)) },
  send: { make: (_, args) => posix.send(fd(args), expand(args.data), flags(args.flags)) },
  sendto: { make: (_, args) => posix.sendto(fd(args), expand(args.data), flags(args.flags), path(args)) },
  recv: {
    make: (_, args) => posix.recvfrom(fd(args), Number(args.len), flags(args.flags)),
    tell(value) {
      const { data, length, from } = value as posix.Received // what recvfrom returns
      return { ret: length, data: printed(data), ...(from === null ? {} : { from }) }
    },
  },
  sendfd: { make: (_, args) => posix.sendmsg(fd(args), { data: expand(args.data), fds: [Number(args.which)] }) },
  recvfd: {
    make: (_, args) => posix.recvmsg(fd(args), Number(args.len), 0, 1),
    tell(value) {
      const { data, length, fds } = value as posix.Received // what recvmsg returns
      return { ret: length, data: printed(data), fd: fds[0] ?? -1 }
    },
  },
}
