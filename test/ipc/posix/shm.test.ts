import { kill, load, setuid, store, umask } from 'ipclab/kernel'
import {
  AF_UNIX,
  close,
  dup,
  dup2,
  fstat,
  ftruncate,
  lseek,
  MAP_PRIVATE,
  MAP_SHARED,
  mmap,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  PROT_READ,
  PROT_WRITE,
  pipe,
  read,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
  SOCK_STREAM,
  shm_open,
  shm_unlink,
  socketpair,
  write,
} from 'ipclab/posix'
import { expect, test } from 'vitest'
import { Hand } from './by-hand.ts'

const CREATE = O_CREAT | O_RDWR
const RW = PROT_READ | PROT_WRITE

test('the first descriptor is 3, and a new one is the lowest that is free', () => {
  const hand = new Hand({ a: 1000 })
  expect(hand.do('a', shm_open('/a', CREATE, 0o600))).toBe(3)
  expect(hand.do('a', shm_open('/b', CREATE, 0o600))).toBe(4)
  expect(hand.do('a', close(3))).toBeUndefined()
  expect(hand.do('a', shm_open('/c', CREATE, 0o600))).toBe(3)
  expect(hand.do('a', fstat(3))).toEqual({ type: 'reg', mode: 0o600, size: 0, nlink: 1, uid: 1000 })
})

test('leading slashes of a name do not count', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('a', CREATE, 0o600))
  hand.do('a', ftruncate(3, 7))
  for (const name of ['/a', '//a', '///a']) {
    const fd = hand.number('a', shm_open(name, O_RDONLY))
    expect(hand.do('a', fstat(fd))).toMatchObject({ size: 7 })
  }
})

const long = (n: number): string => `/${'n'.repeat(n)}`

test.each([
  ['', 'EINVAL', 'ENOENT'],
  ['/', 'EINVAL', 'ENOENT'],
  ['/a/b', 'EINVAL', 'ENOENT'],
  ['/.', 'EINVAL', 'EISDIR'],
  ['/..', 'EINVAL', 'EISDIR'],
  [long(255), 3, undefined],
  [long(256), 'ENAMETOOLONG', 'ENAMETOOLONG'],
  [long(259), 'ENAMETOOLONG', 'ENAMETOOLONG'],
  [long(260), 'EINVAL', 'ENOENT'],
  [`/${'ä'.repeat(128)}`, 'ENAMETOOLONG', 'ENAMETOOLONG'], // names are counted in bytes
])('the name %j: open says %j, unlink %j', (name, opened, unlinked) => {
  const hand = new Hand({ a: 1000 })
  expect(hand.do('a', shm_open(name, CREATE, 0o600))).toBe(opened)
  expect(hand.do('a', shm_unlink(name))).toBe(unlinked)
})

test('O_EXCL finds an existing name in use before it asks for permission', () => {
  const hand = new Hand({ a: 1000, b: 1001 })
  expect(hand.do('a', shm_open('/a', O_RDWR))).toBe('ENOENT')
  hand.do('a', shm_open('/a', CREATE, 0o600))
  expect(hand.do('b', shm_open('/a', CREATE | O_EXCL, 0o600))).toBe('EEXIST')
  expect(hand.do('b', shm_open('/a', CREATE, 0o600))).toBe('EACCES')
})

test.each([
  [0o600, 1001, O_RDONLY, 'EACCES'],
  [0o604, 1001, O_RDONLY, 3],
  [0o604, 1001, O_RDWR, 'EACCES'],
  [0o602, 1001, O_WRONLY, 3],
  [0o602, 1001, O_RDWR, 'EACCES'],
  [0o606, 1001, O_RDWR, 3],
  [0o066, 1000, O_RDONLY, 'EACCES'], // the owner's bits, though everybody else could
  [0o444, 1000, O_RDWR, 'EACCES'],
  [0o444, 1000, O_RDONLY, 3],
  [0o444, 1000, O_RDONLY | O_TRUNC, 'EACCES'], // truncating is writing
  [0o000, 0, O_RDWR, 3], // root may all
])('mode %o opened by user %i with flags %o: %j', (mode, uid, flags, outcome) => {
  const hand = new Hand({ owner: 1000, other: uid })
  hand.do('owner', umask(0))
  hand.do('owner', shm_open('/a', CREATE, mode))
  expect(hand.do('other', shm_open('/a', flags))).toBe(outcome)
})

