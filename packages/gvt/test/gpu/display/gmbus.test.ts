import { describe, expect, test } from 'vitest';
import { monitorEdid } from '../../../src/device/edid.ts';
import { bench, XGA, type Bench } from './bench.ts';

const PORT_B = 5;
const READY = 1 << 30;
const STOP = 1 << 27;
const INDEX = 1 << 26;
const WAIT = 1 << 25;

const HW_WAIT = 1 << 14;
const HW_RDY = 1 << 11;
const NAK = 1 << 10;
const ACTIVE = 1 << 9;

/** Reads over the bus as i915 does; `undefined` where nobody answers. */
function readBus(made: Bench, length: number, more = 0, pin = PORT_B, address = 0x50) {
  const { read, write } = made;
  write(0xc_5100, pin);
  write(0xc_5104, READY | WAIT | more | (length << 16) | (address << 1) | 1);
  const bytes: number[] = [];
  while (bytes.length < length) {
    if ((read(0xc_5108) & NAK) !== 0) return undefined;
    expect(read(0xc_5108) & HW_RDY).not.toBe(0);
    const word = read(0xc_510c);
    for (let i = 0; i < 4 && bytes.length < length; i++) bytes.push((word >>> (i * 8)) & 0xff);
  }
  expect(read(0xc_5108) & HW_WAIT).not.toBe(0);
  write(0xc_5104, READY | STOP);
  expect(read(0xc_5108) & ACTIVE).toBe(0);
  return bytes;
}

describe('the monitor at port B', () => {
  test('gives its EDID from the index on', () => {
    expect(readBus(bench(), 128, INDEX)).toEqual([...XGA.edid]);
  });

  test('gives a part of it, also of an odd length', () => {
    expect(readBus(bench(), 7, INDEX | (54 << 8))).toEqual([...XGA.edid.subarray(54, 61)]);
  });

  test('goes on where the last read ended', () => {
    const made = bench();
    readBus(made, 8, INDEX);
    expect(readBus(made, 4)).toEqual([...XGA.edid.subarray(8, 12)]);
  });

  test('takes the index by a write of its own', () => {
    const made = bench();
    made.write(0xc_5100, PORT_B);
    made.write(0xc_510c, 0x10);
    made.write(0xc_5104, READY | WAIT | (1 << 16) | (0x50 << 1));
    expect(made.read(0xc_5108) & HW_WAIT).not.toBe(0);
    expect(readBus(made, 4)).toEqual([...XGA.edid.subarray(0x10, 0x14)]);
  });

  test('takes the index of two bytes from GMBUS5', () => {
    const made = bench();
    made.write(0xc_5120, 0x8000_0020);
    expect(readBus(made, 2, INDEX)).toEqual([...XGA.edid.subarray(0x20, 0x22)]);
  });

  test('cannot be written', () => {
    const made = bench();
    made.write(0xc_5100, PORT_B);
    made.write(0xc_510c, 0x00ff_ff00);
    made.write(0xc_5104, READY | WAIT | (8 << 16) | (0x50 << 1));
    made.write(0xc_510c, 0xffff_ffff);
    expect(made.read(0xc_5108) & HW_WAIT).not.toBe(0);
    expect(readBus(made, 128, INDEX)).toEqual([...XGA.edid]);
  });

  test('has nothing behind its block', () => {
    expect(readBus(bench(), 256, INDEX)?.slice(128)).toEqual(Array.from({ length: 128 }, () => 0));
  });
});

describe('nobody answers', () => {
  test.each([
    ['at another port', 4, 0x50],
    ['at another address', PORT_B, 0x51],
    ['at the segment pointer', PORT_B, 0x30],
    ['without pins', 0, 0x50],
  ])('%s', (_, pin, address) => {
    expect(readBus(bench(), 1, 0, pin, address)).toBeUndefined();
  });

  test('when the monitor is unplugged', () => {
    const made = bench({}, { ...XGA, isConnected: false });
    expect(readBus(made, 1)).toBeUndefined();
  });

  test('and the bus is idle after the error is cleared', () => {
    const made = bench();
    readBus(made, 1, 0, 4);
    expect(made.read(0xc_5108) & ACTIVE).toBe(0);
    made.write(0xc_5104, 0x8000_0000);
    made.write(0xc_5104, 0);
    expect(made.read(0xc_5108)).toBe(HW_RDY);
    expect(readBus(made, 1, INDEX)).toEqual([0]);
  });
});

test('an end is told by interrupt when it is asked for', () => {
  const made = bench();
  made.write(0xc_4004, 0);
  readBus(made, 1, INDEX);
  expect(made.read(0xc_4008)).toBe(0);
  made.write(0xc_5110, 1 << 3);
  readBus(made, 1, 0, 4);
  expect(made.read(0xc_4008)).toBe(1 << 17);
});

describe('hot plug', () => {
  test('another monitor is a long pulse at port B, and answers with its own EDID', () => {
    const made = bench();
    const edid = monitorEdid({ width: 1280, height: 720 });
    made.write(0xc_4004, 0);
    made.write(0xc_4030, 1 << 4);
    made.vgpu.plug({ edid, isConnected: true });
    expect(made.read(0xc_4008)).toBe(1 << 21);
    expect(made.read(0xc_4030)).toBe((1 << 4) | 2);
    made.write(0xc_4030, (1 << 4) | 2);
    expect(made.read(0xc_4030)).toBe(1 << 4);
    expect(readBus(made, 128, INDEX)).toEqual([...edid]);
  });

  test('the monitor stays over a reset', () => {
    const made = bench();
    made.vgpu.plug({ ...XGA, isConnected: false });
    made.vgpu.reset(false);
    expect(readBus(made, 1)).toBeUndefined();
  });

  test('a later change of the caller is not the monitor', () => {
    const edid = XGA.edid.slice();
    const made = bench({}, { edid, isConnected: true });
    edid[8] = 0xaa;
    expect(readBus(made, 128, INDEX)).toEqual([...XGA.edid]);
  });
});

describe('pins', () => {
  test('are high when nobody pulls them', () => {
    const { read } = bench();
    expect(read(0xc_5010) & 0x1010).toBe(0x1010);
  });

  test.each([
    ['clock', 0, 0x1000],
    ['data', 8, 0x0010],
  ])('%s is low while it is pulled', (_, shift, others) => {
    const { read, write } = bench();
    write(0xc_5014, 0b0_0111 << shift);
    expect(read(0xc_5014) & 0x1010).toBe(others);
    write(0xc_5014, 0b0_0001 << shift);
    expect(read(0xc_5014) & 0x1010).toBe(0x1010);
  });
});
