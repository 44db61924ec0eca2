import { expect, test } from 'vitest';
import { foreignFences } from '../../src/gpu/fences.ts';
import type { FailsafeReason } from '../../src/gpu/gpu.ts';
import { RegisterFile } from '../../src/gpu/registers/register-file.ts';
import { SHARE } from './execution/guest.ts';

const BASE = 0x10_0000;

function fences(isNotified: boolean): { registers: RegisterFile; failures: FailsafeReason[] } {
  const failures: FailsafeReason[] = [];
  const registers = new RegisterFile();
  const host = {
    isNotified: () => isNotified,
    failsafe: (why: FailsafeReason) => failures.push(why),
  };
  registers.add(foreignFences(SHARE, host));
  return { registers, failures };
}

test.each([0, 4, 8 * 3, 8 * 3 + 4])('a fence of its own at +0x%s is storage', (offset) => {
  const { registers, failures } = fences(false);
  registers.write(BASE + offset, 0x1234_5001);
  expect([registers.read(BASE + offset), failures]).toEqual([0x1234_5001, []]);
});

test.each([8 * 4, 8 * 4 + 4, 8 * 31 + 4])(
  'a fence of another at +0x%s reads as 0 whatever is written',
  (offset) => {
    const { registers, failures } = fences(true);
    registers.write(BASE + offset, 0xffff_ffff);
    expect([registers.read(BASE + offset), failures]).toEqual([0, []]);
  },
);

test.each(['read', 'write'] as const)(
  'a %s of it by a guest that has not read PVINFO: unsupported guest',
  (what) => {
    const { registers, failures } = fences(false);
    if (what === 'read') registers.read(BASE + 8 * 4);
    else registers.write(BASE + 8 * 4, 1);
    expect(failures).toEqual(['unsupported guest']);
  },
);
