// A display moves from one process to another: source server -> this client -> target server, all over vfio-user.

import { getMigrationState, migrate, type MigrateTarget } from '@vfio-ts/core';
import { expect, test, vi } from 'vitest';
import { MDPY_HD, MDPY_VGA, MDPY_XGA } from '../../src/index.ts';
import { RemoteDisplay, samePicture } from './processes.ts';
import { look } from './support.ts';

vi.setConfig({ testTimeout: 120_000 });

test('the new display shows the old picture pixel by pixel, drawn on while it was copied', async () => {
  const [old, fresh] = await Promise.all([
    RemoteDisplay.start(MDPY_HD),
    RemoteDisplay.start(MDPY_HD),
  ]);
  old.draw(0, 1080, 1);
  await old.client.write(7, 0x10, Uint8Array.of(0, 0, 0, 0xe0));
  let drawn = 0;
  let isStopped = false;
  const result = await migrate(old.client, fresh.client, {
    guest: {
      stop: () => void (isStopped = true),
      resume: () => void (isStopped = false),
    },
    onProgress({ phase }) {
      if (phase !== 'pre-copy') return;
      drawn++;
      old.draw((drawn * 37) % 1000, ((drawn * 37) % 1000) + 16, drawn);
    },
  });
  expect(result).toMatchObject({ outcome: 'migrated', source: 'STOP', target: 'RUNNING' });
  expect(result.passes).toBeGreaterThan(1);
  expect(isStopped).toBe(true);
  // What was copied while the guest stood is a small part.
  expect(result.stopBytes).toBeLessThan(result.bytes / 4);
  expect(samePicture(await fresh.picture(), await old.picture())).toBe(true);
  expect(await look(fresh.client)).toEqual(await look(old.client));
  await Promise.all([old.stop(), fresh.stop()]);
});

test('when the new process dies, the old display runs on, and another process takes it', async () => {
  const [old, fresh, other] = await Promise.all([
    RemoteDisplay.start(MDPY_VGA),
    RemoteDisplay.start(MDPY_VGA),
    RemoteDisplay.start(MDPY_VGA),
  ]);
  old.draw(0, 480, 7);
  const before = await look(old.client);
  const failed = await migrate(old.client, fresh.client, {
    onProgress: ({ bytes }) => (bytes > 500_000 ? fresh.kill() : undefined),
  });
  expect(failed).toMatchObject({ outcome: 'failed', source: 'RUNNING', target: undefined });
  expect(await look(old.client)).toEqual(before);
  old.draw(10, 20, 8);
  const result = await migrate(old.client, other.client);
  expect(result).toMatchObject({ outcome: 'migrated', source: 'STOP', target: 'RUNNING' });
  expect(samePicture(await other.picture(), await old.picture())).toBe(true);
  await Promise.all([old.stop(), other.stop()]);
});

test('when the old process dies, the new display is as it was', async () => {
  const [old, fresh] = await Promise.all([
    RemoteDisplay.start(MDPY_VGA),
    RemoteDisplay.start(MDPY_VGA),
  ]);
  old.draw(0, 480, 7);
  const before = await look(fresh.client);
  const result = await migrate(old.client, fresh.client, {
    onProgress: ({ bytes }) => (bytes > 500_000 ? old.kill() : undefined),
  });
  expect(result).toMatchObject({ outcome: 'failed', source: undefined, target: 'RUNNING' });
  expect(await look(fresh.client)).toEqual(before);
  await fresh.stop();
});

test.each(['pre-copy', 'stop-copy'] as const)(
  'a stream damaged in %s is refused, the old display runs on, and a second try succeeds',
  async (damaged) => {
    const [old, fresh] = await Promise.all([
      RemoteDisplay.start(MDPY_VGA),
      RemoteDisplay.start(MDPY_VGA),
    ]);
    old.draw(0, 480, 3);
    const [before, untouched] = [await look(old.client), await look(fresh.client)];
    let phase = '';
    const target: MigrateTarget = {
      feature: (request) => fresh.client.feature(request),
      getInfo: () => fresh.client.getInfo(),
      reset: () => fresh.client.reset(),
      writeMigrationData(data) {
        const changed = data.slice();
        if (phase === damaged) changed[changed.length >> 1] = ~(changed[changed.length >> 1] ?? 0);
        return fresh.client.writeMigrationData(changed);
      },
    };
    const failed = await migrate(old.client, target, {
      onProgress(progress) {
        ({ phase } = progress);
      },
      guest: { stop: () => void (phase = 'stop-copy'), resume: () => undefined },
    });
    expect(failed).toMatchObject({ outcome: 'failed', error: { code: 'EINVAL' } });
    expect(failed).toMatchObject({ source: 'RUNNING', target: 'RUNNING' });
    expect([await look(old.client), await look(fresh.client)]).toEqual([before, untouched]);

    const result = await migrate(old.client, fresh.client);
    expect(result).toMatchObject({ outcome: 'migrated', source: 'STOP', target: 'RUNNING' });
    expect(await look(fresh.client)).toEqual(before);
    await Promise.all([old.stop(), fresh.stop()]);
  },
);

test('cancelled in each phase, the old display runs on, and then it migrates', async () => {
  const [old, fresh] = await Promise.all([
    RemoteDisplay.start(MDPY_VGA),
    RemoteDisplay.start(MDPY_VGA),
  ]);
  old.draw(0, 480, 5);
  const [before, untouched] = [await look(old.client), await look(fresh.client)];
  for (const at of ['pre-copy', 'guest', 'stop-copy']) {
    const abort = new AbortController();
    const result = await migrate(old.client, fresh.client, {
      signal: abort.signal,
      preCopy: at !== 'stop-copy',
      guest: { stop: () => (at === 'guest' ? abort.abort() : undefined), resume: () => undefined },
      onProgress: ({ phase }) => (phase === at ? abort.abort() : undefined),
    });
    expect(result).toMatchObject({ outcome: 'cancelled', source: 'RUNNING', target: 'RUNNING' });
    expect(result.phase).toBe(at === 'pre-copy' ? 'pre-copy' : 'stop-copy');
    expect([await look(old.client), await look(fresh.client)]).toEqual([before, untouched]);
  }
  const result = await migrate(old.client, fresh.client);
  expect(result.outcome).toBe('migrated');
  expect(samePicture(await fresh.picture(), await old.picture())).toBe(true);
  await Promise.all([old.stop(), fresh.stop()]);
});

test('a vga is not taken for an xga', async () => {
  const [old, fresh] = await Promise.all([
    RemoteDisplay.start(MDPY_VGA),
    RemoteDisplay.start(MDPY_XGA),
  ]);
  const before = await look(fresh.client);
  const result = await migrate(old.client, fresh.client);
  expect(result).toMatchObject({ outcome: 'failed', error: { code: 'EINVAL' } });
  expect(await getMigrationState(old.client)).toBe('RUNNING');
  expect(await look(fresh.client)).toEqual(before);
  await Promise.all([old.stop(), fresh.stop()]);
});
