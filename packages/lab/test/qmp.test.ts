import { once } from 'node:events';
import { createServer, connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Qmp } from '../src/qmp.ts';
import { tempDir } from './temp-dir.ts';

interface Pair extends AsyncDisposable {
  readonly qmp: Qmp;
  readonly qemu: Socket;
}

async function pair(): Promise<Pair> {
  using temp = tempDir();
  const server = createServer().listen(join(temp.path, 'monitor'));
  await once(server, 'listening');
  const ours = connect(join(temp.path, 'monitor'));
  const [qemu]: Socket[] = await once(server, 'connection');
  if (qemu === undefined) throw new Error('no connection');
  return {
    qmp: new Qmp(ours),
    qemu,
    async [Symbol.asyncDispose]() {
      ours.destroy();
      qemu.destroy();
      server.close();
    },
  };
}

test('an answer finds its command past greetings and events', async () => {
  await using ends = await pair();
  const answer = ends.qmp.execute('query-pci', { a: 1 }, 1000);
  const [request]: string[] = await once(ends.qemu.setEncoding('utf8'), 'data');
  expect(JSON.parse(request ?? '')).toEqual({
    execute: 'query-pci',
    arguments: { a: 1 },
    id: 0,
  });
  ends.qemu.write('{"QMP": {}}\r\n{"event": "RESET", "data": {}}\r\n{"return": [1], ');
  ends.qemu.write('"id": 0}\r\n');
  expect(await answer).toEqual([1]);
});

test("a refusal rejects with QEMU's own words", async () => {
  await using ends = await pair();
  const answer = ends.qmp.execute('device_del', {}, 1000);
  ends.qemu.write('{"error": {"class": "X", "desc": "Device not found"}, "id": 0}\r\n');
  await expect(answer).rejects.toThrow('device_del: Device not found');
});

test('an event wakes whoever waits for its name', async () => {
  await using ends = await pair();
  const event = ends.qmp.waitForEvent('DEVICE_DELETED', 1000);
  ends.qemu.write('{"event": "RESET"}\n{"event": "DEVICE_DELETED", "data": {"device": "d"}}\n');
  expect(await event).toEqual({ event: 'DEVICE_DELETED', data: { device: 'd' } });
});

test('no answer by the deadline, and none once closed, are errors', async () => {
  await using ends = await pair();
  await expect(ends.qmp.execute('stop', {}, 5)).rejects.toThrow('did not answer stop within 5 ms');
  const waiting = ends.qmp.waitForEvent('STOP', 1000);
  ends.qmp.close(new Error('QEMU ended'));
  await expect(waiting).rejects.toThrow('QEMU ended');
  await expect(ends.qmp.execute('stop', {}, 5)).rejects.toThrow('QEMU ended');
});
