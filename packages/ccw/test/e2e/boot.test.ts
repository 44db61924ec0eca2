// How a machine boots from a DASD: what its firmware and the loader of a Linux write to guest memory and to the regions,
// byte for byte. Each program brings the next one, over itself at first.

import { VFIO_DMA_MAP_FLAG_READ, VFIO_DMA_MAP_FLAG_WRITE } from '@vfio-ts/core';
import type { VfioAccess } from '@vfio-ts/core';
import { MemfdBackend } from '@vfio-ts/vfio-user';
import { expect, test } from 'vitest';
import { decodeIrb, type Irb } from '../../src/architecture/irb.ts';
import * as linux from './linux-chains.ts';
import { hex, NORMAL, pattern, runs, ServedDasds, volume } from './served.ts';

const MEMORY = 0x4_0000;
const IRB_OFFSET = 24;
const IRB_SIZE = 96;
const STATUS_PENDING = 0x0001;
const MAX_LOOKS = 20_000;

/** A machine with its memory at 0. */
class Machine implements AsyncDisposable {
  readonly memory: Uint8Array;
  readonly #access: VfioAccess;
  readonly #unmap: () => Promise<void>;

  private constructor(access: VfioAccess, memory: Uint8Array, unmap: () => Promise<void>) {
    this.#access = access;
    this.memory = memory;
    this.#unmap = unmap;
  }

  static async start(access: VfioAccess | undefined): Promise<Machine> {
    if (access === undefined) throw new Error('no device');
    const memory = new MemfdBackend().alloc('machine', MEMORY);
    const flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
    await access.mapDma({ iova: 0, size: MEMORY, flags, memory });
    return new Machine(access, memory.bytes, async () => {
      await access.unmapDma({ iova: 0, size: MEMORY });
      memory.close();
    });
  }

  /** Puts bytes into memory. */
  put(at: number, digits: string): void {
    this.memory.set(hex(digits), at);
  }

  /** Starts a program by its ORB, and takes the status when it is there. */
  async start(orb: string, flags: string): Promise<Irb> {
    const region = new Uint8Array(124);
    region.set(hex(orb + flags + '4400'));
    await this.#access.write(0, 0, region);
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const bytes = new Uint8Array(IRB_SIZE);
      await this.#access.read(0, IRB_OFFSET, bytes);
      const irb = decodeIrb(bytes);
      if ((irb.scsw.control & STATUS_PENDING) !== 0) return irb;
    }
    throw new Error('no status');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#unmap();
  }
}

/** Runs a program that ends well. */
async function ends(machine: Machine, orb: string, flags: string): Promise<Irb> {
  const irb = await machine.start(orb, flags);
  const { control, deviceStatus, subchannelStatus } = irb.scsw;
  expect({ control, deviceStatus, subchannelStatus }).toEqual({
    control: 0x4007,
    deviceStatus: NORMAL,
    subchannelStatus: 0,
  });
  return irb;
}

/** An address of 24 bits. */
function address(value: number): string {
  return value.toString(16).padStart(6, '0');
}

/** Seek, search until found, read: four CCWs of format 0. `place` is where BB CC HH R is. */
function group(at: number, place: number, read: string): string {
  const [search, argument] = [at + 8, place + 2];
  return `07 ${address(place)} 60 00 0006 31 ${address(argument)} 40 00 0005 08 ${address(search)} 00 00 0000 ${read}`;
}

/** Track 4 from record 1 on: three blocks, and all of track 5. */
const STAGE3 = 0xe000;
const BLOCK = 48;

