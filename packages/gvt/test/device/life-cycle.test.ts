import { allocDevice, type DeviceFile, type KvmReference } from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { GVT_V5_4, GVT_V5_8, IntelGvt, IntelVgpu, intelVgpuOps } from '../../src/index.ts';
import { FakeGpu } from './fake-gpu.ts';
import {
  addVgpu,
  errno,
  expectNothingLeft,
  makeVgpu,
  read32,
  testCore,
  write16,
  write32,
  type TestCore,
} from './support.ts';

const CONFIG = 7;
const PMCSR = 0xd4;
const AT = 0x1000;
const D3HOT = 3;

function alloc({ core }: TestCore, gvt: IntelGvt): unknown {
  return allocDevice(IntelVgpu, 'vdev', core.parent('gvt'), intelVgpuOps, gvt, GVT_V5_4);
}

class Machine implements KvmReference {
  users = 0;
  get(): void {
    this.users++;
  }
  put(): void {
    this.users--;
  }
}

describe('create', () => {
  test('gives the GPU the share and the monitor, and runs nothing yet', async () => {
    await using made = makeVgpu({ type: GVT_V5_4 });
    expect(made.fake.share).toEqual(made.vgpu.share);
    expect(made.fake.share.weight).toBe(4);
    expect(made.fake.calls).toEqual([]);
    expect(made.vgpu.isActive).toBe(false);
  });

  const failures: readonly (readonly [
    what: string,
    code: 'EIO' | 'ENOMEM' | 'ENOSPC' | 'EINVAL',
    fail: (host: TestCore, gpu: FakeGpu) => IntelGvt,
  ])[] = [
    [
      'the GPU',
      'EIO',
      (_, gpu) => {
        gpu.fails = true;
        return new IntelGvt(gpu);
      },
    ],
    ...['the table', 'the picture'].map(
      (what, allocation) =>
        [
          `memory of ${what}`,
          'ENOMEM',
          ({ memory }: TestCore, gpu: FakeGpu) => {
            memory.failIn(allocation);
            return new IntelGvt(gpu);
          },
        ] as const,
    ),
    [
      'the resolution',
      'EINVAL',
      (_, gpu) => new IntelGvt(gpu, { resolution: { width: 1, height: 1 } }),
    ],
  ];
  test.each(failures)('that fails at %s with %s leaves nothing taken', (_, code, fail) => {
    const host = testCore();
    const gpu = new FakeGpu();
    const gvt = fail(host, gpu);
    expect(() => alloc(host, gvt)).toThrow(errno(code));
    expect(gvt.resources.available(GVT_V5_8)).toBe(2);
    expect([gpu.alive, gvt.vgpus.size]).toEqual([[], 0]);
    expectNothingLeft(host);
  });

  test('without resources is ENOSPC, and does not ask the GPU', async () => {
    const host = testCore();
    const gpu = new FakeGpu();
    const gvt = new IntelGvt(gpu);
    await using first = addVgpu(host, gvt, gpu, GVT_V5_4);
    expect(() => alloc(host, gvt)).toThrow(errno('ENOSPC'));
    expect(gpu.made).toEqual([first.fake]);
    expect(gvt.vgpus.size).toBe(1);
  });
});

describe('destroy', () => {
  test('closes the GPU’s side, then gives resources back', async () => {
    const made = makeVgpu();
    await made[Symbol.asyncDispose]();
    expect(made.fake.calls).toEqual(['close']);
    expect(made.gvt.resources.available(GVT_V5_8)).toBe(2);
    expect(made.gvt.vgpus.size).toBe(0);
  });
});

describe('open and close', () => {
  test('start and stop it', async () => {
    await using made = makeVgpu();
    const opened = made.open();
    expect([made.vgpu.isActive, made.fake.calls]).toEqual([true, ['start']]);
    opened.close();
    expect([made.vgpu.isActive, made.fake.calls]).toEqual([false, ['start', 'stop']]);
  });

  test('of a second vGPU by the same virtual machine is EEXIST', async () => {
    const host = testCore();
    const gpu = new FakeGpu();
    const gvt = new IntelGvt(gpu);
    await using one = addVgpu(host, gvt, gpu, GVT_V5_8);
    await using two = addVgpu(host, gvt, gpu, GVT_V5_8);
    const machine = new Machine();
    const opened = one.open(machine);
    expect(() => two.open(machine)).toThrow(errno('EEXIST'));
    expect([two.vgpu.isActive, two.fake.calls]).toEqual([false, []]);
    opened.close();
    two.open(machine).close();
    expect(machine.users).toBe(0);
  });

  test.each([
    ['another virtual machine', new Machine()],
    ['a user that is none', undefined],
  ])('of a second vGPU by %s succeeds', async (_, other) => {
    const host = testCore();
    const gpu = new FakeGpu();
    const gvt = new IntelGvt(gpu);
    await using one = addVgpu(host, gvt, gpu, GVT_V5_8);
    await using two = addVgpu(host, gvt, gpu, GVT_V5_8);
    one.open(other === undefined ? undefined : new Machine());
    two.open(other);
    expect(two.vgpu.isActive).toBe(true);
  });

  test('two vGPUs of two GPUs can be of one virtual machine', async () => {
    await using one = makeVgpu();
    await using two = makeVgpu();
    const machine = new Machine();
    one.open(machine);
    two.open(machine);
    expect(two.vgpu.isActive).toBe(true);
  });
});

