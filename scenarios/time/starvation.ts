import { compute, io, scenario } from 'ipclab'

const ms = (n: number): number => n * 1_000_000

/**
 * Two urgent processes see to what a device has for them, and between them they always have something to do: when one
 * waits for the device the other runs. A report is to be written, too, when there is time. By priority there never is: each
 * time that the CPU is given away one of the urgent ones is ready, though it came later. So it is with a multi-level
 * feedback queue in which whoever waits for a device stays at its level, and as it was first described that was so: the
 * report falls to the bottom and the two stay at the top, unless everybody is put there from time to time (`boost`). Fair
 * policies give the report its third.
 */
export default scenario('a report that is never written', {
  source:
    'E. Dijkstra: Hierarchical ordering of sequential processes. Acta Informatica 1 (2), 1971, pages 115-138; R. and A. Arpaci-Dusseau: Operating Systems: Three Easy Pieces, chapter 8, The priority boost',
  about:
    'Run it with --policy priority --cost x86-64, then with mlfq:stay, mlfq:stay:boost=30ms and eevdf, and see when the report is done.',
  params: {
    events: { default: 40, min: 1, max: 1000, about: 'how many things each of the urgent ones has to see to' },
  },
  ghost: () => ({ written: false }),
  programs: {
    urgent: {
      copies: 2,
      priority: 2,
      *program({ params }) {
        for (let event = 0; event < params.events; event++) {
          yield* compute(ms(2))
          yield* io(ms(1))
        }
      },
    },
    report: {
      priority: 1,
      *program({ ghost }) {
        yield* compute(ms(15))
        ghost.written = true
      },
    },
  },
  atEnd: {
    'the report is written': ({ ghost }) => ghost.written,
  },
  expect: 'holds',
})
