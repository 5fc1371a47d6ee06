import { type CostModel, type Costs, costs } from './costs.ts'

/** A present-day x86-64 server under Linux, on one socket. Measured by others, on machines that are not one another's. */
export const X86_64: CostModel = {
  name: 'x86-64',
  entries: {
    call: {
      ns: 80,
      source:
        'getpid on a recent server with mitigations=off: 70 to 90 ns; with page-table isolation, which CPUs since Ice Lake do without, 350 to 450. https://blog.i0.pm/posts/the-cost-of-a-syscall-measured-230311/',
    },
    access: {
      ns: 1,
      source:
        'assumed: 5 cycles to the first-level cache of Ice Lake, at 3.5 GHz, are 1.4; a program seldom waits for all of them',
    },
    atomic: {
      ns: 5,
      source:
        'a LOCK ADD on a line that is in the cache takes some 20 cycles, at 3.5 GHz rather more than 5. https://newsletter.onedfrk.com/archive/dc2fe7f9-17f0-41f9-92c7-2cdaa9ae80bd; all atomics take about as long as each other: Schweizer, Besta, Hoefler, PACT 2015',
    },
    cacheLine: {
      ns: 51,
      source:
        'Xeon Platinum 8375C (Ice Lake), 32 cores, median of all pairs. https://github.com/nviennot/core-to-core-latency',
    },
    pageFault: {
      ns: 1000,
      source:
        'a page of zeros on Linux 6.6, Core i7 of the 11th generation: median 1,013 ns. https://ddumbying.vercel.app/experiments/pagefault-latency',
    },
    resume: { ns: 80, source: 'assumed: as long as `call`, since it leaves the kernel as that does' },
    threadSwitch: {
      ns: 830,
      source:
        'half of the 2,140 ns that a round trip over two pipes takes on one core (Linux 6.6, Core i7 of the 11th generation), less a write, a read and its going on, which are paid for themselves. https://ddumbying.vercel.app/experiments/ctx-switch-overhead',
    },
    processSwitch: {
      ns: 2170,
      source:
        'the same between processes: half of 4,820 ns, less the three. https://ddumbying.vercel.app/experiments/ctx-switch-overhead',
    },
    migration: {
      ns: 800,
      source:
        'E. Bendersky, 2018: 2.2 us a switch where threads go from core to core, for 1.2 to 1.5 where they may not. https://eli.thegreenplace.net/2018/measuring-context-switching-and-memory-overheads-for-linux-threads/',
    },
    copy: {
      ns: 0.1,
      source:
        'one thread copies 5.9 to 11.5 GB/s between buffers that no cache holds. https://community.intel.com/t5/Software-Tuning-Performance/Single-threaded-memory-performance-for-dual-socket-Xeon-E5/td-p/978734',
    },
  },
  calls: { compute: { ns: 0, source: 'a program that computes makes no call' } },
}

/**
 * What messages take in all, as published: what the model comes to can be held against it. Its fast paths are made of its
 * calls, switches and copies. For Mach and for LPC nobody seems to have published any of machines of today.
 */
export const PUBLISHED: readonly Published[] = [
  {
    what: 'a byte there and back over two pipes, between processes on one core',
    ns: 4820,
    source: 'Linux 6.6, Core i7 of the 11th generation. https://ddumbying.vercel.app/experiments/ctx-switch-overhead',
  },
  {
    what: 'the same between threads of a process',
    ns: 2140,
    source: 'as above',
  },
  {
    what: '32 bytes there and back over pipes, between two cores',
    ns: 6236,
    source: 'median, Core i7-12650H with page-table isolation. https://riyaneel.github.io/posts/kernel-tax/',
  },
  {
    what: 'the same over a Unix socket',
    ns: 4611,
    source: 'as above',
  },
  {
    what: 'one message between tasks on one core of an L4: 934 cycles at 2.2 GHz',
    ns: 425,
    source: 'L4Re, Xeon Platinum 8352S. https://l4re.org/perf',
  },
]

export interface Published {
  readonly what: string
  readonly ns: number
  readonly source: string
}

export const x86: Costs = costs(X86_64)
