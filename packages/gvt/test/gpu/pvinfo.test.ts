import type { LogLevel } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import type { FailsafeReason, GpuShare } from '../../src/gpu/gpu.ts';
import { PVINFO_BASE, PVINFO_SIZE, PvInfo } from '../../src/gpu/pvinfo.ts';
import { RegisterFile } from '../../src/gpu/registers/register-file.ts';

const MB = 2 ** 20;
const SHARE: GpuShare = {
  id: 3,
  aperture: { base: 128 * MB, size: 64 * MB },
  hidden: { base: 640 * MB, size: 384 * MB },
  mappable: { base: 128 * MB, size: 2 * MB },
  unmappable: { base: 640 * MB, size: 384 * MB },
  fences: 4,
  weight: 2,
};

interface Page {
  readonly info: PvInfo;
  readonly registers: RegisterFile;
  readonly ready: boolean[];
  readonly failures: FailsafeReason[];
  readonly lines: string[];
}

function page(): Page {
  const [ready, failures, lines]: [boolean[], FailsafeReason[], string[]] = [[], [], []];
  const info = new PvInfo(SHARE, {
    log: (level: LogLevel, message) => void lines.push(`${level} ${message()}`),
    displayReady: (isReady) => void ready.push(isReady),
    failsafe: (reason) => void failures.push(reason),
  });
  const registers = new RegisterFile();
  registers.add(info.family);
  return { info, registers, ready, failures, lines };
}

/** Offsets that a guest may write. */
const FOR_GUESTS = new Set([0x804, 0x818, 0x830, 0x834]);
for (let at = 0x838; at <= 0x85c; at += 4) FOR_GUESTS.add(at);

test('the magic is the bytes vGTvGTvG', () => {
  const bytes = new Uint8Array(8);
  page().registers.readBytes(PVINFO_BASE, bytes);
  expect(String.fromCharCode(...bytes)).toBe('vGTvGTvG');
});

test.each([
  ['version 1.0', 0x08, 1],
  ['id', 0x0c, 3],
  ['capabilities: all three', 0x10, 0x1c],
  ['mappable base', 0x40, 128 * MB],
  ['mappable size', 0x44, 2 * MB],
  ['unmappable base', 0x48, 640 * MB],
  ['unmappable size', 0x4c, 384 * MB],
  ['fences', 0x50, 4],
  ['display is not ready', 0x804, 0],
  ['no notification', 0x818, 0],
  ['no cursor, x', 0x830, 0xffff_ffff],
  ['no cursor, y', 0x834, 0xffff_ffff],
])('%s', (_, offset, value) => {
  expect(page().registers.read(PVINFO_BASE + offset)).toBe(value);
});

test('every other dword is 0', () => {
  const { registers } = page();
  let sum = 0;
  for (let at = 0; at < PVINFO_SIZE; at += 4) {
    const isKnown = at <= 0x10 || (at >= 0x40 && at <= 0x50) || at === 0x830 || at === 0x834;
    if (!isKnown) sum += registers.read(PVINFO_BASE + at);
  }
  expect(sum).toBe(0);
});

describe('a write', () => {
  test('is stored where it is for the guest, and nowhere else', () => {
    const { registers } = page();
    const stored: number[] = [];
    for (let at = 0; at < PVINFO_SIZE; at += 4) {
      registers.write(PVINFO_BASE + at, 0x5a5a_5a5a);
      if (registers.read(PVINFO_BASE + at) === 0x5a5a_5a5a) stored.push(at);
    }
    expect(stored).toEqual([...FOR_GUESTS]);
  });

  test('to display_ready tells the host', () => {
    const { registers, ready } = page();
    registers.write(PVINFO_BASE + 0x804, 1);
    registers.write(PVINFO_BASE + 0x804, 0);
    expect(ready).toEqual([true, false]);
  });

  test.each([0x808, 0x80c, 0x810, 0x814])(
    'to rsv5 at 0x%s is dropped and enters failsafe mode: insufficient resource',
    (offset) => {
      const { registers, failures } = page();
      registers.write(PVINFO_BASE + offset, 1);
      expect(failures).toEqual(['insufficient resource']);
      expect(registers.read(PVINFO_BASE + offset)).toBe(0);
    },
  );

  test('to anything else enters nothing, and is said once for each place', () => {
    const { registers, failures, lines } = page();
    registers.write(PVINFO_BASE, 1);
    registers.write(PVINFO_BASE, 1);
    registers.write(PVINFO_BASE + 0x44, 1);
    for (const at of [0x14, 0x54, 0xffc]) registers.write(PVINFO_BASE + at, 1);
    expect(failures).toEqual([]);
    expect(lines).toEqual([
      'debug PVINFO: odd write of +0x0',
      'debug PVINFO: odd write of +0x44',
      'debug PVINFO: odd write of a hole',
    ]);
  });
});

describe('notifications', () => {
  test('of page tables and contexts are counted', () => {
    const { info, registers } = page();
    for (const code of [2, 3, 4, 5, 6, 7]) registers.write(PVINFO_BASE + 0x818, code);
    expect(info.notifications).toBe(6);
  });

  test.each([0, 1, 8, 0xffff_ffff])('number %d is none', (code) => {
    const { info, registers, lines, failures } = page();
    registers.write(PVINFO_BASE + 0x818, code);
    expect([info.notifications, failures]).toEqual([0, []]);
    expect(lines).toEqual([`debug PVINFO: odd notification ${code}`]);
  });
});

describe('whether the guest knows that it shares', () => {
  test('not before it has read of the page', () => {
    const { info, registers } = page();
    registers.write(PVINFO_BASE + 0x804, 1);
    expect(info.isNotified).toBe(false);
    registers.read(PVINFO_BASE + 0x44);
    expect(info.isNotified).toBe(true);
  });

  test.each([
    ['a reset forgets it', false],
    ['a reset of a guest from D3 does not', true],
  ])('%s', (_, keeps) => {
    const { info, registers } = page();
    registers.read(PVINFO_BASE);
    info.reset(keeps);
    expect(info.isNotified).toBe(keeps);
  });
});
