// A vGPU in use in this process, on fakes.

import { ManualClock, RecordingLogger, TrackedMemory } from '@vfio-ts/conformance/fakes';
import {
  allocDevice,
  Container,
  deviceGroup,
  PAGE_SIZE,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VfioCore,
  VfioError,
  type CoreOptions,
  type DeviceFile,
  type ErrnoCode,
  type KvmReference,
  type Ref,
  type SharedMemory,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import {
  GVT_V5_8,
  IntelGvt,
  intelVgpuOps,
  IntelVgpu,
  type GvtType,
  type IntelGvtOptions,
} from '../../src/index.ts';
import { FakeGpu, type FakeVgpu } from './fake-gpu.ts';

export const MB: number = 2 ** 20;

/** A core on fakes, and what it stands on. */
export interface TestCore {
  readonly core: VfioCore;
  readonly memory: TrackedMemory;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
}

export function testCore(options: CoreOptions = {}): TestCore {
  const host = {
    clock: new ManualClock(),
    logger: new RecordingLogger(),
    memory: new TrackedMemory({ detachOnUnmap: true }),
  };
  return { core: new VfioCore(host, { trace: true, ...options }), ...host };
}

export function expectNothingLeft({ core, memory, clock }: TestCore): void {
  expect(core.leaks()).toEqual([]);
  expect(memory.alive).toEqual([]);
  expect(clock.pending).toBe(0);
}

/** What an error of that code has. */
export function errno(code: ErrnoCode): unknown {
  return expect.objectContaining({ code });
}

/** What a test wants of its vGPU. */
export interface VgpuWish {
  readonly type?: GvtType;
  readonly gvt?: IntelGvtOptions;
  readonly gpu?: FakeGpu;
  readonly kvm?: KvmReference;
}

/** A vGPU that is made, on a GPU of its own. */
export interface TestVgpu extends AsyncDisposable {
  readonly host: TestCore;
  readonly gvt: IntelGvt;
  readonly gpu: FakeGpu;
  readonly ref: Ref<IntelVgpu>;
  readonly vgpu: IntelVgpu;
  /** What the GPU made for it. */
  readonly fake: FakeVgpu;
  open(kvm?: KvmReference): OpenVgpu;
}

/** A file of a vGPU. */
export interface OpenVgpu {
  readonly file: DeviceFile;
  /** Maps zeroed memory there. */
  map(iova: number, pages?: number): SharedMemory;
  close(): void;
}

export function makeVgpu({ type = GVT_V5_8, gvt: options, gpu = new FakeGpu() }: VgpuWish = {}) {
  const host = testCore();
  const gvt = new IntelGvt(gpu, options);
  return addVgpu(host, gvt, gpu, type);
}

/** Makes one more on a GPU that is there. */
export function addVgpu(host: TestCore, gvt: IntelGvt, gpu: FakeGpu, type: GvtType): TestVgpu {
  const { core } = host;
  const ref = allocDevice(IntelVgpu, 'vdev', core.parent('gvt'), intelVgpuOps, gvt, type);
  const vgpu = ref.device;
  registerEmulatedIommuDev(vgpu.vdev);
  const fake = gpu.made.at(-1);
  if (fake === undefined) throw new TypeError('the GPU has made nothing');
  const undo = new DisposableStack();
  return {
    host,
    gvt,
    gpu,
    ref,
    vgpu,
    fake,
    open(kvm) {
      const opened = openVgpu(host, vgpu, kvm);
      undo.defer(() => opened.close());
      return opened;
    },
    async [Symbol.asyncDispose]() {
      undo.dispose();
      await unregisterGroupDev(vgpu.vdev);
      ref.put();
      if (gvt.vgpus.size === 0) expectNothingLeft(host);
    },
  };
}

/** Opens a vGPU as a user with an address space of its own does. */
export function openVgpu(
  { core, memory }: TestCore,
  vgpu: IntelVgpu,
  kvm?: KvmReference,
): OpenVgpu {
  const group = deviceGroup(vgpu.vdev).open({ rawIo: true });
  const container = new Container(core, 'test');
  const mapped: SharedMemory[] = [];
  const undo = new DisposableStack();
  undo.defer(() => {
    for (const one of mapped) one.close();
  });
  undo.defer(() => container.close());
  undo.defer(() => group.close());
  group.setContainer(container);
  group.setKvm(kvm);
  try {
    const file = undo.adopt(group.openDevice(vgpu.vdev), (one) => one.close());
    return {
      file,
      map(iova, pages = 1) {
        const size = pages * PAGE_SIZE;
        const made = memory.alloc('guest', size);
        mapped.push(made);
        const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
        file.mapDma({ iova, size, flags, memory: made });
        return made;
      },
      close: () => undo.dispose(),
    };
  } catch (error) {
    undo.dispose();
    throw error;
  }
}

/** What an action comes to: `ok`, or the code of its error. */
export function outcome(action: () => unknown): string {
  try {
    action();
    return 'ok';
  } catch (error) {
    return error instanceof VfioError ? error.code : String(error);
  }
}

/** Reads bytes of a region. */
export function read(file: DeviceFile, region: number, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  expect(file.read(region, offset, into)).toBe(length);
  return into;
}

export function read32(file: DeviceFile, region: number, offset: number): number {
  return new DataView(read(file, region, offset, 4).buffer).getUint32(0, true);
}

export function read16(file: DeviceFile, region: number, offset: number): number {
  return new DataView(read(file, region, offset, 2).buffer).getUint16(0, true);
}

export function write32(file: DeviceFile, region: number, offset: number, value: number): void {
  const from = new Uint8Array(4);
  new DataView(from.buffer).setUint32(0, value, true);
  file.write(region, offset, from);
}

export function write16(file: DeviceFile, region: number, offset: number, value: number): void {
  file.write(region, offset, Uint8Array.of(value & 0xff, value >> 8));
}
