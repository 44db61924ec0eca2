// Whatever one guest does to its vGPU over the software GPU, the other guest, the server and the loop go on.

import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IntelGvt, SoftGpu } from '../../src/index.ts';
import { RAM, RAM_PAGES, softGuest, type SoftGuest } from './soft-guest.ts';
import { MB, outcome, testCore, type TestCore } from './support.ts';

const GTT = 8 * MB;
/** Where the low memory of the first vGPU is. */
const LOW = 128 * MB;
/** Where its high memory is, whose entries it can map. */
const HIGH = 640 * MB;

/** Registers that act: engines, resets, interrupts, fences, display, PVINFO. */
const REGISTERS = [
  0x2030, 0x2080, 0x2098, 0x209c, 0x20d0, 0x2230, 0x2230, 0x2230, 0x2230, 0x229c, 0x23a0, 0x1_2230,
  0x1_a230, 0x2_2230, 0x2_229c, 0x2_2200, 0x941c, 0x4260, 0xa188, 0xc000, 0x4_4200, 0x4_4304,
  0x4_4308, 0x4_430c, 0x4_4404, 0x4_440c, 0x4_5404, 0x4_5008, 0x4_6010, 0x4_6014, 0x4_6040,
  0x4_6140, 0x6_0000, 0x6_000c, 0x6_001c, 0x6_0400, 0x6_0050, 0x6_4100, 0x6_c058, 0x6_c05c,
  0x7_0008, 0x7_0080, 0x7_0084, 0x7_0180, 0x7_0188, 0x7_0190, 0x7_019c, 0x7_8804, 0x7_8808,
  0x7_8818, 0x10_0000, 0x10_0004, 0x10_0008, 0x13_8124, 0xc_5100, 0xc_5104, 0xc_510c, 0xc_4030,
];

/** Values that mean something to one of them. */
const value = fc.oneof(
  fc.nat({ max: 0xffff_ffff }),
  fc.constantFrom(0, 1, 0xffff_ffff, 0x8000_0000, 0x8000_8000, 0xff, 0x0505_0505, 0x8404_2000),
  // A context or a table in its memory, by graphics address.
  fc
    .tuple(fc.constantFrom(LOW, HIGH), fc.nat({ max: RAM_PAGES - 1 }))
    .map(([base, page]) => (base + page * 4096) | 0x109),
);

/** Words that are commands or table entries. */
const word = fc.oneof(
  value,
  fc.constantFrom(0x0500_0000, 0x1100_1001, 0x1880_0101, 0x1880_0001, 0x0200_0000, 0x1040_0002),
  fc.constantFrom(0x1300_0003, 0x7a00_0004, 0x5400_0005, 0x54f0_0008, 0x1208_0002, 0x0e40_0002),
  fc.nat({ max: RAM_PAGES - 1 }).map((page) => RAM + page * 4096 + 3),
);

type Act =
  | readonly ['register', number, number]
  | readonly ['entry', number, number, number]
  | readonly ['store', number, number, number]
  | readonly ['aperture', number, number]
  | readonly ['config', number, number]
  | readonly ['memory', number, readonly number[]]
  | readonly ['time', number]
  | readonly ['reset']
  | readonly ['rest'];

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(fc.constant('register'), fc.constantFrom(...REGISTERS), value) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('register'), fc.nat({ max: 2 * MB - 4 }), value) },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('entry'),
      fc.integer({ min: LOW / 4096, max: LOW / 4096 + RAM_PAGES }),
      word,
      fc.constantFrom(0, 0, 0, 1, 0xffff),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(
      fc.constant('store'),
      fc.nat({ max: RAM_PAGES }),
      word,
      fc.constantFrom(0, 0, 0, 1, 0xffff),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(fc.constant('aperture'), fc.nat({ max: 4 * MB }), word) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('config'), fc.nat({ max: 0xff }), value) },
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.constant('memory'),
      fc.nat({ max: RAM_PAGES * 1024 - 64 }),
      fc.array(word, { maxLength: 64 }),
    ),
  },
  { weight: 4, arbitrary: fc.tuple(fc.constant('time'), fc.nat({ max: 40 })) },
  { weight: 1, arbitrary: fc.constant(['reset'] as const) },
  { weight: 1, arbitrary: fc.constant(['rest'] as const) },
);

function perform({ opened: { file }, ram }: SoftGuest, host: TestCore, [what, ...args]: Act): void {
  const [first = 0, second = 0, third = 0] = args;
  const at = typeof first === 'number' ? first : 0;
  const words = new Uint32Array(
    Array.isArray(second) ? second : [second, third].slice(0, args.length - 1),
  );
  const bytes = new Uint8Array(words.buffer);
  switch (what) {
    case 'register':
      file.write(0, at, bytes);
      break;
    case 'entry':
      file.write(0, GTT + at * 8, bytes);
      break;
    case 'store': {
      const mapping = file.mmap(0, GTT + (HIGH / 4096) * 8, 4096);
      mapping.bytes.set(bytes, at * 8);
      mapping.unmap();
      break;
    }
    case 'aperture':
      file.write(2, LOW + at, bytes);
      break;
    case 'config':
      file.write(7, at & ~3, bytes);
      break;
    case 'memory':
      ram.set(bytes, at * 4);
      break;
    case 'time':
      host.clock.advance(at);
      break;
    case 'reset':
      void file.reset();
      break;
    case 'rest':
      void file.quiesce();
      break;
  }
}

/** Parts of BAR 0 that do not change with time: interrupts, display, PVINFO, fences, table. */
const TIMELESS = [
  0x4_4200,
  0x6_0000,
  0x7_8000,
  0x7_8800,
  0x10_0000,
  GTT + (LOW + 64 * MB) / 512,
  GTT + (HIGH + 384 * MB) / 512,
];

/** What the other guest has: memory, registers, configuration space. */
function stateOf({ ram, vgpu, opened: { file } }: SoftGuest): string {
  const hash = createHash('sha256').update(ram).update(vgpu.config.save());
  for (const offset of TIMELESS) {
    const bytes = new Uint8Array(512);
    file.read(0, offset, bytes);
    hash.update(bytes);
  }
  return hash.digest('hex');
}

test.each(['mapped', 'trapped'] as const)(
  'any sequence of accesses leaves the other guest as it is, with a %s table',
  { timeout: 120_000 },
  async (table) => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 80 }), async (acts) => {
        const host = testCore();
        const gvt = new IntelGvt(new SoftGpu(), { table });
        await using hostile = softGuest(host, gvt);
        await using other = softGuest(host, gvt);
        other.ram.fill(0x5a);
        const before = stateOf(other);
        for (const one of acts) {
          expect(outcome(() => perform(hostile, host, one))).toMatch(/^(?:ok|E[A-Z]+)$/u);
        }
        host.clock.advance(100);
        expect(stateOf(other)).toBe(before);
        expect(other.vgpu.gpu?.counters).toMatchObject({ submissions: 0, commands: 0, faults: 0 });
        expect(host.logger.at('error').filter(({ error }) => error !== undefined)).toEqual([]);
      }),
      { numRuns: 50 },
    );
  },
);
