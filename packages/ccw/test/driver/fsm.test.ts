// The state machine, cell by cell: what a user and the subchannel see of each event in each state.

import { outcome } from '@vfio-ts/conformance';
import { isErrno, type ErrnoCode } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import type { CcwState, ConditionCode } from '../../src/index.ts';
import { actionOf, type CcwAction, type CcwEvent } from '../../src/driver/fsm.ts';
import { errno, ioRequest, OpenCcw } from '../support/open-ccw.ts';
import { attentionIrb, deferredIrb, finalIrb, intermediateIrb, irb } from '../support/status.ts';

const START = 0x4000;

/** The table of the kernel's driver, written a second time. */
const CELLS: readonly (readonly [CcwState, CcwEvent, CcwAction])[] = [
  ['NOT_OPER', 'NOT_OPER', 'nop'],
  ['NOT_OPER', 'IO_REQ', 'EIO'],
  ['NOT_OPER', 'ASYNC_REQ', 'EIO'],
  ['NOT_OPER', 'INTERRUPT', 'disable'],
  ['NOT_OPER', 'OPEN', 'nop'],
  ['NOT_OPER', 'CLOSE', 'nop'],
  ['STANDBY', 'NOT_OPER', 'notoper'],
  ['STANDBY', 'IO_REQ', 'EIO'],
  ['STANDBY', 'ASYNC_REQ', 'EIO'],
  ['STANDBY', 'INTERRUPT', 'disable'],
  ['STANDBY', 'OPEN', 'open'],
  ['STANDBY', 'CLOSE', 'notoper'],
  ['IDLE', 'NOT_OPER', 'notoper'],
  ['IDLE', 'IO_REQ', 'request'],
  ['IDLE', 'ASYNC_REQ', 'async'],
  ['IDLE', 'INTERRUPT', 'irq'],
  ['IDLE', 'OPEN', 'notoper'],
  ['IDLE', 'CLOSE', 'close'],
  ['CP_PROCESSING', 'NOT_OPER', 'notoper'],
  ['CP_PROCESSING', 'IO_REQ', 'EAGAIN'],
  ['CP_PROCESSING', 'ASYNC_REQ', 'EAGAIN'],
  ['CP_PROCESSING', 'INTERRUPT', 'irq'],
  ['CP_PROCESSING', 'OPEN', 'notoper'],
  ['CP_PROCESSING', 'CLOSE', 'close'],
  ['CP_PENDING', 'NOT_OPER', 'notoper'],
  ['CP_PENDING', 'IO_REQ', 'EBUSY'],
  ['CP_PENDING', 'ASYNC_REQ', 'async'],
  ['CP_PENDING', 'INTERRUPT', 'irq'],
  ['CP_PENDING', 'OPEN', 'notoper'],
  ['CP_PENDING', 'CLOSE', 'close'],
];

test.each(CELLS)('in %s the event %s does: %s', (state, event, action) => {
  expect(actionOf(state, event)).toBe(action);
});

function returnCode(ccw: OpenCcw, region: number, offset: number): number {
  return new DataView(ccw.read(region, offset, 4).buffer).getInt32(0);
}

