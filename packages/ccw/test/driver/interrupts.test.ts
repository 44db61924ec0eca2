// The user gets one status after the other, each when it has read the one before.

import { VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_NONE } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { ccwOps, VFIO_CCW_REQ_IRQ_INDEX } from '../../src/index.ts';
import { STATUS_HOLD_MS } from '../../src/driver/status-delivery.ts';
import { OpenCcw } from '../support/open-ccw.ts';
import { attentionIrb, clearIrb, deviceEndIrb, finalIrb, haltIrb } from '../support/status.ts';

/** A program has ended and the user has not looked; attention is behind it. */
function withTwo(): OpenCcw {
  const ccw = new OpenCcw();
  ccw.startNoop();
  ccw.subchannel.interrupt(finalIrb);
  ccw.subchannel.interrupt(attentionIrb);
  return ccw;
}

/** Asks for the device so many times, and gives what is logged. */
function request(ccw: OpenCcw, times: number): string[] {
  for (let count = 0; count < times; count++) ccwOps.request?.(ccw.device, count);
  return ccw.logger.take('info').map(({ message }) => message);
}

describe('a second status', () => {
  test('waits while the first has not been read', async () => {
    await using ccw = withTwo();
    expect(ccw.count(0)).toBe(1);
    expect(ccw.irb()).toEqual(finalIrb);
  });

  test('comes with a signal of its own when the region is read', async () => {
    await using ccw = withTwo();
    ccw.irb();
    expect(ccw.count(0)).toBe(2);
    expect(ccw.irb()).toEqual(attentionIrb);
  });

  test('comes in the place of the first only when all of that has been read', async () => {
    await using ccw = withTwo();
    for (let offset = 0; offset < finalIrb.length; offset += 4) {
      expect(ccw.read(0, 24 + offset, 4)).toEqual(finalIrb.slice(offset, offset + 4));
    }
    expect(ccw.irb()).toEqual(attentionIrb);
  });

  test('does not come for a read of anything but the status', async () => {
    await using ccw = withTwo();
    ccw.read(0, 0, 24);
    ccw.read(0, 120, 4);
    ccw.read(1, 0, 8);
    ccw.read(2, 0, 52);
    expect(ccw.count(0)).toBe(1);
  });

  test('comes when the user starts the next program', async () => {
    await using ccw = withTwo();
    ccw.startNoop();
    expect(ccw.count(0)).toBe(2);
    expect(ccw.device.state).toBe('CP_PENDING');
  });

  test('comes after a while to a user that never reads', async () => {
    await using ccw = withTwo();
    ccw.clock.advance(STATUS_HOLD_MS - 1);
    expect(ccw.count(0)).toBe(1);
    ccw.clock.advance(1);
    expect(ccw.count(0)).toBe(2);
    expect(ccw.irb()).toEqual(attentionIrb);
  });

  test('is not there any more after a clear', async () => {
    await using ccw = withTwo();
    ccw.async(2);
    ccw.subchannel.interrupt(clearIrb);
    ccw.irb();
    expect(ccw.irb()).toEqual(clearIrb);
    expect(ccw.count(0)).toBe(2);
  });

  test('is not there any more after a reset', async () => {
    await using ccw = withTwo();
    await ccw.file.reset();
    ccw.irb();
    ccw.clock.advance(10 * STATUS_HOLD_MS);
    expect(ccw.count(0)).toBe(1);
  });
});

describe('a third status', () => {
  test('stays in the subchannel until there is room', async () => {
    await using ccw = withTwo();
    ccw.subchannel.interrupt(deviceEndIrb);
    expect(ccw.subchannel.statuses).toEqual([deviceEndIrb]);
    expect(ccw.irb()).toEqual(finalIrb);
    expect(ccw.irb()).toEqual(attentionIrb);
    expect(ccw.irb()).toEqual(deviceEndIrb);
    expect(ccw.count(0)).toBe(3);
  });

  test('comes after a while too', async () => {
    await using ccw = withTwo();
    ccw.subchannel.interrupt(deviceEndIrb);
    ccw.clock.advance(2 * STATUS_HOLD_MS);
    expect(ccw.count(0)).toBe(3);
    expect(ccw.irb()).toEqual(deviceEndIrb);
  });
});

test('a program that ends behind an unread attention is over only when its status is there', async () => {
  await using ccw = new OpenCcw();
  ccw.startNoop();
  ccw.subchannel.interrupt(attentionIrb, { isFinal: false });
  ccw.subchannel.interrupt(finalIrb);
  expect(ccw.device.state).toBe('CP_PENDING');
  expect(ccw.irb()).toEqual(attentionIrb);
  expect(ccw.device.state).toBe('IDLE');
  expect(ccw.irb()).toEqual(finalIrb);
});

test('a handler that reads and starts again in the signal gets every status once', async () => {
  await using ccw = new OpenCcw();
  const seen: Uint8Array[] = [];
  ccw.signals[0]?.watch(() => {
    seen.push(ccw.irb());
    if (seen.length === 1) ccw.startNoop();
  });
  ccw.startNoop();
  ccw.subchannel.interrupt(finalIrb);
  expect(ccw.device.state).toBe('CP_PENDING');
  ccw.subchannel.interrupt(haltIrb);
  expect(seen).toEqual([finalIrb, haltIrb]);
});

describe('a request for the device', () => {
  test('is signalled each time, and logged every tenth', async () => {
    await using ccw = new OpenCcw();
    expect(request(ccw, 11)).toEqual([
      'Relaying device request to user (#0)',
      'Relaying device request to user (#10)',
    ]);
    expect(ccw.count(VFIO_CCW_REQ_IRQ_INDEX)).toBe(11);
  });

  test('that nobody can hear is logged once', async () => {
    await using ccw = new OpenCcw();
    const flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER;
    ccw.file.setIrqs({ flags, index: VFIO_CCW_REQ_IRQ_INDEX, start: 0, count: 0 });
    expect(request(ccw, 11)).toEqual([
      'No device request channel registered, blocked until released by user',
    ]);
  });
});