test('a volume boots by the programs of the firmware, of its own records, and of the loader', async () => {
  await using served = await ServedDasds.open([await volume()]);
  const ipl1 = hex(`0006 0000 0000 000f 06 000018 20 00 0080 00 000000 00 00 0000`);
  const ipl2 = new Uint8Array(144);
  ipl2.set(hex(group(0x18, 0x48, '06 00e000 20 00 1000')));
  ipl2.set(hex('0000 0000 0004 01'), 0x30);
  const labels = [
    [{ track: 0, record: 1, length: 28 }, hex('c9d7d3f1'), ipl1],
    [{ track: 0, record: 2, length: 148 }, hex('c9d7d3f2'), ipl2],
  ] as const;
  for (const [place, name, data] of labels) {
    await runs(served.client, linux.label(place, Uint8Array.of(...name, ...data)));
  }
  const stage3 = pattern(4096, 1);
  stage3.set(hex(group(STAGE3, STAGE3 + 0x100, '06 002000 60 00 1000')));
  stage3.set(hex(group(STAGE3 + 32, STAGE3 + 0x108, '06 003000 20 00 1000')), 32);
  stage3.set(hex('0000 0000 0004 02 00 0000 0000 0004 03 00'), 0x100);
  const blocks = [stage3, ...Array.from({ length: 23 }, (_, at) => pattern(4096, at + 2))];
  await runs(served.client, linux.writeBlocks(BLOCK, blocks));

  await using machine = await Machine.start(served.accesses[0]);
  const { memory } = machine;
  machine.put(0x4000, 'e4 20 0100 00004200');
  for (let times = 0; times < 3; times++) {
    await ends(machine, '00000000 00c2 ff 00 00004000', '00c0');
    expect(memory.slice(0x4200, 0x4207)).toEqual(hex('ff 3990 e9 3390 02'));
  }

  // Read IPL, whose data replace the CCW.
  machine.put(0, '02 000000 00 00 0018');
  await ends(machine, '00000000 0042 ff 00 00000000', '0040');
  expect(memory.slice(0, 24)).toEqual(ipl1);

  // The firmware puts a seek and a search before the read that IPL1 has; what is read replaces all but the seek.
  machine.put(0x20, memory.slice(8, 16).toHex());
  machine.put(0x30, '0000 0000 0000 02');
  machine.put(8, group(8, 0x30, memory.slice(0x20, 0x28).toHex()));
  await ends(machine, '00000000 0042 ff 00 00000008', '0040');
  expect(memory.slice(0x18, 0x98)).toEqual(ipl2.subarray(0, 128));

  await ends(machine, '00000000 0042 ff 00 00000018', '0040');
  expect(memory.slice(STAGE3, STAGE3 + 4096)).toEqual(stage3);

  const groups = await ends(machine, '00000000 0042 ff 00 0000e000', '0040');
  expect(groups.scsw.programAddress).toBe(STAGE3 + 64);
  expect([memory.slice(0x2000, 0x3000), memory.slice(0x3000, 0x4000)]).toEqual(blocks.slice(1, 3));

  // The loader: format 1, no prefetch, what is left of a track by multi-track reads outside any domain.
  const reads = Array.from({ length: 12 }, (_, at) => {
    const flags = at < 11 ? '40' : '00';
    return `86 ${flags} 1000 ${(0x1_0000 + at * 4096).toString(16).padStart(8, '0')}`;
  });
  machine.put(0x4100, '0000 0000 0005 01');
  machine.put(
    0x4000,
    `07 60 0006 00004100 31 40 0005 00004102 08 00 0000 00004008 ${reads.join('')}`,
  );
  await ends(machine, '00000000 0080 80 00 00004000', '0080');
  expect(memory.slice(0x1_0000, 0x1_0000 + 12 * 4096)).toEqual(
    Uint8Array.from(Buffer.concat(blocks.slice(12, 24))),
  );

  // A command that fails, and the sense data of it.
  machine.put(0x4000, '86 00 1000 00010000');
  const failed = await machine.start('00000000 0080 80 00 00004000', '0080');
  expect(failed.scsw).toMatchObject({ deviceStatus: 0x0e, control: 0x4017 });
  machine.put(0x4000, '04 00 0020 00004200');
  await ends(machine, '00000000 0080 80 00 00004000', '0080');
  expect(memory.slice(0x4200, 0x4220)).toEqual(failed.sense.slice(0, 32));
});
