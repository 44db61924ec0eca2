import { describe, expect, test } from 'vitest';
import { DEVICE_STATUS, SUBCHANNEL_STATUS } from '../../src/architecture/device-status.ts';
import { FIRST, NORMAL, Stand, type TestCcw } from './support.ts';

const [CC, CD, SLI, SKIP, PCI, SUSPEND] = [0x40, 0x80, 0x20, 0x10, 0x08, 0x02];
const [READ, WRITE, NOP, CONTROL, TIC, SENSE] = [0x02, 0x01, 0x03, 0x07, 0x08, 0x04];
const { INCORRECT_LENGTH: IL, PROGRAM_CHECK, PROTECTION_CHECK } = SUBCHANNEL_STATUS;

/** A stand whose device has `length` bytes for a read: 1, 2, 3 and so on. */
function reader(length: number): Stand {
  const stand = new Stand();
  const data = Uint8Array.from({ length }, (_, i) => i + 1);
  stand.unit.ends.set(READ, () => ({ status: NORMAL, data }));
  return stand;
}

describe('a program that ends well', () => {
  test('has primary and secondary status, the address behind its last CCW and no residual', () => {
    const { scsw, esw } = new Stand().run([{ command: WRITE, count: 4 }]);
    expect(scsw).toEqual({
      flags: 0x0080,
      control: 0x4007,
      programAddress: FIRST + 8,
      deviceStatus: NORMAL,
      subchannelStatus: 0,
      count: 0,
    });
    expect(esw.logout).toBe(0x0080_0000);
  });

  test('brings the data of a write, and stores that of a read', () => {
    const stand = reader(4);
    stand.memory.bytes.set([9, 8, 7], 0x200);
    stand.run([
      { command: WRITE, count: 3, flags: CC, address: 0x200 },
      { command: READ, count: 4, address: 0x300 },
    ]);
    expect(stand.unit.commands[0]).toMatchObject({ data: Uint8Array.of(9, 8, 7), isChained: true });
    expect(stand.unit.commands[1]).toMatchObject({ previous: WRITE, isChained: false, count: 4 });
    expect(stand.memory.bytes.slice(0x300, 0x305)).toEqual(Uint8Array.of(1, 2, 3, 4, 0));
    expect(stand.unit.calls).toEqual(['begin', '1', '2', 'end']);
  });

  test('fetches nothing for a NOP', () => {
    const stand = new Stand();
    stand.run([{ command: NOP, count: 1, flags: SLI, address: 0xffff_0000 }]);
    expect(stand.unit.commands[0]?.data).toHaveLength(0);
  });

  test('skips a CCW after a status modifier', () => {
    const stand = new Stand();
    stand.unit.ends.set(CONTROL, () => ({ status: NORMAL | DEVICE_STATUS.STATUS_MODIFIER }));
    const { scsw } = stand.run([
      { command: CONTROL, count: 1, flags: CC },
      { command: TIC, target: 0 },
      { command: WRITE, count: 1 },
    ]);
    expect(stand.unit.calls).toEqual(['begin', '7', '1', 'end']);
    expect(scsw.programAddress).toBe(FIRST + 24);
  });

  test('follows a TIC back, for as long as it takes', () => {
    const stand = new Stand();
    let found = 0;
    stand.unit.ends.set(CONTROL, () => ({
      status: NORMAL | (++found === 3 ? DEVICE_STATUS.STATUS_MODIFIER : 0),
    }));
    stand.run([
      { command: CONTROL, count: 1, flags: CC },
      { command: TIC, target: 0 },
      { command: NOP, count: 1, flags: SLI },
    ]);
    expect(found).toBe(3);
  });
});