test('a group member has the group’s bits', () => {
  const hand = new Hand({ owner: 1000 })
  hand.driver.process({ id: 'member', uid: 1001, gid: 1000 })
  hand.do('owner', shm_open('/a', CREATE, 0o640))
  expect(hand.do('member', shm_open('/a', O_RDONLY))).toBe(3)
  expect(hand.do('member', shm_open('/a', O_RDWR))).toBe('EACCES')
})

test('the creator gets what it asked for, whatever the mode, cut by its umask', () => {
  const hand = new Hand({ a: 1000 })
  expect(hand.do('a', umask(0o077))).toBe(0o022)
  expect(hand.do('a', shm_open('/a', CREATE, 0o666))).toBe(3)
  expect(hand.do('a', fstat(3))).toMatchObject({ mode: 0o600 })
  expect(hand.do('a', shm_open('/b', CREATE, 0o000))).toBe(4)
  expect(hand.do('a', ftruncate(4, 10))).toBeUndefined()
  // Opening again changes neither mode nor size.
  expect(hand.do('a', shm_open('/a', CREATE, 0o644))).toBe(5)
  expect(hand.do('a', fstat(5))).toMatchObject({ mode: 0o600 })
})

test('who does not own an object may not unlink it, whatever its mode: the directory is sticky', () => {
  const hand = new Hand({ a: 1000, b: 1001, root: 0 })
  hand.do('a', umask(0))
  hand.do('a', shm_open('/a', CREATE, 0o666))
  hand.do('a', shm_open('/b', CREATE, 0o666))
  expect(hand.do('b', shm_unlink('/a'))).toBe('EACCES')
  expect(hand.do('a', shm_unlink('/a'))).toBeUndefined()
  expect(hand.do('root', shm_unlink('/b'))).toBeUndefined()
  expect(hand.do('root', shm_unlink('/b'))).toBe('ENOENT')
})

test('an unlinked object lives on where it is open or mapped, and its name can become another', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', ftruncate(3, 4096))
  const at = hand.number('a', mmap(null, 4096, RW, MAP_SHARED, 3, 0))
  hand.do('a', store(at, 'u8', 55))
  expect(hand.do('a', shm_unlink('/a'))).toBeUndefined()
  expect(hand.do('a', fstat(3))).toMatchObject({ nlink: 0, size: 4096 })
  expect(hand.do('b', shm_open('/a', O_RDWR))).toBe('ENOENT')
  expect(hand.do('b', shm_open('/a', CREATE | O_EXCL, 0o600))).toBe(3)
  expect(hand.do('b', fstat(3))).toMatchObject({ nlink: 1, size: 0 })
  hand.do('a', close(3))
  expect(hand.do('a', load(at, 'u8'))).toBe(55)
})

test('the last reference takes the object with it, and the last but one does not', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', ftruncate(3, 4096))
  hand.do('a', store(hand.number('a', mmap(null, 4096, RW, MAP_SHARED, 3, 0)), 'u8', 1))
  hand.do('b', shm_open('/a', O_RDWR))
  const kinds = (): string[] => Object.values(hand.driver.state.objects).map(({ kind }) => kind)
  hand.do('b', kill(hand.driver.state.processes.a?.pid ?? 0, 'SIGKILL'))
  hand.do('b', shm_unlink('/a'))
  expect(kinds()).toContain('memory')
  expect(Object.keys(hand.driver.state.frames)).toHaveLength(1)
  hand.do('b', close(3))
  expect(kinds()).toEqual(['pids'])
  expect(hand.driver.state.frames).toEqual({})
})

