import { isSettled } from '@vfio-ts/conformance';
import {
  Container,
  deviceGroup,
  REQUEST_INTERVAL_MS,
  VFIO_DEVICE_FLAGS_AP,
  VFIO_DEVICE_FLAGS_RESET,
  VFIO_IRQ_INFO_EVENTFD,
  type DeviceFile,
  type KvmReference,
} from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { Administrator, errno, EXAMPLE } from '../support/administrator.ts';

test("the face of the device is the kernel's", async () => {
  await using machine = await Administrator.of();
  await machine.create();
  const guest = machine.open(1);
  const { flags, numRegions, numIrqs } = guest.file.getInfo();
  expect(flags).toBe(VFIO_DEVICE_FLAGS_AP | VFIO_DEVICE_FLAGS_RESET);
  expect([numRegions, numIrqs]).toEqual([0, 2]);
  for (const index of [0, 1]) {
    expect(guest.file.getIrqInfo(index)).toMatchObject({ count: 1, flags: VFIO_IRQ_INFO_EVENTFD });
  }
  expect(() => guest.file.getIrqInfo(2)).toThrow(errno('EINVAL'));
  await guest.close();
});

function openFor(machine: Administrator, n: number, kvm: KvmReference | undefined): DeviceFile {
  const group = deviceGroup(machine.mdev(n).vdev).open();
  try {
    const container = new Container(machine.core, `guest ${n}`);
    group.setContainer(container);
    group.setKvm(kvm);
    return group.openDevice(machine.mdev(n).vdev);
  } finally {
    group.close();
  }
}

const vm = (): KvmReference => ({ get: () => undefined, put: () => undefined });

describe('who opens', () => {
  test('one virtual machine has one ap device: the second is EPERM', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '04,08,']);
    await machine.createWith(2, ['ap_config', '02,08,']);
    const [one, other] = [vm(), vm()];
    using first = openFor(machine, 1, one);
    expect(() => openFor(machine, 2, one)).toThrow(errno('EPERM'));
    expect(machine.mdev(2).isOpen).toBe(false);
    using second = openFor(machine, 2, other);
    first.close();
    second.close();
    await machine.ap.exclusive(() => undefined);
    openFor(machine, 2, one).close();
  });

  test('clients without a virtual machine are each their own', async () => {
    await using machine = await Administrator.of();
    await machine.create(1);
    await machine.create(2);
    const files = [openFor(machine, 1, undefined), openFor(machine, 2, undefined)];
    expect([1, 2].map((n) => machine.mdev(n).isOpen)).toEqual([true, true]);
    for (const file of files) file.close();
  });

  test('where there has to be a virtual machine, others are EINVAL', async () => {
    await using machine = await Administrator.of({ ...EXAMPLE, needsKvm: true });
    await machine.create();
    expect(() => openFor(machine, 1, undefined)).toThrow(errno('EINVAL'));
    openFor(machine, 1, vm()).close();
  });
});

describe('open and close', () => {
  test('the guest reaches what is passed while it has the device open, and nothing else', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '06,08,8']);
    const mdev = machine.mdev(1);
    expect(mdev.guestMasks.adapters.isEmpty).toBe(true);
    const guest = machine.open(1);
    expect(mdev.guestMasks).toBe(mdev.shadow);
    await guest.close();
    expect(mdev.guestMasks.adapters.isEmpty).toBe(true);
    expect(machine.lines(1, 'guest_matrix')).toEqual(['05.0004', '06.0004']);
  });

  test('the close zeroises every queue', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '06,08,']);
    const guest = machine.open(1);
    machine.queue(5, 4).enqueue({ psmid: 1n, bytes: new Uint8Array(1) });
    machine.takeHistory();
    await guest.close();
    await machine.ap.exclusive(() => undefined);
    expect(machine.zeroized()).toEqual(['05.0004', '06.0004']);
    expect(machine.queue(5, 4).requests).toEqual([]);
  });
});

describe('a remove while a guest has the device open', () => {
  test('asks again and again, takes the queues at once, and ends with the close', async () => {
    await using machine = await Administrator.of();
    await machine.createWith(1, ['ap_config', '06,08,']);
    const guest = machine.open(1);
    const mdev = machine.mdev(1);
    const removed = machine.remove(1);
    expect([guest.request.count(), guest.changes]).toEqual([1, 1]);
    expect(mdev.guestMasks.adapters.isEmpty).toBe(true);
    expect([...mdev.shadow.adapters]).toEqual([5, 6]);
    machine.clock.advance(2 * REQUEST_INTERVAL_MS);
    expect([guest.request.count(), await isSettled(removed)]).toEqual([3, false]);
    machine.takeHistory();
    await guest.close();
    await removed;
    expect(machine.zeroized()).toEqual(['05.0004', '06.0004']);
    await machine.createWith(2, ['ap_config', '06,08,']);
    expect(machine.lines(2, 'guest_matrix')).toEqual(['05.0004', '06.0004']);
  });

  test('every tenth request is in the log', async () => {
    await using machine = await Administrator.of();
    await machine.create();
    const guest = machine.open(1);
    const removed = machine.remove(1);
    machine.clock.advance(20 * REQUEST_INTERVAL_MS);
    const { name } = machine.mdev(1);
    const lines = machine.logger.at('info').filter(({ component }) => component === name);
    expect(lines.map(({ message }) => message)).toEqual(
      [0, 10, 20].map((count) => `Relaying device request to user (#${count})`),
    );
    await guest.close();
    await removed;
  });

  test('without anybody to tell, that is in the log once', async () => {
    await using machine = await Administrator.of();
    await machine.create();
    const file = openFor(machine, 1, undefined);
    const { name } = machine.mdev(1);
    const removed = machine.remove(1);
    machine.clock.advance(20 * REQUEST_INTERVAL_MS);
    const lines = machine.logger.at('info').filter(({ component }) => component === name);
    expect(lines.map(({ message }) => message)).toEqual([
      'No device request registered, blocked until released by user',
    ]);
    file.close();
    await removed;
  });
});
