// vGPUs of the command, attached to as a virtual machine does.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VFIO_REGION_INFO_FLAG_MMAP } from '@vfio-ts/core';
import type { VfioUserClient } from '@vfio-ts/vfio-user';
import { expect, test } from 'vitest';
import { attach, printed, ready, run, temporaryFolder } from '../support.ts';

const TIMEOUT = { timeout: 60_000 };

async function read32(client: VfioUserClient, region: number, offset: number): Promise<number> {
  const into = new Uint8Array(4);
  await client.read(region, offset, into);
  return new DataView(into.buffer).getUint32(0, true);
}

/** Id and start of the low memory that a guest is told of. */
async function shareOf(client: VfioUserClient): Promise<readonly number[]> {
  return [await read32(client, 0, 0x7_800c), await read32(client, 0, 0x7_8040)];
}

test('a guest finds a GPU of Intel, and that it is shared', TIMEOUT, async () => {
  const served = run('serve', 'gvt:i915-GVTg_V5_4', '--json');
  const { socket = '', type } = await ready(served);
  expect(type).toBe('i915-GVTg_V5_4');
  {
    await using client = await attach(socket);
    expect(await client.getInfo()).toMatchObject({ numRegions: 12, numIrqs: 5 });
    expect(await read32(client, 7, 0)).toBe(0x5912_8086);
    const magic = new Uint8Array(8);
    await client.read(0, 0x7_8000, magic);
    expect(new TextDecoder().decode(magic)).toBe('vGTvGTvG');
    expect(await read32(client, 0, 0x7_8044)).toBe(2 * 2 ** 20);
    expect(await read32(client, 10, 12)).toBe(1920);
  }
  served.child.kill('SIGTERM');
  expect(await served.ended).toEqual([0, null]);
});

test('settings reach the guest', TIMEOUT, async () => {
  const settings = ['mappable=full', 'resolution=1280x720', 'aperture=512', 'table=trapped'];
  const served = run(
    'serve',
    'gvt:i915-GVTg_V5_4',
    ...settings.flatMap((one) => ['--set', one]),
    '--json',
  );
  const { socket = '' } = await ready(served);
  await using client = await attach(socket);
  expect(await read32(client, 0, 0x7_8044)).toBe(128 * 2 ** 20);
  expect(await client.getRegionInfo(2)).toMatchObject({ size: 512 * 2 ** 20 });
  const { flags } = await client.getRegionInfo(0);
  expect(flags & VFIO_REGION_INFO_FLAG_MMAP).toBe(0);
  expect([await read32(client, 10, 12), await read32(client, 10, 16)]).toEqual([1280, 720]);
});

test('two definitions share one GPU', TIMEOUT, async () => {
  using folder = temporaryFolder();
  const files = [1, 2].map((n) => {
    const file = join(folder.path, `83b8f4f2-509f-382f-3c1e-00000000000${n}`);
    writeFileSync(
      file,
      JSON.stringify({ mdev_type: 'i915-GVTg_V5_8', start: 'manual', attrs: [] }),
    );
    return file;
  });
  const served = run('serve', ...files.flatMap((file) => ['--mdev', file]), '--json');
  const sockets = [await ready(served), await ready(served)].map(({ socket = '' }) => socket);
  await using one = await attach(sockets[0] ?? '');
  await using two = await attach(sockets[1] ?? '');
  expect([await shareOf(one), await shareOf(two)]).toEqual([
    [1, 128 * 2 ** 20],
    [2, 192 * 2 ** 20],
  ]);
});

test('more than the GPU has is refused, and says what is missing', TIMEOUT, async () => {
  const served = run('serve', 'gvt:i915-GVTg_V5_2', '--set', 'aperture=256');
  await printed(served);
  expect(await served.ended).toEqual([2, null]);
  expect(served.errors()).toContain('i915-GVTg_V5_8, i915-GVTg_V5_4');
});
