// Any order of what a user does and what a subchannel says.

import { outcome } from '@vfio-ts/conformance';
import { ERRNO, PAGE_SIZE } from '@vfio-ts/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OpenCcw } from '../support/open-ccw.ts';
import { clearIrb, finalIrb, haltIrb, irb } from '../support/status.ts';

const AT = 0x100_0000;

/** A status that can be told from all others. */
function numbered(n: number, isFinal: boolean): Uint8Array {
  const control = isFinal ? 0x4007 : 0x0011;
  return irb({ control, programAddress: 8 * n });
}

test('no status is lost or doubled for a user that reads after each signal, however late', async () => {
  const action = fc.constantFrom('start', 'final', 'attention', 'attention', 'read');
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
      await using ccw = new OpenCcw();
      const sent: Uint8Array[] = [];
      const seen: Uint8Array[] = [];
      const send = (isFinal: boolean): void => {
        const status = numbered(sent.length + 1, isFinal);
        sent.push(status);
        ccw.subchannel.interrupt(status, { isFinal });
      };
      const readAll = (): void => {
        while (seen.length < ccw.count(0)) seen.push(ccw.irb());
      };
      for (const each of actions) {
        const { isRunning } = ccw.subchannel;
        if (each === 'read') readAll();
        else if (each === 'attention') send(false);
        else if (each === 'final' && isRunning) send(true);
        else if (each === 'start' && !isRunning) {
          readAll();
          ccw.startNoop();
        }
      }
      readAll();
      expect(seen).toEqual(sent);
    }),
  );
});

type Act = (ccw: OpenCcw) => unknown;

/** Everything that can happen to an open device. */
const ACTS: Readonly<Record<string, Act>> = {
  start: (ccw) => {
    ccw.ccws(0x1000, [{ command: 2, count: 8, address: AT }]);
    ccw.start();
  },
  'start of nonsense': (ccw) => ccw.start({ programAddress: 0x7000_0000 }),
  halt: (ccw) => ccw.async(1),
  clear: (ccw) => ccw.async(2),
  nonsense: (ccw) => ccw.async(9),
  read: (ccw) => ccw.irb(),
  reset: (ccw) => void ccw.file.reset(),
  map: (ccw) => {
    const memory = ccw.memory.alloc('data', PAGE_SIZE);
    try {
      ccw.file.mapDma({ iova: AT, size: PAGE_SIZE, flags: 3, memory });
    } finally {
      memory.close();
    }
  },
  unmap: (ccw) => ccw.file.unmapDma({ iova: AT, size: PAGE_SIZE }),
  wait: (ccw) => ccw.clock.advance(3000),
  'the program ends': (ccw) => ccw.subchannel.interrupt(finalIrb),
  'it is halted': (ccw) => ccw.subchannel.interrupt(haltIrb),
  'it is cleared': (ccw) => ccw.subchannel.interrupt(clearIrb),
  attention: (ccw) => ccw.subchannel.interrupt(numbered(1, false), { isFinal: false }),
  'a path goes': (ccw) => ccw.subchannel.path({ kind: 'offline', mask: 0x80, chpid: 1 }),
  'a path comes': (ccw) => ccw.subchannel.path({ kind: 'online', mask: 0x80, chpid: 1 }),
  'all is busy': ({ subchannel: { script } }) => {
    script.start = [2];
    script.halt = [2];
  },
};
const RARE: Readonly<Record<string, Act>> = {
  unplug: (ccw) => ccw.subchannel.unplug(),
  close: (ccw) => ccw.device.close(),
};

test('pins are there while a program runs only, and what is refused is an errno', async () => {
  const act = fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...Object.keys(ACTS)) },
    { weight: 1, arbitrary: fc.constantFrom(...Object.keys(RARE)) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
      await using ccw = new OpenCcw();
      let isClosed = false;
      for (const name of acts) {
        const result = await outcome(() => (ACTS[name] ?? RARE[name])?.(ccw));
        expect(result === 'ok' || Object.hasOwn(ERRNO, result)).toBe(true);
        isClosed ||= name === 'close';
        const { state } = ccw.device;
        expect(state).not.toBe('CP_PROCESSING');
        const pins = ccw.core.leaks().filter(({ kind }) => kind === 'pin').length;
        expect(state === 'CP_PENDING' || pins === 0).toBe(true);
        expect(!isClosed || state === 'STANDBY' || state === 'NOT_OPER').toBe(true);
        if (isClosed) break;
      }
      expect(ccw.logger.take('error').every(({ message }) => message.includes('quiesce'))).toBe(
        true,
      );
    }),
    { numRuns: 200 },
  );
});
