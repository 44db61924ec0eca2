// What of the guest's memory its GPU reaches, and when.

import { PAGE_SIZE, type MessageBacking } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { GVT_V5_8, IntelGvt } from '../../src/index.ts';
import { FakeGpu, type FakeVgpu } from './fake-gpu.ts';
import { addVgpu, errno, makeVgpu, outcome, testCore } from './support.ts';

const AT = 0x1000_0000;

describe('memory that is mapped', () => {
  test('is read and written in place', async () => {
    await using made = makeVgpu();
    const guest = made.open().map(AT);
    const { memory } = made.fake.host;
    memory.write(AT + 8, Uint8Array.of(1, 2, 3));
    expect([...guest.bytes.subarray(8, 11)]).toEqual([1, 2, 3]);
    guest.bytes[9] = 9;
    const into = new Uint8Array(3);
    memory.read(AT + 8, into);
    expect([...into]).toEqual([1, 9, 3]);
    const view = memory.view(AT, PAGE_SIZE);
    expect(view?.length).toBe(PAGE_SIZE);
    view?.fill(7);
    expect(guest.bytes[100]).toBe(7);
  });

  test('is not reached behind its end', async () => {
    await using made = makeVgpu();
    made.open().map(AT);
    const { memory } = made.fake.host;
    expect(memory.view(AT + 1, PAGE_SIZE)).toBe(undefined);
    expect(() => memory.read(AT + 1, new Uint8Array(PAGE_SIZE))).toThrow(errno('EINVAL'));
    expect(() => memory.write(AT - 1, new Uint8Array(2))).toThrow(errno('EINVAL'));
  });

  test('is not reached once it is unmapped, nor by a view from before', async () => {
    await using made = makeVgpu();
    const opened = made.open();
    opened.map(AT);
    const { memory } = made.fake.host;
    const view = memory.view(AT, PAGE_SIZE);
    opened.file.unmapDma({ iova: AT, size: PAGE_SIZE });
    expect(view?.length).toBe(0);
    expect(memory.view(AT, PAGE_SIZE)).toBe(undefined);
    expect(() => memory.read(AT, new Uint8Array(4))).toThrow(errno('EINVAL'));
  });
});

/** What reads, writes and views come to. */
function reach({ host: { memory } }: FakeVgpu): readonly unknown[] {
  return [
    memory.view(AT, 4)?.length,
    outcome(() => memory.read(AT, new Uint8Array(4))),
    outcome(() => memory.write(AT, new Uint8Array(4))),
  ];
}

test('memory that is not shared is EOPNOTSUPP, and the log says once why nothing works', async () => {
  await using made = makeVgpu();
  const { ioas } = made.open().file;
  const backing: MessageBacking = {
    kind: 'message',
    read: async () => {},
    write: async () => {},
    revoke: () => undefined,
  };
  ioas?.map({ iova: AT, size: PAGE_SIZE, flags: 3, backing });
  expect(reach(made.fake)).toEqual([undefined, 'EOPNOTSUPP', 'EOPNOTSUPP']);
  expect(made.host.logger.at('warn').map(({ message }) => message)).toEqual([
    "the guest's memory is not shared, so its GPU cannot reach it",
  ]);
});

describe('no memory is reached', () => {
  const NOTHING = [undefined, 'EFAULT', 'EFAULT'];

  test('before the first open', async () => {
    await using made = makeVgpu();
    expect(reach(made.fake)).toEqual(NOTHING);
  });

  test('after the last close', async () => {
    await using made = makeVgpu();
    const opened = made.open();
    opened.map(AT);
    opened.close();
    expect(reach(made.fake)).toEqual(NOTHING);
  });

  test('while it is at rest', async () => {
    await using made = makeVgpu();
    const opened = made.open();
    opened.map(AT);
    void opened.file.quiesce();
    expect(reach(made.fake)).toEqual(NOTHING);
    made.host.clock.advance(0);
    expect(reach(made.fake)).toEqual([4, 'ok', 'ok']);
  });
});

test('two vGPUs reach their own memory at the same address', async () => {
  const host = testCore();
  const gpu = new FakeGpu();
  const gvt = new IntelGvt(gpu);
  await using one = addVgpu(host, gvt, gpu, GVT_V5_8);
  await using two = addVgpu(host, gvt, gpu, GVT_V5_8);
  const [first, second] = [one.open().map(AT), two.open().map(AT)];
  one.fake.host.memory.write(AT, Uint8Array.of(1));
  two.fake.host.memory.write(AT, Uint8Array.of(2));
  expect([first.bytes[0], second.bytes[0]]).toEqual([1, 2]);
});