test('objects outlive all who used them, until they are unlinked', () => {
  const hand = new Hand({ a: 1000, b: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', write(3, 'kept'))
  hand.do('b', kill(hand.driver.state.processes.a?.pid ?? 0, 'SIGKILL'))
  expect(hand.released).toEqual(['a: killed SIGKILL'])
  hand.do('b', shm_open('/a', O_RDONLY))
  expect(hand.do('b', read(3, 10))).toBe('kept')
})

test('ftruncate needs a descriptor that can be written, and says EINVAL of any other', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', shm_open('/a', O_RDONLY))
  expect(hand.do('a', ftruncate(4, 10))).toBe('EINVAL')
  expect(hand.do('a', ftruncate(9, 10))).toBe('EBADF')
  expect(hand.do('a', ftruncate(9, -1))).toBe('EINVAL') // the length is looked at first
  expect(hand.do('a', pipe())).toEqual([5, 6])
  expect(hand.do('a', ftruncate(5, 0))).toBe('EINVAL')
  expect(hand.do('a', ftruncate(6, 0))).toBe('EINVAL')
})

test('bytes behind the end of the last page are shared; shrinking makes them zero, growing does not', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', ftruncate(3, 100))
  const at = hand.number('a', mmap(null, 8192, RW, MAP_SHARED, 3, 0))
  hand.do('a', store(at + 200, 'u8', 7))
  hand.do('a', ftruncate(3, 150))
  expect(hand.do('a', load(at + 200, 'u8'))).toBe(7)
  hand.do('a', ftruncate(3, 150)) // to the size that it has: what is behind goes, too
  expect(hand.do('a', load(at + 200, 'u8'))).toBe(0)
  hand.do('a', store(at + 99, 'u8', 1))
  hand.do('a', store(at + 101, 'u8', 2))
  hand.do('a', ftruncate(3, 100))
  hand.do('a', ftruncate(3, 8192))
  expect(hand.do('a', load(at + 99, 'u8'))).toBe(1)
  expect(hand.do('a', load(at + 101, 'u8'))).toBe(0)
})

test('O_TRUNC cuts to nothing, with O_RDONLY too', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', ftruncate(3, 4096))
  expect(hand.do('a', shm_open('/a', O_RDONLY | O_TRUNC))).toBe(4)
  expect(hand.do('a', fstat(3))).toMatchObject({ size: 0 })
})

test('read, write and lseek go through one offset, which dup shares', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  expect(hand.do('a', write(3, 'hello'))).toBe(5)
  expect(hand.do('a', dup(3))).toBe(4)
  expect(hand.do('a', lseek(4, 0, SEEK_CUR))).toBe(5)
  expect(hand.do('a', lseek(3, 1, SEEK_SET))).toBe(1)
  expect(hand.do('a', read(4, 10))).toBe('ello')
  expect(hand.do('a', read(3, 10))).toBe('')
  expect(hand.do('a', lseek(3, 5000, SEEK_END))).toBe(5005)
  expect(hand.do('a', write(3, '!'))).toBe(1)
  expect(hand.do('a', fstat(3))).toMatchObject({ size: 5006 })
  hand.do('a', lseek(3, 4094, SEEK_SET))
  expect(hand.do('a', write(3, 'over'))).toBe(4) // across a page's end
  hand.do('a', lseek(3, 4093, SEEK_SET))
  expect(hand.do('a', read(3, 6))).toBe('\0over\0')
  expect(hand.do('a', lseek(3, -1, SEEK_SET))).toBe('EINVAL')
  expect(hand.do('a', lseek(3, 0, 9))).toBe('EINVAL')
  hand.do('a', shm_open('/a', O_WRONLY))
  expect(hand.do('a', read(5, 1))).toBe('EBADF')
  hand.do('a', shm_open('/a', O_RDONLY))
  expect(hand.do('a', write(6, 'x'))).toBe('EBADF')
})