describe('a start', () => {
  test('is executed: the subchannel has the program and the device is CP_PENDING', async () => {
    await using ccw = new OpenCcw();
    ccw.startNoop();
    expect(ccw.subchannel.calls).toEqual(['enable', 'start']);
    expect(ccw.device.state).toBe('CP_PENDING');
    expect(returnCode(ccw, 0, 120)).toBe(0);
  });

  test.each<[ConditionCode, ErrnoCode, number]>([
    [1, 'EBUSY', -16],
    [2, 'EBUSY', -16],
    [3, 'EACCES', -13],
  ])('that gets condition code %i is %s', async (cc, code, number) => {
    await using ccw = new OpenCcw();
    ccw.subchannel.script.start = [cc];
    expect(() => ccw.start({ lpm: 0x80 })).toThrow(errno(code));
    expect(returnCode(ccw, 0, 120)).toBe(number);
    expect(ccw.device.state).toBe('IDLE');
    expect(ccw.core.leaks().filter(({ kind }) => kind === 'pin')).toEqual([]);
  });

  test('that finds all paths gone is ENODEV', async () => {
    await using ccw = new OpenCcw();
    ccw.subchannel.script.start = [3];
    expect(() => ccw.start()).toThrow(errno('ENODEV'));
  });

  test('that finds the subchannel gone is ENODEV', async () => {
    await using ccw = new OpenCcw();
    ccw.subchannel.isGone = true;
    expect(() => ccw.start({ lpm: 0x80 })).toThrow(errno('ENODEV'));
    ccw.subchannel.isGone = false;
  });

  test('after a lost path goes by the paths that are left', async () => {
    await using ccw = new OpenCcw();
    ccw.subchannel.script.start = [3];
    expect(() => ccw.start({ lpm: 0x80 })).toThrow(errno('EACCES'));
    ccw.startNoop();
    expect(ccw.subchannel.program?.lpm).toBe(0x40);
  });

  test.each<[CcwState, ErrnoCode]>([
    ['NOT_OPER', 'EIO'],
    ['CP_PENDING', 'EBUSY'],
  ])('in %s is %s and does nothing', async (state, code) => {
    await using ccw = new OpenCcw();
    ccw.enter(state);
    expect(() => ccw.start()).toThrow(errno(code));
    expect(ccw.subchannel.calls).toEqual([]);
    expect(ccw.device.state).toBe(state);
  });

  test('in the middle of a start is EAGAIN', async () => {
    await using ccw = new OpenCcw();
    const seen: unknown[] = [];
    ccw.subchannel.during.start = () => {
      for (const again of [() => ccw.start(), () => ccw.async(1)]) {
        try {
          again();
        } catch (error) {
          seen.push(isErrno(error, 'EAGAIN'));
        }
      }
    };
    ccw.startNoop();
    expect(seen).toEqual([true, true]);
    expect(ccw.device.state).toBe('CP_PENDING');
  });

  test('in transport mode is EOPNOTSUPP', async () => {
    await using ccw = new OpenCcw();
    expect(() => ccw.start({ control: 0x00c4_0000 })).toThrow(errno('EOPNOTSUPP'));
    expect(ccw.device.state).toBe('IDLE');
  });

  test('on a path that cannot be read is the error of the memory', async () => {
    await using ccw = new OpenCcw();
    expect(() => ccw.start({ programAddress: 0x100_0000 })).toThrow(errno('EINVAL'));
    expect(returnCode(ccw, 0, 120)).toBe(-22);
    expect(ccw.device.state).toBe('IDLE');
  });
});

describe('a write without a start function', () => {
  test.each([0x2000, 0x1000, 0x3000])('but with control %i is EOPNOTSUPP', async (control) => {
    await using ccw = new OpenCcw();
    expect(() => ccw.start({}, control)).toThrow(errno('EOPNOTSUPP'));
    expect(ccw.device.state).toBe('IDLE');
  });

  test('asks for nothing', async () => {
    await using ccw = new OpenCcw();
    ccw.file.write(0, 0, ioRequest({}, 0));
    expect(ccw.subchannel.calls).toEqual(['enable']);
  });

  test.each<[number, ErrnoCode]>([
    [-5, 'EIO'],
    [-22, 'EINVAL'],
    [7, 'EINVAL'],
  ])('gets the return code %i back as %s', async (code, name) => {
    await using ccw = new OpenCcw();
    expect(() => ccw.file.write(0, 0, ioRequest({}, 0, code))).toThrow(errno(name));
    expect(returnCode(ccw, 0, 120)).toBe(code);
  });

  test('of any part of the region is the same request again', async () => {
    await using ccw = new OpenCcw();
    ccw.ccws(0x1000, [{ command: 0x03 }]);
    const request = ioRequest({}, START);
    ccw.file.write(0, 0, request.subarray(0, 12));
    expect(ccw.device.state).toBe('IDLE');
    ccw.file.write(0, 12, request.subarray(12, 24));
    expect(ccw.device.state).toBe('CP_PENDING');
  });
});

