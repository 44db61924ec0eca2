import { ManualClock } from '@vfio-ts/conformance/fakes';
import { describe, expect, test } from 'vitest';
import { ENGINES } from '../../../src/gpu/registers/engines.ts';
import { gtControl } from '../../../src/gpu/registers/gt-control.ts';
import { RegisterFile } from '../../../src/gpu/registers/register-file.ts';

interface Gt {
  readonly file: RegisterFile;
  readonly clock: ManualClock;
  readonly resets: number[];
}

function gt(pipes = 1): Gt {
  const file = new RegisterFile();
  const clock = new ManualClock();
  const resets: number[] = [];
  file.add(...gtControl({ clock, pipes, reset: (mask) => void resets.push(mask) }));
  return { file, clock, resets };
}

describe('forcewake', () => {
  test.each([
    ['render', 0xa278, 0xd84],
    ['GT', 0xa188, 0x13_0044],
    ['media', 0xa270, 0xd88],
  ])('a request for %s is acknowledged', (_, request, ack) => {
    const { file } = gt();
    expect(file.read(request)).toBe(0);
    file.write(request, 0x0001_0001);
    expect(file.read(ack)).toBe(1);
    file.write(request, 0x0001_0000);
    expect(file.read(ack)).toBe(0);
  });
});

describe('resets', () => {
  test.each([
    [0x01, [0x01]],
    [0x02, [0x02]],
    [0x1e, [0x1e]],
    [0x20, []],
    [0, []],
  ])('GDRST of 0x%s is done at once', (written, expected) => {
    const { file, resets } = gt();
    file.write(0x941c, written);
    expect(file.read(0x941c)).toBe(0);
    expect(resets).toEqual(expected);
  });

  test.each(ENGINES)('$name is ready to be reset while it is asked to be', ({ base }) => {
    const { file } = gt();
    file.write(base + 0xd0, 0x0001_0001);
    expect(file.read(base + 0xd0)).toBe(3);
    file.write(base + 0xd0, 0x0001_0000);
    expect(file.read(base + 0xd0)).toBe(0);
  });

  test.each(ENGINES)('$name is idle when it is told to stop', ({ base }) => {
    const { file } = gt();
    expect(file.read(base + 0x9c)).toBe(0x200);
    file.write(base + 0x9c, 0x0300_0100);
    expect(file.read(base + 0x9c)).toBe(0x300);
  });
});

test.each([0x4260, 0x4264, 0x4268, 0x426c, 0x4270])(
  'an invalidation through 0x%s is over when it is read',
  (offset) => {
    const { file } = gt();
    file.write(offset, 1);
    expect(file.read(offset)).toBe(0);
  },
);

describe('PCODE', () => {
  test.each([
    ['RC6 voltages', 0x05, 0x10, 0x11],
    ['latencies of the lower levels', 0x06, 0, 0x1e1a_1100],
    ['latencies of the upper levels', 0x06, 1, 0x6151_4b3d],
    ['a change of CDCLK', 0x07, 3, 1],
    ['the frequency table', 0x09, 7, 0],
    ['duty cycles', 0x1a, 0, 0x0b00],
    ['SAGV', 0x21, 0, 1],
    ['a command nobody knows', 0x77, 0x1234, 0x1234],
  ])('%s', (_, command, data, expected) => {
    const { file } = gt();
    file.write(0x13_8128, data);
    file.write(0x13_8124, (0x8000_0000 | command) >>> 0);
    expect(file.read(0x13_8124)).toBe(0);
    expect(file.read(0x13_8128)).toBe(expected);
  });

  test('nothing happens until the mailbox is given away', () => {
    const { file } = gt();
    file.write(0x13_8128, 0);
    file.write(0x13_8124, 0x06);
    expect(file.read(0x13_8128)).toBe(0);
  });
});

describe('fuses', () => {
  test.each([
    [0, 0x5a20_0000],
    [1, 0x1a20_0000],
    [2, 0x1a00_0000],
    [3, 0x0a00_0000],
  ])('%i pipes', (pipes, expected) => {
    expect(gt(pipes).file.read(0x5_1000)).toBe(expected);
  });

  test.each([
    ['one slice with three subslices', 0x9120, 0x0280_0000],
    ['12 MHz time stamps', 0xa26c, 4],
    ['power that has come', 0x4_2000, 0x8e00_0000],
    ['frequencies', 0x14_5998, 0x0006_1517],
    ['a GuC in reset', 0xc000, 1],
  ])('%s, whatever is written', (_, offset, expected) => {
    const { file } = gt();
    file.write(offset, 0xffff_ffff);
    expect(file.read(offset)).toBe(expected);
  });
});

describe('time', () => {
  test('a command streamer counts 12 a microsecond, in 36 bits', () => {
    const { file, clock } = gt();
    clock.advance(1);
    expect(file.read(0x2358)).toBe(12_000);
    const wraps = 2 ** 36 / 12_000;
    clock.advance(wraps / 2);
    expect(file.read(0x2_235c)).toBe(8);
    clock.advance(wraps / 2);
    expect([file.read(0x1_2358), file.read(0x1_235c)]).toEqual([12_000, 0]);
  });

  test('the display counts microseconds', () => {
    const { file, clock } = gt();
    clock.advance(2.5);
    expect(file.read(0x4_4070)).toBe(2500);
  });
});

test('a chicken bit is set without the others', () => {
  const { file } = gt();
  file.write(0x7014, 0x0002_0002);
  file.write(0x7014, 0x0004_0004);
  expect(file.read(0x7014)).toBe(6);
});
