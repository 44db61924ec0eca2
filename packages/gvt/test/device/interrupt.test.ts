import { CountingSignal } from '@vfio-ts/conformance/fakes';
import {
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_ACTION_UNMASK,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_IRQ_SET_DATA_NONE,
  VFIO_PCI_INTX_IRQ_INDEX,
  VFIO_PCI_MSI_IRQ_INDEX,
  type DeviceFile,
} from '@vfio-ts/core';
import { describe, expect, test } from 'vitest';
import { errno, makeVgpu, write16, write32, type TestVgpu } from './support.ts';

const CONFIG = 7;
const COMMAND = 0x04;
const INTX_DISABLE = 0x400;
const MSI_CONTROL = 0x92;
const REGISTER = 0x4_4200;

function listen(file: DeviceFile, index: number): CountingSignal {
  const signal = new CountingSignal();
  file.setIrqs({
    index,
    start: 0,
    count: 1,
    flags: VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
    signals: [signal],
  });
  return signal;
}

/** The GPU raises the interrupt between accesses. */
function raise({ fake }: TestVgpu): void {
  fake.host.interrupt();
}

describe('which interrupts there are', () => {
  test.each([
    ['INTx: maskable, masks itself', VFIO_PCI_INTX_IRQ_INDEX, 1, 1 | 2 | 4],
    ['MSI: cannot be resized', VFIO_PCI_MSI_IRQ_INDEX, 1, 1 | 8],
    ['no MSI-X', 2, 0, 0],
    ['no error interrupt', 3, 0, 0],
    ['no request interrupt', 4, 0, 0],
  ])('%s', async (_, index, count, flags) => {
    await using made = makeVgpu();
    expect(made.open().file.getIrqInfo(index)).toMatchObject({ count, flags });
  });

  test('MSI cannot be masked', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    listen(file, VFIO_PCI_MSI_IRQ_INDEX);
    const unmask = {
      index: VFIO_PCI_MSI_IRQ_INDEX,
      start: 0,
      count: 1,
      flags: VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK,
    };
    expect(() => file.setIrqs(unmask)).toThrow(errno('ENOTTY'));
  });
});

describe('MSI', () => {
  test('is sent where the guest has enabled it', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const signal = listen(file, VFIO_PCI_MSI_IRQ_INDEX);
    write16(file, CONFIG, MSI_CONTROL, 1);
    raise(made);
    raise(made);
    expect(signal.count()).toBe(2);
  });

  test('is not sent where it has not', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const signal = listen(file, VFIO_PCI_MSI_IRQ_INDEX);
    raise(made);
    write16(file, CONFIG, MSI_CONTROL, 1);
    write16(file, CONFIG, MSI_CONTROL, 0);
    raise(made);
    expect(signal.count()).toBe(0);
  });

  test('without anybody who listens is lost', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    write16(file, CONFIG, MSI_CONTROL, 1);
    raise(made);
    expect(listen(file, VFIO_PCI_MSI_IRQ_INDEX).count()).toBe(0);
  });
});

describe('INTx', () => {
  test('is sent while MSI is off, and then masked until the user unmasks it', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const signal = listen(file, VFIO_PCI_INTX_IRQ_INDEX);
    raise(made);
    raise(made);
    expect(signal.count()).toBe(1);
    const flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK;
    file.setIrqs({ index: VFIO_PCI_INTX_IRQ_INDEX, start: 0, count: 1, flags });
    expect(signal.count()).toBe(2);
  });

  test('is not sent once the guest has disabled it', async () => {
    await using made = makeVgpu();
    const { file } = made.open();
    const signal = listen(file, VFIO_PCI_INTX_IRQ_INDEX);
    write16(file, CONFIG, COMMAND, INTX_DISABLE);
    raise(made);
    expect(signal.count()).toBe(0);
  });
});

/** Runs a test with MSI enabled and somebody who listens. */
async function inAccess(
  access: (made: TestVgpu, file: DeviceFile, signal: CountingSignal) => void,
): Promise<void> {
  await using made = makeVgpu();
  const { file } = made.open();
  const signal = listen(file, VFIO_PCI_MSI_IRQ_INDEX);
  write16(file, CONFIG, MSI_CONTROL, 1);
  access(made, file, signal);
}

describe('an interrupt that an access causes', () => {
  test('is sent behind the reply, once', () =>
    inAccess((made, file, signal) => {
      made.fake.onWrite = () => {
        raise(made);
        raise(made);
      };
      write32(file, 0, REGISTER, 0x8000_0000);
      expect(signal.count()).toBe(0);
      made.host.clock.advance(0);
      expect(signal.count()).toBe(1);
      expect(made.host.clock.pending).toBe(0);
    }));

  test('is sent once, however many accesses come before it', () =>
    inAccess((made, file, signal) => {
      made.fake.onWrite = () => raise(made);
      write32(file, 0, REGISTER, 0x8000_0000);
      write32(file, 0, REGISTER, 0x8000_0000);
      made.host.clock.advance(0);
      expect(signal.count()).toBe(1);
    }));

  test('is not sent when the device is reset before', () =>
    inAccess((made, file, signal) => {
      made.fake.onWrite = () => raise(made);
      write32(file, 0, REGISTER, 0x8000_0000);
      void file.reset();
      write16(file, CONFIG, MSI_CONTROL, 1);
      made.host.clock.advance(0);
      expect(signal.count()).toBe(0);
    }));

  test('is sent although the access throws', () =>
    inAccess((made, file, signal) => {
      made.fake.onWrite = () => {
        raise(made);
        throw new TypeError('made to fail');
      };
      expect(() => write32(file, 0, REGISTER, 0x8000_0000)).toThrow('made to fail');
      made.host.clock.advance(0);
      expect(signal.count()).toBe(1);
      raise(made);
      expect(signal.count()).toBe(2);
    }));
});
