// A display in use in this process, on fakes.

import { ManualClock, RecordingLogger, TrackedMemory } from '@vfio-ts/conformance/fakes';
import {
  allocDevice,
  Container,
  deviceGroup,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VfioCore,
  type CoreOptions,
  type DeviceFile,
  type ErrnoCode,
  type VfioDevice,
} from '@vfio-ts/core';
import { expect } from 'vitest';
import { MDPY_VGA, MdpyDevice, mdpyOps, type MdpyType } from '../src/index.ts';

/** A core on fakes, and what it stands on. */
export interface TestCore {
  readonly core: VfioCore;
  readonly memory: TrackedMemory;
}

export function testCore(options: CoreOptions = {}): TestCore {
  const memory = new TrackedMemory();
  const host = { clock: new ManualClock(), logger: new RecordingLogger(), memory };
  return { core: new VfioCore(host, { trace: true, ...options }), memory };
}

/** A device that is open. */
export interface OpenMdpy extends AsyncDisposable {
  readonly device: MdpyDevice;
  readonly vdev: VfioDevice;
  readonly file: DeviceFile;
}

/** Opens a fresh device. */
export function openMdpy(type: MdpyType = MDPY_VGA): OpenMdpy {
  const { core, memory } = testCore();
  const mdpy = allocDevice(MdpyDevice, 'vdev', core.parent('mdpy'), mdpyOps, type);
  const { device } = mdpy;
  const { vdev } = device;
  registerEmulatedIommuDev(vdev);
  const group = deviceGroup(vdev).open({ rawIo: true });
  const container = new Container(core, 'test');
  group.setContainer(container);
  const file = group.openDevice(vdev);
  return {
    device,
    vdev,
    file,
    async [Symbol.asyncDispose]() {
      file.close();
      group.close();
      container.close();
      await unregisterGroupDev(vdev);
      mdpy.put();
      expectNothingLeft({ core, memory });
    },
  };
}

export function expectNothingLeft({ core, memory }: TestCore): void {
  expect(core.leaks()).toEqual([]);
  expect(memory.alive).toEqual([]);
}

/** What an error of that code has. */
export function errno(code: ErrnoCode): unknown {
  return expect.objectContaining({ code });
}

/** Reads bytes of a region. */
export function read(file: DeviceFile, region: number, offset: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  expect(file.read(region, offset, into)).toBe(length);
  return into;
}

/** Reads a little-endian 32-bit register of configuration space. */
export function config32(file: DeviceFile, offset: number): number {
  return new DataView(read(file, 7, offset, 4).buffer).getUint32(0, true);
}

/** Writes a little-endian 32-bit register of configuration space. */
export function writeConfig32(file: DeviceFile, offset: number, value: number): void {
  const from = new Uint8Array(4);
  new DataView(from.buffer).setUint32(0, value, true);
  expect(file.write(7, offset, from)).toBe(4);
}
