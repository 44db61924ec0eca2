// Another monitor under a running guest with stock i915.

import { until, type Guest } from '@vfio-ts/lab';
import { expect, test as base } from 'vitest';
import { GVT_EDID_REGION, monitorEdid, type IntelVgpu, type Resolution } from '../../src/index.ts';
import { complaints, loadDriver, run, show } from './guest.ts';
import { fixtures } from './fixtures.ts';

const test = base.extend(fixtures);

const CONNECTOR = '/sys/class/drm/card0-HDMI-A-1';
const LINK_STATE = 20;
const UP = 1;
const DOWN = 2;
const BLOB = 2048;

function setLink(vgpu: IntelVgpu, state: number): void {
  const bytes = new Uint8Array(new Uint32Array([state]).buffer);
  vgpu.write(GVT_EDID_REGION, LINK_STATE, bytes);
}

function plug(vgpu: IntelVgpu, resolution: Resolution): void {
  vgpu.write(GVT_EDID_REGION, BLOB, monitorEdid(resolution));
  setLink(vgpu, UP);
}

/** Waits until the guest says so of its connector. */
async function untilIs(guest: Guest, status: string): Promise<void> {
  await run(guest, `until grep -qx ${status} ${CONNECTOR}/status; do sleep 0.1; done`);
}

test('a monitor goes, and another one comes: the guest takes its mode', async ({ stand }) => {
  const served = await stand.serve('GVTg_V5_8');
  const guest = await stand.boot(served);
  await loadDriver(guest);
  await show(guest, served, 'on the first one');

  setLink(served.vgpu, DOWN);
  await untilIs(guest, 'disconnected');

  plug(served.vgpu, { width: 800, height: 600 });
  await untilIs(guest, 'connected');
  expect(await run(guest, `cat ${CONNECTOR}/modes`)).toBe('800x600\n640x480');
  await until(() => served.picture?.width === 800);
  expect(served.picture).toMatchObject({ width: 800, height: 600 });
  await show(guest, served, 'on the other one');

  expect(await complaints(guest)).toEqual([]);
  expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
});
