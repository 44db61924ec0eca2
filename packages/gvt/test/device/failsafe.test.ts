// What a guest that is none of GVT-g's does to its vGPU, over the software GPU.

import { describe, expect, test } from 'vitest';
import { softGuest, type SoftGuest } from './soft-guest.ts';
import { read32, write16, write32 } from './support.ts';

const MAGIC = 0x7_8000;
const RSV5 = 0x7_8808;
const DISPLAY_READY = 0x7_8804;
const FOREIGN_FENCE = 0x10_0020;
const RING_MODE = 0x2_229c;
const RUN_LIST_ENABLE = 0x8000_8000;
const IIR = 0x4_4308;
const PMCSR = 0xd4;
const D3HOT = 3;

type Deed = (guest: SoftGuest) => void;

const DEEDS: readonly (readonly [what: string, reason: string, deed: Deed])[] = [
  [
    'says that its share is too small',
    'insufficient resource',
    ({ opened: { file } }) => {
      read32(file, 0, MAGIC);
      write32(file, 0, RSV5, 1);
    },
  ],
  [
    'writes a fence of another without PVINFO',
    'unsupported guest',
    ({ opened: { file } }) => write32(file, 0, FOREIGN_FENCE, 1),
  ],
  [
    'reads a fence of another without PVINFO',
    'unsupported guest',
    ({ opened: { file } }) => read32(file, 0, FOREIGN_FENCE),
  ],
  [
    'starts run lists without PVINFO',
    'unsupported guest',
    ({ opened: { file } }) => write32(file, 0, RING_MODE, RUN_LIST_ENABLE),
  ],
];

/** Registers do what is written only: a write-1-to-clear register keeps it. */
function isPlain({ opened: { file } }: SoftGuest): boolean {
  write32(file, 0, IIR, 0x10);
  return read32(file, 0, IIR) === 0x10;
}

/** What the log says of failsafe mode. */
function errors({ host }: SoftGuest): string[] {
  const lines = host.logger.at('error').map(({ message }) => message);
  return lines.filter((line) => line.includes('failsafe mode'));
}

describe.each(DEEDS)('a guest that %s', (_, reason, deed) => {
  test(`has plain registers from then on: ${reason}`, async () => {
    await using guest = softGuest();
    expect(isPlain(guest)).toBe(false);
    deed(guest);
    expect(isPlain(guest)).toBe(true);
    expect(errors(guest)).toEqual([expect.stringContaining(`failsafe mode: ${reason}`)]);
  });

  test('is said once', async () => {
    await using guest = softGuest();
    deed(guest);
    deed(guest);
    expect(errors(guest).length).toBe(1);
  });

  test('has registers again after a reset', async () => {
    await using guest = softGuest();
    const { file } = guest.opened;
    deed(guest);
    void file.reset();
    expect(isPlain(guest)).toBe(false);
    deed(guest);
    expect(errors(guest).length).toBe(2);
  });
});

test.each(DEEDS.slice(1))(
  'a guest that has read PVINFO and then %s is no stranger',
  async (...row) => {
    await using guest = softGuest();
    read32(guest.opened.file, 0, MAGIC);
    row[2](guest);
    expect([isPlain(guest), errors(guest)]).toEqual([false, []]);
  },
);

test('a guest that comes from D3 has read PVINFO before', async () => {
  await using guest = softGuest();
  const { file } = guest.opened;
  read32(file, 0, MAGIC);
  write16(file, 7, PMCSR, D3HOT);
  void file.reset();
  write32(file, 0, FOREIGN_FENCE, 1);
  expect(isPlain(guest)).toBe(false);
});

test('a guest that forgot PVINFO by a reset has to read it again', async () => {
  await using guest = softGuest();
  const { file } = guest.opened;
  read32(file, 0, MAGIC);
  void file.reset();
  write32(file, 0, FOREIGN_FENCE, 1);
  expect(isPlain(guest)).toBe(true);
});

test('in failsafe mode the host hears nothing of the guest’s display', async () => {
  await using guest = softGuest();
  const { file } = guest.opened;
  write32(file, 0, RSV5, 1);
  write32(file, 0, DISPLAY_READY, 1);
  expect(read32(file, 0, DISPLAY_READY)).toBe(1);
  expect(guest.vgpu.gpu?.counters.submissions).toBe(0);
});