describe('reset', () => {
  test('resets registers, tables, engines and configuration space, and goes on', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    write32(file, CONFIG, 0x10, 0xfd00_0000);
    void file.reset();
    expect(made.fake.calls).toEqual(['start', 'reset']);
    expect(read32(file, CONFIG, 0x10)).toBe(4);
  });

  test('of a guest that comes from D3 keeps page tables, the next one does not', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    write16(file, CONFIG, PMCSR, D3HOT);
    write16(file, CONFIG, PMCSR, 0);
    void file.reset();
    void file.reset();
    expect(made.fake.calls).toEqual(['start', 'reset, tables kept', 'reset']);
  });

  test.each([0, 1, 2])('of a guest that was in state %d at most does not', async (state) => {
    await using made = makeVgpu();
    const { file } = made.open();
    write16(file, CONFIG, PMCSR, state);
    void file.reset();
    expect(made.fake.calls).toEqual(['start', 'reset']);
  });

  test('of one that is at rest does not wake it', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    void file.quiesce();
    void file.reset();
    expect(made.fake.calls).toEqual(['start', 'stop', 'reset']);
    made.host.clock.advance(0);
    expect(made.fake.calls.at(-1)).toBe('start');
  });
});

describe('quiesce', () => {
  test('stops it at once, until the next turn of the loop', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    expect(file.quiesce()).toBe(undefined);
    expect(made.fake.calls).toEqual(['start', 'stop']);
    made.host.clock.advance(0);
    expect(made.fake.calls).toEqual(['start', 'stop', 'start']);
  });

  test.each([
    ['a read', (file: DeviceFile) => read32(file, 0, 0)],
    ['a write', (file: DeviceFile) => write32(file, 0, 0, 0)],
  ] as const)('lasts until %s, which finds it awake', async (_, access) => {
    await using made = makeVgpu();
    const opened = made.open();
    opened.map(AT);
    const reached: unknown[] = [];
    made.fake.onWrite = () => reached.push(made.fake.host.memory.view(AT, 4)?.length);
    void opened.file.quiesce();
    access(opened.file);
    expect(made.fake.calls).toEqual(['start', 'stop', 'start']);
    write32(opened.file, 0, 0, 0);
    expect(reached.at(-1)).toBe(4);
    expect(made.host.clock.pending).toBe(0);
  });

  test('twice in one turn is once', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    void file.quiesce();
    void file.quiesce();
    made.host.clock.advance(0);
    expect(made.fake.calls).toEqual(['start', 'stop', 'start']);
  });

  test('and then a close: it is not started again', async () => {
    await using made = makeVgpu();
    const opened = made.open();
    void opened.file.quiesce();
    opened.close();
    made.host.clock.advance(0);
    expect(made.fake.calls.filter((call) => call === 'start').length).toBe(1);
    expect(made.host.clock.pending).toBe(0);
  });
});

describe('what the GPU tells', () => {
  test('display ready: the host gets an event with the id', async () => {
    const events: unknown[] = [];
    await using made = makeVgpu({ gvt: { uevent: (event) => events.push(event) } });
    made.open();
    made.fake.host.displayReady(true);
    made.fake.host.displayReady(false);
    expect(events).toEqual([
      { GVT_DISPLAY_READY: '1', VMID: '1' },
      { GVT_DISPLAY_READY: '0', VMID: '1' },
    ]);
    expect(made.host.logger.at('info').map(({ message }) => message)).toEqual([
      "the guest's display is ready",
      "the guest's display is gone",
    ]);
  });

  test.each(['unsupported guest', 'insufficient resource', 'guest error'] as const)(
    'failsafe, %s: the log says so',
    async (reason) => {
      await using made = makeVgpu();
      made.open();
      made.fake.host.failsafe(reason);
      const [line] = made.host.logger.take('error');
      expect(line?.message).toContain(`failsafe mode: ${reason}`);
      expect(line?.component).toBe(made.vgpu.vdev.name);
    },
  );
});
