// The life of a device, as the guide tells it.
import {
  allocDevice,
  containerOf,
  Container,
  deviceGroup,
  dmaView,
  registerEmulatedIommuDev,
  setupRegion,
  unregisterGroupDev,
  VFIO_DMA_MAP_FLAG_READ,
  VfioCore,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import { ManualClock } from '@vfio-ts/conformance/fakes';
import { MemfdBackend } from '@vfio-ts/vfio-user';
import { expect, test } from 'vitest';
import { CrcDevice, crcOps } from '../src/crc-device.ts';

function newCore(): VfioCore {
  const clock = new ManualClock();
  const logger = { log: () => undefined };
  return new VfioCore({ clock, logger, memory: new MemfdBackend() }, { trace: true });
}

/** Opens a device and gives what closes it. */
function open(core: VfioCore, vdev: VfioDevice) {
  const container = new Container(core, 'guest');
  const group = deviceGroup(vdev).open();
  group.setContainer(container);
  const file = group.openDevice(vdev);
  const close = () => {
    file.close();
    group.close();
    container.close();
  };
  return { file, close };
}

// #region whole
/** A device that writes down what happens to it. */
class Witness {
  readonly vdev: VfioDevice;
  readonly seen: string[];

  constructor(vdev: VfioDevice, seen: string[]) {
    this.vdev = vdev;
    this.seen = seen;
    seen.push('constructor');
  }
}

const witnessOps: VfioDeviceOps<Witness> = {
  name: 'witness',
  deviceApi: 'vfio-platform',
  init: ({ seen }) => void seen.push('init'),
  openDevice: ({ seen }) => void seen.push('openDevice'),
  closeDevice: ({ seen }) => void seen.push('closeDevice'),
  request: ({ seen }) => void seen.push('request'),
  release: ({ seen }) => void seen.push('release'),
};
// #endregion

test('a whole life, in its order', async () => {
  const core = newCore();
  const parent = core.parent('guide');
  const seen: string[] = [];
  const witness = allocDevice(Witness, 'vdev', parent, witnessOps, seen);
  const { vdev } = witness.device;
  registerEmulatedIommuDev(vdev);
  const { close } = open(core, vdev);
  const unregistered = unregisterGroupDev(vdev); // waits for the user
  close();
  await unregistered;
  witness.put();
  expect(seen).toEqual(['constructor', 'init', 'openDevice', 'request', 'closeDevice', 'release']);
  expect(core.leaks()).toEqual([]);
});

test('init that fails: what came before is undone, release is not called', () => {
  const core = newCore();
  const parent = core.parent('guide');
  const seen: string[] = [];
  const failing: VfioDeviceOps<Witness> = {
    ...witnessOps,
    init({ vdev }) {
      setupRegion(vdev, 0, { size: 4096, flags: 3 });
      throw new RangeError('no port is free');
    },
  };
  expect(() => allocDevice(Witness, 'vdev', parent, failing, seen)).toThrow('no port is free');
  expect(seen).toEqual(['constructor']);
  expect(core.leaks()).toEqual([]);
});

test('a second put names the first', () => {
  const parent = newCore().parent('guide');
  const crc = allocDevice(CrcDevice, 'vdev', parent, crcOps);
  crc.put();
  expect(() => crc.put()).toThrow(/vfio0: second put of one reference; the first put was at\n/u);
  expect(() => crc.device).toThrow('ENODEV');
});

test('a device that is registered keeps its last reference', async () => {
  const parent = newCore().parent('guide');
  using crc = allocDevice(CrcDevice, 'vdev', parent, crcOps);
  const { vdev } = crc.device;
  registerEmulatedIommuDev(vdev);
  expect(() => crc.put()).toThrow('vfio0 is registered: unregister before the last put');
  await unregisterGroupDev(vdev);
});

test('a reference of its own keeps the device for whoever takes one', () => {
  const parent = newCore().parent('guide');
  const first = allocDevice(CrcDevice, 'vdev', parent, crcOps);
  const second = first.get();
  first.put();
  expect(second.device).toBe(containerOf(second.device.vdev, CrcDevice));
  second.put();
});

test('guest memory that is kept too long is gone', async () => {
  const core = newCore();
  using crc = allocDevice(CrcDevice, 'vdev', core.parent('guide'), crcOps);
  const { vdev } = crc.device;
  registerEmulatedIommuDev(vdev);
  const { file, close } = open(core, vdev);
  const memory = core.memory.alloc('guest', 4096);
  file.mapDma({ iova: 0x1000, size: 4096, flags: VFIO_DMA_MAP_FLAG_READ, memory });
  const view = dmaView(vdev, 0x1000, 4096, VFIO_DMA_MAP_FLAG_READ);
  expect(view?.length).toBe(4096);
  file.unmapDma({ iova: 0x1000, size: 4096 });
  expect(view?.length).toBe(0);
  memory.close();
  close();
  await unregisterGroupDev(vdev);
});
