// How many devices a second can live: allocated, registered, opened through their group, closed, unregistered, put.
//
// The driver is one that does nothing, so that core alone is measured. The container, which a virtual machine has one
// of whatever comes and goes, is kept from device to device; a second figure makes one for each. The group file is
// opened for each device, since each has a group of its own.
//
// A second is one of processor time, so "on one core" is meant: the threads of the garbage collector count, and what
// other processes take does not. Collections within a round are part of it; only the devices that merely live are made
// and settled before.

import {
  allocDevice,
  Container,
  deviceGroup,
  HeapMemory,
  registerEmulatedIommuDev,
  unregisterGroupDev,
  VfioCore,
  type Ref,
  type VfioDevice,
  type VfioDeviceOps,
} from '@vfio-ts/core';
import type { Benchmark, BenchmarkRun, Measurement } from '../../../scripts/bench/benchmark.ts';
import { median, medianRatio } from '../../../scripts/bench/statistics.ts';

const LIVE = [1, 1000, 100_000];
const ROUNDS = 15;
const CYCLES = 100_000;
const SETTLING = 25_000;
const WARM_UP = 100_000;
const BARE = 'an object made, kept in a Map, awaited and dropped';

class NullDevice {
  readonly vdev: VfioDevice;
  constructor(vdev: VfioDevice) {
    this.vdev = vdev;
  }
}

const ops: VfioDeviceOps<NullDevice> = {
  name: 'null',
  init() {},
  release() {},
  openDevice() {},
  closeDevice() {},
};

const core = new VfioCore({
  clock: { now: () => performance.now(), after: () => ({ cancel() {} }) },
  logger: { log() {} },
  memory: new HeapMemory(),
});
const parent = core.parent('bench');

function register(): Ref<NullDevice> {
  const ref = allocDevice(NullDevice, 'vdev', parent, ops);
  registerEmulatedIommuDev(ref.device.vdev);
  return ref;
}

function openAndClose(vdev: VfioDevice, container: Container): void {
  const group = deviceGroup(vdev).open();
  group.setContainer(container);
  group.openDevice(vdev).close();
  group.close();
}

async function lifeCycles(count: number): Promise<void> {
  const container = new Container(core, 'bench');
  for (let i = 0; i < count; i++) {
    const ref = register();
    const { vdev } = ref.device;
    openAndClose(vdev, container);
    await unregisterGroupDev(vdev);
    ref.put();
  }
  container.close();
}

async function withOwnContainer(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const ref = register();
    const { vdev } = ref.device;
    const container = new Container(core, 'bench');
    openAndClose(vdev, container);
    container.close();
    await unregisterGroupDev(vdev);
    ref.put();
  }
}

const kept = new Map<number, object>();
const NOW = Promise.resolve();

async function bareObjects(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    kept.set(i, { i });
    await NOW;
    kept.delete(i);
  }
}

interface Sample {
  /** Cycles for each second of processor time. */
  readonly rate: number;
  /** Processor time over time: above 1 where the collector used another core, below where others had this one. */
  readonly cores: number;
}

async function timed(cycles: (count: number) => Promise<void>): Promise<Sample> {
  // The heap finds the size that this work needs.
  await cycles(SETTLING);
  const before = process.cpuUsage();
  const begin = performance.now();
  await cycles(CYCLES);
  const milliseconds = performance.now() - begin;
  const { user, system } = process.cpuUsage(before);
  const busy = (user + system) / 1000;
  return { rate: (CYCLES / busy) * 1000, cores: busy / milliseconds };
}

async function withLive(live: number): Promise<Sample> {
  // The one that goes through its life is alive too.
  const others = Array.from({ length: live - 1 }, register);
  globalThis.gc?.();
  const sample = await timed(lifeCycles);
  for (const ref of others) {
    await unregisterGroupDev(ref.device.vdev);
    ref.put();
  }
  globalThis.gc?.();
  return sample;
}

async function run(bench: BenchmarkRun): Promise<readonly Measurement[]> {
  bench.progress('warming up');
  await lifeCycles(WARM_UP);
  await withOwnContainer(WARM_UP);
  await bareObjects(WARM_UP);

  const bare: Sample[] = [];
  const own: Sample[] = [];
  const rounds = LIVE.map((live): [number, Sample[]] => [live, []]);
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [live, samples] of rounds) {
      bench.progress(`round ${round} of ${ROUNDS}, ${live.toLocaleString('en')} live`);
      samples.push(await withLive(live));
    }
    own.push(await timed(withOwnContainer));
    bare.push(await timed(bareObjects));
  }

  const leaks = core.leaks();
  if (leaks.length > 0) throw new Error(`${leaks.length} things leaked: ${leaks[0]?.what}`);

  const [[, alone] = [1, []]] = rounds;
  return [
    ...rounds.map(([live, samples]) =>
      live === 1
        ? figure(String(live), samples, bare, BARE)
        : figure(String(live), samples, alone, 'life-cycle/1'),
    ),
    figure('own-container', own, alone, 'life-cycle/1'),
    { name: 'life-cycle/cores', value: median(alone.map(({ cores }) => cores)), unit: 'cores' },
  ];
}

function figure(
  name: string,
  samples: readonly Sample[],
  peers: readonly Sample[],
  ratioTo: string,
): Measurement {
  const rates = samples.map(({ rate }) => rate);
  return {
    name: `life-cycle/${name}`,
    value: median(rates),
    unit: 'cycles/core-s',
    ratio: medianRatio(
      rates,
      peers.map(({ rate }) => rate),
    ),
    ratioTo,
    goal: { of: 'value', atLeast: 500_000 },
  };
}

/** The life cycle of a device. */
export const benchmark: Benchmark = {
  name: 'life-cycle',
  about:
    'devices allocated, registered, opened, closed, unregistered and put, with 1 to 100,000 alive',
  run,
};