describe('halt and clear', () => {
  test.each<[string, number, ConditionCode, ErrnoCode | undefined]>([
    ['halt', 1, 0, undefined],
    ['halt', 1, 1, 'EBUSY'],
    ['halt', 1, 2, 'EBUSY'],
    ['halt', 1, 3, 'ENODEV'],
    ['clear', 2, 0, undefined],
    ['clear', 2, 3, 'ENODEV'],
  ])('%s (%i) with condition code %i: %s', async (name, command, cc, code) => {
    for (const state of ['IDLE', 'CP_PENDING'] as const) {
      await using ccw = new OpenCcw();
      ccw.enter(state);
      ccw.subchannel.script.halt = [cc];
      ccw.subchannel.script.clear = [cc];
      expect(await outcome(() => ccw.async(command))).toBe(code ?? 'ok');
      expect(ccw.subchannel.calls).toEqual([name]);
      expect(ccw.device.state).toBe(state);
    }
  });

  test.each([0, 3, 0xffff_ffff])('command %i is EINVAL', async (command) => {
    await using ccw = new OpenCcw();
    expect(() => ccw.async(command)).toThrow(errno('EINVAL'));
    expect(returnCode(ccw, 1, 4)).toBe(-22);
  });

  test('without an operational subchannel are EIO', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('NOT_OPER');
    expect(() => ccw.async(1)).toThrow(errno('EIO'));
    expect(() => ccw.async(2)).toThrow(errno('EIO'));
  });

  test('the interrupt of a halt ends the program', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('CP_PENDING');
    ccw.async(1);
    const halted = irb({ control: 0x6007, deviceStatus: 0x0c });
    ccw.subchannel.interrupt(halted);
    expect(ccw.device.state).toBe('IDLE');
    expect(ccw.irb()).toEqual(halted);
  });
});

describe('an interrupt', () => {
  test('that is final ends the program before it is signalled', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('CP_PENDING');
    let state: CcwState | undefined = undefined;
    ccw.signals[0]?.watch(() => (state = ccw.device.state));
    ccw.subchannel.interrupt(finalIrb);
    expect(state).toBe('IDLE');
    expect(ccw.irb()).toEqual(finalIrb);
    expect(ccw.count(0)).toBe(1);
  });

  test.each([
    ['an intermediate status', intermediateIrb],
    ['an unsolicited status', attentionIrb],
  ])('with %s leaves the program running', async (_what, status) => {
    await using ccw = new OpenCcw();
    ccw.enter('CP_PENDING');
    ccw.subchannel.interrupt(status, { isFinal: false });
    expect(ccw.device.state).toBe('CP_PENDING');
    expect(ccw.irb()).toEqual(status);
    expect(ccw.count(0)).toBe(1);
  });

  test('with a deferred condition code is solicited', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('CP_PENDING');
    ccw.subchannel.interrupt(deferredIrb);
    expect(ccw.device.state).toBe('IDLE');
  });

  test('in the middle of the start is delivered after it', async () => {
    await using ccw = new OpenCcw();
    ccw.subchannel.during.start = () => ccw.subchannel.interrupt(finalIrb);
    ccw.ccws(0x1000, [{ command: 0x03 }]);
    ccw.start();
    expect(ccw.device.state).toBe('IDLE');
    expect(ccw.count(0)).toBe(1);
    ccw.subchannel.isRunning = false;
  });

  test('in STANDBY disables the subchannel and drops the status', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('STANDBY');
    ccw.subchannel.interrupt(attentionIrb);
    expect(ccw.subchannel.calls).toEqual(['disable']);
    expect(ccw.subchannel.statuses).toEqual([]);
  });

  test('in NOT_OPER disables the subchannel and drops the status', async () => {
    await using ccw = new OpenCcw();
    ccw.enter('NOT_OPER');
    ccw.subchannel.interrupt(attentionIrb);
    expect(ccw.subchannel.calls).toEqual(['disable']);
    expect(ccw.count(0)).toBe(0);
  });
});