describe('data chaining', () => {
  test('merges what several CCWs bring', () => {
    const stand = new Stand();
    stand.memory.bytes.set([1, 2, 3, 4, 5], 0x200);
    stand.run([
      { command: WRITE, count: 2, flags: CD, address: 0x200 },
      { command: 0xff, count: 3, address: 0x202 },
    ]);
    expect(stand.unit.commands).toMatchObject([{ count: 5, data: Uint8Array.of(1, 2, 3, 4, 5) }]);
  });

  test('spreads what is read over several CCWs, over a TIC too, and drops what is skipped', () => {
    const stand = reader(6);
    stand.run([
      { command: READ, count: 2, flags: CD, address: 0x200 },
      { command: 0, count: 2, flags: CD | SKIP, address: 0x300 },
      { command: TIC, target: 4 },
      { command: NOP },
      { command: 0, count: 2, address: 0x400 },
    ]);
    expect(stand.memory.writes).toEqual([
      [0x200, 2],
      [0x400, 2],
    ]);
    expect(stand.memory.bytes.slice(0x400, 0x402)).toEqual(Uint8Array.of(5, 6));
  });

  test('that the device ends early is an incorrect length, whatever SLI says', () => {
    const { scsw } = reader(3).run([
      { command: READ, count: 2, flags: CD | SLI, address: 0x200 },
      { command: 0, count: 2, flags: CD | SLI, address: 0x300 },
      { command: 0, count: 2, flags: SLI, address: 0x400 },
    ]);
    expect(scsw).toMatchObject({ subchannelStatus: IL, programAddress: FIRST + 16, count: 1 });
  });
});

describe('a length that is wrong', () => {
  test.each<readonly [string, number, TestCcw, number, number]>([
    ['short data', 2, { command: READ, count: 4 }, IL, 2],
    ['short data with SLI', 2, { command: READ, count: 4, flags: SLI }, 0, 2],
    ['more data than room', 8, { command: READ, count: 4 }, IL, 0],
    ['more data than room with SLI', 8, { command: READ, count: 4, flags: SLI }, 0, 0],
    ['a NOP with a count', 0, { command: NOP, count: 1 }, IL, 1],
    ['a NOP without a count', 0, { command: NOP, count: 0 }, 0, 0],
  ])('%s', (_what, length, ccw, status, residual) => {
    const { scsw } = reader(length).run([ccw]);
    expect(scsw).toMatchObject({ subchannelStatus: status, count: residual });
    expect(scsw.control).toBe(status === 0 ? 0x4007 : 0x4017);
  });

  test.each<readonly [string, object]>([
    ['format 0', { isFormat1: false }],
    ['the ORB', { suppressesIncorrectLength: true }],
  ])('of a NOP is not reported where %s excuses it', (_what, options) => {
    const { scsw } = new Stand().run([{ command: NOP, count: 1 }], options);
    expect(scsw).toMatchObject({ subchannelStatus: 0 });
  });

  test('ends the chain', () => {
    const stand = reader(2);
    stand.run([{ command: READ, count: 4, flags: CC }, { command: NOP }]);
    expect(stand.unit.calls).toEqual(['begin', '2', 'end']);
  });

  test('is what a device takes less than a CCW brings', () => {
    const stand = new Stand();
    stand.unit.ends.set(WRITE, () => ({ status: NORMAL, taken: 3 }));
    const { scsw } = stand.run([{ command: WRITE, count: 5 }]);
    expect(scsw).toMatchObject({ subchannelStatus: IL, count: 2 });
  });
});

describe('a program check', () => {
  test.each<readonly [string, readonly TestCcw[], number]>([
    ['a TIC as the first CCW', [{ command: TIC, target: 1 }, { command: NOP }], 8],
    [
      'a TIC to a TIC',
      [
        { command: NOP, flags: CC },
        { command: TIC, target: 2 },
        { command: TIC, target: 0 },
      ],
      16,
    ],
    ['a TIC to nowhere', [{ command: NOP, flags: CC }, { command: TIC }], 16],
    [
      'a TIC of format 1 with a count',
      [
        { command: NOP, flags: CC },
        { command: TIC, count: 1, target: 0 },
      ],
      16,
    ],
    ['a command of class zero', [{ command: 0x10, count: 1 }], 8],
    ['a suspend flag', [{ command: NOP, flags: SUSPEND }], 8],
    ['a chain that ends in nothing', [{ command: NOP, flags: CC }], 8],
    ['data outside of memory', [{ command: WRITE, count: 2, address: 0xffff }], 8],
  ])('is %s', (_what, ccws, behind) => {
    const { scsw } = new Stand().run(ccws);
    expect(scsw).toMatchObject({
      deviceStatus: 0,
      subchannelStatus: PROGRAM_CHECK,
      control: 0x4017,
      programAddress: FIRST + behind,
    });
  });

  test('is a count of zero in format 0', () => {
    const { scsw } = new Stand().run([{ command: READ }], { isFormat1: false });
    expect(scsw.subchannelStatus).toBe(PROGRAM_CHECK);
  });

  test('is a protection check where memory cannot be written', () => {
    const stand = reader(4);
    stand.memory.protectedBelow = 0x1000;
    const { scsw } = stand.run([{ command: READ, count: 4 }]);
    expect(scsw.subchannelStatus).toBe(PROTECTION_CHECK);
  });
});

