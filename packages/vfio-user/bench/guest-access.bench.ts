// What a device does to its guest: copies to and from mapped guest memory, beside `Uint8Array.set` on the same memory,
// and interrupts, beside a bare write to the same eventfd.

import {
  allocDevice,
  Container,
  deviceGroup,
  dmaRw,
  registerEmulatedIommuDev,
  triggerIrq,
  unregisterGroupDev,
  VFIO_DMA_MAP_FLAG_READ,
  VFIO_DMA_MAP_FLAG_WRITE,
  VFIO_IRQ_SET_ACTION_TRIGGER,
  VFIO_IRQ_SET_DATA_EVENTFD,
  VFIO_PCI_MSI_IRQ_INDEX,
  VfioCore,
  type DeviceFile,
  type VfioDevice,
} from '@vfio-ts/core';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { EventFd, linuxHost, MemfdBackend, type SignalPolicy } from '../src/index.ts';
import { isSupported, raw } from '../src/native/ffi.ts';
import { rate } from './support/exchange.ts';
import { RegisterDevice, registerOps } from './support/register-device.ts';

const KIB = 1 << 10;
const MIB = 1 << 20;
/** Guest memory, larger than a cache that a copy could live in. */
const MEMORY = 64 * MIB;
const ROUNDS = 40;
const WARM_UP = 10;
/** Bytes that are copied in a round. */
const PER_ROUND = 64 * MIB;
const TRIGGERS = 20_000;
const ONE = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0);

/** Both ways to do the same in rounds next to each other: rates of each. */
function inTurn(count: number, ours: () => void, bare: () => void): [number[], number[]] {
  const ourRates: number[] = [];
  const bareRates: number[] = [];
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    const ourRate = rate(count, ours);
    const bareRate = rate(count, bare);
    if (round < 0) continue;
    ourRates.push(ourRate);
    bareRates.push(bareRate);
  }
  return [ourRates, bareRates];
}

/** Addresses one after the other, over and over. */
function walk(step: number): () => number {
  let at = -step;
  return () => (at = (at + step) % MEMORY);
}

function copies(vdev: VfioDevice, guest: Uint8Array): readonly Measurement[] {
  const sizes: readonly [string, number][] = [
    ['4KiB', 4 * KIB],
    ['1MiB', MIB],
  ];
  return sizes.flatMap(([name, size]) => {
    const buf = new Uint8Array(size);
    const count = PER_ROUND / size;
    const figure = (what: string, [ours, bare]: [number[], number[]]): Measurement => ({
      name: `guest-access/${what}-${name}`,
      value: (median(ours) * size) / MIB,
      unit: 'MiB/s',
      ratio: medianRatio(ours, bare),
      ratioTo: 'Uint8Array.set',
      goal: { of: 'ratio', atLeast: 0.8 },
    });
    const [ourNext, bareNext] = [walk(size), walk(size)];
    const write = inTurn(
      count,
      () => dmaRw(vdev, ourNext(), buf, true),
      () => guest.set(buf, bareNext()),
    );
    const read = inTurn(
      count,
      () => dmaRw(vdev, ourNext(), buf, false),
      () => {
        const at = bareNext();
        buf.set(guest.subarray(at, at + size));
      },
    );
    return [figure('write', write), figure('read', read)];
  });
}

function interrupts(vdev: VfioDevice, file: DeviceFile, policy: SignalPolicy): Measurement {
  using made = EventFd.create();
  const signal = new EventFd(made.fd.dup(), policy);
  const { number } = signal.fd;
  file.setIrqs({
    flags: VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
    index: VFIO_PCI_MSI_IRQ_INDEX,
    start: 0,
    count: 1,
    signals: [signal],
  });
  const [ours, bare] = inTurn(
    TRIGGERS,
    () => triggerIrq(vdev, VFIO_PCI_MSI_IRQ_INDEX, 0),
    () => raw.write(number, ONE, 8),
  );
  if (signal.read() !== 2 * TRIGGERS * (ROUNDS + WARM_UP)) throw new Error('interrupts are lost');
  // Times, not rates: what an interrupt costs.
  const [cost, bareCost] = [ours, bare].map((rates) => rates.map((perSecond) => 1e9 / perSecond));
  return {
    name: policy === 'trusted' ? 'guest-access/irq' : 'guest-access/irq-guarded',
    value: median(cost ?? []),
    unit: 'ns',
    ratio: medianRatio(cost ?? [], bareCost ?? []),
    ratioTo: 'a bare eventfd write through the same FFI',
    ...(policy === 'trusted' && { goal: { of: 'ratio', atMost: 1.3 } }),
  };
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  const core = new VfioCore(linuxHost());
  using device = allocDevice(RegisterDevice, 'vdev', core.parent('bench'), registerOps);
  const { vdev } = device.device;
  registerEmulatedIommuDev(vdev);
  using memory = new MemfdBackend().alloc('guest', MEMORY);
  const group = deviceGroup(vdev).open();
  const container = new Container(core, 'bench');
  group.setContainer(container);
  const file = group.openDevice(vdev);
  const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
  file.mapDma({ iova: 0, size: MEMORY, flags, memory });
  bench.progress('copies');
  const figures = [...copies(vdev, memory.bytes)];
  bench.progress('interrupts');
  figures.push(interrupts(vdev, file, 'trusted'), interrupts(vdev, file, 'guarded'));
  file.close();
  group.close();
  container.close();
  await unregisterGroupDev(vdev);
  return figures;
}

/** Guest memory and interrupts. */
export const benchmark: Benchmark = {
  name: 'guest-access',
  about: 'copies to and from mapped guest memory, and interrupts',
  missing: isSupported ? undefined : 'eventfds and memfds need Linux on x64 or arm64',
  run,
};
