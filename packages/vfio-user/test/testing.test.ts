import { referenceHarness } from '@vfio-ts/conformance/reference-device';
import { TestContext } from '@vfio-ts/conformance';
import {
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_PCI_MSI_IRQ_INDEX,
  triggerIrq,
} from '@vfio-ts/core';
import { expect, test } from 'vitest';
import { EventFd } from '../src/eventfd.ts';
import { hasFd } from '../src/memfd.ts';
import { overTheWire } from '../src/testing.ts';

const harness = overTheWire(referenceHarness);

test('a descriptor that stays open after the close is a leak', async () => {
  const t = new TestContext(harness);
  const { session } = await t.open();
  using kept = EventFd.create();
  expect(await t.abandon()).toEqual([]);
  expect(session.leaks()).toEqual([`descriptor ${kept.fd.number}: anon_inode:[eventfd]`]);
});

test('a signal counts what the server signals, until the session is asked for leaks', async () => {
  const t = new TestContext(harness);
  const { access, session, vdev } = await t.open();
  const signal = session.signal();
  await access.setIrqs({
    index: VFIO_PCI_MSI_IRQ_INDEX,
    flags: VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
    start: 0,
    count: 1,
    signals: [signal],
  });
  triggerIrq(vdev, VFIO_PCI_MSI_IRQ_INDEX, 0);
  triggerIrq(vdev, VFIO_PCI_MSI_IRQ_INDEX, 0);
  await session.settle();
  expect(signal.count()).toBe(2);
  await session.close();
  expect(signal.count()).toBe(2);
  await t.finish();
});

test('the memory of devices has descriptors', async () => {
  const t = new TestContext(harness);
  const memory = t.memory.alloc('screen', 4096);
  expect(hasFd(memory)).toBe(true);
  memory.close();
  await t.finish();
});
