// Requests to the firmware, by configuration space and the OpRegion in the guest's memory.

import { describe, expect, test } from 'vitest';
import { makeVgpu, write16, write32, type OpenVgpu } from './support.ts';

const CONFIG = 7;
const ASLS = 0xfc;
const SWSCI = 0xe8;
const OPREGION = 0x7000;
const MAILBOX = 0x200;
const PARM = 0x1234_5678;

function ask(opened: OpenVgpu, scic: number): [number, number] {
  const { file } = opened;
  const memory = opened.map(OPREGION, 2);
  const view = new DataView(memory.bytes.buffer, memory.bytes.byteOffset);
  view.setUint32(MAILBOX, scic, true);
  view.setUint32(MAILBOX + 4, PARM, true);
  write32(file, CONFIG, ASLS, OPREGION);
  write16(file, CONFIG, SWSCI, 0x8001);
  return [view.getUint32(MAILBOX, true), view.getUint32(MAILBOX + 4, true)];
}

describe('nothing is supported, and a driver that asks is told so', () => {
  test.each([
    ['supported calls', (4 << 1) | (0 << 8)],
    ['requested callbacks', (4 << 1) | (1 << 8)],
    ['supported callbacks', (6 << 1) | (0 << 8)],
  ])('%s', async (_, call) => {
    await using made = makeVgpu();
    expect(ask(made.open(), call | 1)).toEqual([0, 0]);
  });
});

test.each([
  ['another subfunction', (4 << 1) | (5 << 8)],
  ['another callback', (6 << 1) | (1 << 8)],
  ['another function', (3 << 1) | (0 << 8)],
])('%s fails: exit code 0, the rest stays', async (_, call) => {
  await using made = makeVgpu();
  expect(ask(made.open(), call | 1 | 0xe0)).toEqual([call | 1, PARM]);
});

test.each([0, 0xffff_f000, 0xffff_fff8])(
  'a request without an OpRegion, at 0x%s, does nothing',
  async (asls) => {
    await using made = makeVgpu();
    const { file } = made.open();
    write32(file, CONFIG, ASLS, asls);
    write16(file, CONFIG, SWSCI, 0x8001);
    expect(made.host.logger.at('error')).toEqual([]);
  },
);
