// Random command streams and what goes with them, in place of a guest's driver.
//
//   VFIO_TS_FUZZ       left out: some seconds; ci: a minute or two; nightly: hours
//   VFIO_TS_FUZZ_SEED  the seed that a run printed

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SoftGpu } from '../../src/gpu/soft-gpu.ts';
import { cmd, Context, Engine, Guest, RCS, SHARE } from '../gpu/execution/guest.ts';
import { anyAction } from './arbitraries.ts';
import { HostileGuest } from './hostile-guest.ts';

const RUNS: Readonly<Record<string, number>> = { ci: 3000, nightly: 300_000 };
const numRuns = RUNS[process.env['VFIO_TS_FUZZ'] ?? ''] ?? 100;
const seed = Number(process.env['VFIO_TS_FUZZ_SEED'] ?? Number.NaN);
const parameters = Number.isSafeInteger(seed) ? { numRuns, seed } : { numRuns };
const TIMEOUT = 60_000 + numRuns * 500;

it(
  'whatever a guest submits, it reaches its own memory only, ends its slices, and can be reset',
  { timeout: TIMEOUT },
  () => {
    fc.assert(
      fc.property(fc.array(anyAction, { minLength: 1, maxLength: 60, size: 'max' }), (actions) => {
        const hostile = new HostileGuest(new SoftGpu({ pipes: 1 }));
        for (const action of actions) hostile.do(action);
        expect(hostile.recovers()).toBe(true);
        expect(hostile.ram.isIntact).toBe(true);
        hostile.guest.vgpu.close();
      }),
      parameters,
    );
  },
);

it('the guest beside it goes on and keeps its memory', { timeout: TIMEOUT }, () => {
  fc.assert(
    fc.property(fc.array(anyAction, { minLength: 1, maxLength: 60, size: 'max' }), (actions) => {
      const gpu = new SoftGpu({ pipes: 0 });
      const hostile = new HostileGuest(gpu);
      const other = new Guest({ gpu, loop: hostile.loop, share: { ...SHARE, id: 2 } });
      const engine = new Engine(other, RCS);
      const context = new Context(other, 0x20);
      const before = other.ram.bytes.slice();
      for (const action of actions) hostile.do(action);
      expect(Buffer.compare(other.ram.bytes, before)).toBe(0);
      context.emit(...cmd.storeGlobal(engine.page.graphics + 0x200, 1));
      engine.submit(context);
      for (let i = 0; i < 20; i++) hostile.do({ kind: 'turns', count: 1 });
      expect(other.word(engine.page.physical + 0x200)).toBe(1);
    }),
    { ...parameters, numRuns: Math.ceil(numRuns / 4) },
  );
});