test('what is written and what is mapped are the same bytes', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', write(3, 'abc'))
  const at = hand.number('a', mmap(null, 4096, RW, MAP_SHARED, 3, 0))
  expect(hand.do('a', load(at + 1, 'u8'))).toBe('b'.charCodeAt(0))
  hand.do('a', store(at + 1, 'u8', 'x'.charCodeAt(0)))
  hand.do('a', lseek(3, 0, SEEK_SET))
  expect(hand.do('a', read(3, 3))).toBe('axc')
})

test('dup2 closes what was there, and to itself it does nothing', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  hand.do('a', shm_open('/b', CREATE, 0o600))
  hand.do('a', shm_unlink('/b'))
  expect(hand.do('a', dup2(3, 3))).toBe(3)
  expect(hand.do('a', dup2(3, 4))).toBe(4)
  expect(hand.do('a', dup2(3, 13))).toBe(13)
  expect(hand.do('a', dup2(9, 9))).toBe('EBADF')
  expect(hand.do('a', dup2(3, -1))).toBe('EBADF')
  expect(hand.do('a', dup2(3, 20000))).toBe('EBADF')
  expect(hand.do('a', dup(3))).toBe(5)
  expect(Object.values(hand.driver.state.objects).filter(({ kind }) => kind === 'memory')).toHaveLength(1)
})

test('pipes and sockets are files of their kind', () => {
  const hand = new Hand({ a: 1000 })
  expect(hand.do('a', pipe())).toEqual([3, 4])
  expect(hand.do('a', socketpair(AF_UNIX, SOCK_STREAM))).toEqual([5, 6])
  expect(hand.do('a', fstat(3))).toEqual({ type: 'fifo', mode: 0o600, size: 0, nlink: 1, uid: 1000 })
  expect(hand.do('a', fstat(5))).toMatchObject({ type: 'sock', mode: 0o777 })
  expect(hand.do('a', lseek(3, 0, SEEK_SET))).toBe('ESPIPE')
  expect(hand.do('a', mmap(null, 4096, PROT_READ, MAP_SHARED, 3, 0))).toBe('ENODEV')
  expect(hand.do('a', mmap(null, 4096, PROT_READ, MAP_SHARED, 4, 0))).toBe('EACCES') // a write end can't be read
  expect(hand.do('a', mmap(null, 4096, PROT_READ, MAP_PRIVATE, 5, 0))).toBe('ENODEV')
})

test('a full table of descriptors is EMFILE, and nothing is left open by the attempt', () => {
  const hand = new Hand({ a: 1000 })
  hand.do('a', shm_open('/a', CREATE, 0o600))
  for (let fd = 4; fd < 20000; fd++) hand.do('a', dup2(3, fd))
  const before = Object.keys(hand.driver.state.objects).length
  expect(hand.do('a', dup(3))).toBe('EMFILE')
  expect(hand.do('a', shm_open('/a', O_RDWR))).toBe('EMFILE')
  expect(hand.do('a', pipe())).toBe('EMFILE')
  hand.do('a', close(100))
  expect(hand.do('a', pipe())).toBe('EMFILE')
  expect(hand.do('a', socketpair(AF_UNIX, SOCK_STREAM))).toBe('EMFILE')
  expect(hand.do('a', dup(3))).toBe(100)
  expect(Object.keys(hand.driver.state.objects)).toHaveLength(before)
})

test('the owner is who it was when the object was made', () => {
  const hand = new Hand({ root: 0 })
  hand.do('root', setuid(1000))
  hand.do('root', shm_open('/a', CREATE, 0o600))
  expect(hand.do('root', fstat(3))).toMatchObject({ uid: 1000 })
  expect(hand.do('root', setuid(0))).toBe('EPERM')
})
