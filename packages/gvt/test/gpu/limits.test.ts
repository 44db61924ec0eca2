import { describe, expect, test } from 'vitest';
import { limits } from '../../src/gpu/limits.ts';
import type { FailsafeReason } from '../../src/gpu/gpu.ts';
import { RegisterFile } from '../../src/gpu/registers/register-file.ts';
import { SHARE } from './execution/guest.ts';

const BASE = 0x10_0000;

function limited(isNotified: boolean): { registers: RegisterFile; failures: FailsafeReason[] } {
  const failures: FailsafeReason[] = [];
  const registers = new RegisterFile();
  const host = {
    isNotified: () => isNotified,
    failsafe: (why: FailsafeReason) => failures.push(why),
  };
  registers.add(limits(SHARE, host));
  return { registers, failures };
}

test.each([0, 4, 8 * 3, 8 * 3 + 4])('a fence of its own at +0x%s is storage', (offset) => {
  const { registers, failures } = limited(false);
  registers.write(BASE + offset, 0x1234_5001);
  expect([registers.read(BASE + offset), failures]).toEqual([0x1234_5001, []]);
});

test.each([8 * 4, 8 * 4 + 4, 8 * 31 + 4])(
  'a fence of another at +0x%s reads as 0 whatever is written',
  (offset) => {
    const { registers, failures } = limited(true);
    registers.write(BASE + offset, 0xffff_ffff);
    expect([registers.read(BASE + offset), failures]).toEqual([0, []]);
  },
);

test.each(['read', 'write'] as const)(
  'a %s of it by a guest that has not read PVINFO: unsupported guest',
  (what) => {
    const { registers, failures } = limited(false);
    if (what === 'read') registers.read(BASE + 8 * 4);
    else registers.write(BASE + 8 * 4, 1);
    expect(failures).toEqual(['unsupported guest']);
  },
);

describe('modes that the host chooses', () => {
  test.each([0x2000, 0x2_2000, 0x1_2000, 0x1_a000])('at 0x%s stay 0: unsupported guest', (base) => {
    const { registers, failures } = limited(true);
    registers.write(base + 0xd4, 0x0018_0018);
    expect([registers.read(base + 0xd4), failures]).toEqual([0, ['unsupported guest']]);
  });

  test.each([
    ['one of them', 0x0010_0010, ['unsupported guest'], 0],
    ['the other', 0x0008_0008, ['unsupported guest'], 0],
    ['switched off', 0x0018_0000, [], 0],
    ['without their masks', 0x0000_0018, [], 0],
    ['others beside them', 0xffe7_ffe7, [], 0xffe7],
  ])('%s', (_, written, expected, stored) => {
    const { registers, failures } = limited(true);
    registers.write(0x20d4, written);
    expect([failures, registers.read(0x20d4)]).toEqual([expected, stored]);
  });
});