describe('a unit check', () => {
  const sense = Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 1, ...new Uint8Array(24));

  test('ends the chain with its sense data in the block', () => {
    const stand = new Stand();
    stand.unit.ends.set(CONTROL, () => ({ status: NORMAL | 2, taken: 0, sense }));
    const irb = stand.run([{ command: CONTROL, count: 16, flags: CC | SLI }, { command: NOP }]);
    expect(irb.scsw).toMatchObject({
      flags: 0x0482,
      control: 0x4017,
      deviceStatus: 0x0e,
      subchannelStatus: 0,
      count: 16,
    });
    expect(irb.esw.report).toBe(0x0120_0000);
    expect(irb.sense).toEqual(sense);
    expect(stand.unit.calls).toEqual(['begin', '7', 'end']);
  });

  test('may come at the end of the chain', () => {
    const stand = new Stand();
    stand.unit.lateEnd = { status: NORMAL | 2, sense };
    const { scsw } = stand.run([{ command: NOP }]);
    expect(scsw).toMatchObject({ deviceStatus: 0x0e, control: 0x4017 });
  });

  test('is what the guest gets for a control unit that fails, and the log its error', () => {
    const stand = new Stand();
    stand.unit.ends.set(SENSE, () => {
      throw new Error('broken');
    });
    const irb = stand.run([{ command: SENSE, count: 32 }]);
    expect(irb.scsw.deviceStatus).toBe(0x0e);
    expect(irb.sense[0]).toBe(0x10);
    expect(stand.logger.lines).toMatchObject([{ level: 'error', component: 'scripted' }]);
  });
});

test('a unit exception ends the chain without being an alert', () => {
  const stand = new Stand();
  stand.unit.ends.set(READ, () => ({ status: NORMAL | 1 }));
  const { scsw } = stand.run([{ command: READ, count: 4, flags: CC | SLI }, { command: NOP }]);
  expect(scsw).toMatchObject({ deviceStatus: 0x0d, control: 0x4007, count: 4 });
});

test.each([
  ['a write', { command: WRITE, count: 4 }],
  ['a read', { command: READ, count: 4 }],
  ['a control command', { command: CONTROL, count: 4 }],
])('a device that is busy for %s ends the chain, and has moved nothing', (_what, ccw) => {
  const stand = reader(4);
  stand.unit.ends.set(ccw.command, () => ({ status: DEVICE_STATUS.BUSY }));
  const { scsw } = stand.run([{ ...ccw, flags: CC }, { command: NOP }]);
  expect(scsw).toMatchObject({
    deviceStatus: 0x10,
    subchannelStatus: 0,
    programAddress: FIRST + 8,
    count: 4,
  });
  expect(stand.unit.calls).toEqual(['begin', ccw.command.toString(16), 'end']);
});

test('attention with the end of a command ends the chain', () => {
  const stand = new Stand();
  stand.unit.ends.set(WRITE, () => ({ status: NORMAL | DEVICE_STATUS.ATTENTION }));
  const { scsw } = stand.run([{ command: WRITE, count: 4, flags: CC }, { command: NOP }]);
  expect(scsw).toMatchObject({ deviceStatus: 0x8c, programAddress: FIRST + 8, count: 0 });
});

test('a program-controlled interruption is told with the end', () => {
  const { scsw } = new Stand().run([{ command: NOP, flags: CC | PCI }, { command: NOP }]);
  expect(scsw).toMatchObject({ subchannelStatus: 0x80, control: 0x400f });
});
