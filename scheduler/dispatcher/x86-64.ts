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
      source: 'the first-level cache answers in 5 cycles, at 3.5 GHz. Intel 64 and IA-32 Optimization Reference Manual',
    },
    atomic: {
      ns: 5,
      source: 'LOCK XADD takes some 18 cycles, at 3.5 GHz. Fog, Instruction tables. https://www.agner.org/optimize/',
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
    resume: { ns: 80, source: 'taken to be as long as `call`: it leaves the kernel as that does' },
    threadSwitch: {
      ns: 1070,
      source:
        'half a round trip over two pipes on one core, Linux 6.6, Core i7 of the 11th generation. https://ddumbying.vercel.app/experiments/ctx-switch-overhead',
    },
    processSwitch: {
      ns: 2410,
      source: 'the same between processes. https://ddumbying.vercel.app/experiments/ctx-switch-overhead',
    },
    migration: {
      ns: 800,
      source:
        '2.2 us a switch where threads go from core to core, for 1.2 to 1.5 where they may not. https://eli.thegreenplace.net/2018/measuring-context-switching-and-memory-overheads-for-linux-threads/',
    },
    copy: {
      ns: 0.1,
      source:
        'one thread copies 5.9 to 11.5 GB/s between buffers that no cache holds. https://community.intel.com/t5/Software-Tuning-Performance/Single-threaded-memory-performance-for-dual-socket-Xeon-E5/td-p/978734',
    },
  },
  calls: { compute: { ns: 0, source: 'a program that computes makes no call' } },
}

export const x86: Costs = costs(X86_64)
