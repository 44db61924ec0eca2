// The client's end of the second socket: commands of the server come there and are answered there.

import { describe, expect, test } from 'vitest';
import { createTransportPair } from '../../src/transport-pair.ts';
import { FdTable } from '../wire/support/fake-fd.ts';
import { bytesOf, u64, version } from '../wire/support/payloads.ts';
import type { VfioUserClient } from '../../src/client.ts';
import { dialling, ScriptedServer, settled } from './support.ts';

const GIVES = version(0, 0, '{"capabilities":{"twin_socket":{"supported":true,"fd_index":0}}}');
const read = bytesOf(u64(0x1000), u64(4));

async function twins(): Promise<{
  server: ScriptedServer;
  second: ScriptedServer;
  client: VfioUserClient;
  fds: FdTable;
}> {
  const [near, far] = createTransportPair().ends;
  const second = new ScriptedServer(near);
  const { server, attaching } = await dialling({ twinSocket: () => far });
  const { id, payload } = await server.next();
  expect(new TextDecoder().decode(payload)).toContain('"twin_socket":{"supported":true}');
  const fds = new FdTable();
  using fd = fds.open({ kind: 'other' });
  server.send(id, 1, GIVES, { fds: [fd] });
  return { server, second, client: await attaching, fds };
}

describe('a second socket', () => {
  test('is where commands come and are answered', async () => {
    const { server, second, client, fds } = await twins();
    second.send(7, 11, read, { flags: 0 });
    expect(await second.next()).toMatchObject({ id: 7, command: 11, flags: 0x21, errno: 14 });
    expect(server.received).toEqual([]);
    expect(fds.openCount).toBe(0);
    await client.close();
  });

  test('takes no replies to what was asked on the first', async () => {
    const { server, second, client } = await twins();
    const resetting = client.reset();
    const { id } = await server.next();
    second.send(id, 13, bytesOf());
    await settled();
    server.send(id, 13, bytesOf());
    await expect(resetting).resolves.toBeUndefined();
    await client.close();
  });

  test('that is lost ends the connection', async () => {
    const { second, client } = await twins();
    second.transport.close();
    expect(await client.over).toMatchObject({ code: 'ECONNRESET' });
    await expect(client.reset()).rejects.toMatchObject({ code: 'ENOTCONN' });
  });

  test('ends with the connection', async () => {
    const { second, client } = await twins();
    await client.close();
    await settled();
    expect(second.isClosed).toBe(true);
  });

  test.each([
    ['nobody asked for', {}],
    ['without a descriptor', { twinSocket: () => createTransportPair().ends[0] }],
  ])('%s is EPROTO', async (_, options) => {
    const { server, attaching } = await dialling(options);
    server.send((await server.next()).id, 1, GIVES);
    await expect(attaching).rejects.toMatchObject({ code: 'EPROTO' });
  });

  test('that the server does not give is done without', async () => {
    const { server, attaching } = await dialling({
      twinSocket: () => createTransportPair().ends[0],
    });
    server.send((await server.next()).id, 1, version(0, 0, '{}'));
    const client = await attaching;
    server.send(7, 11, read, { flags: 0 });
    expect(await server.next()).toMatchObject({ id: 7, command: 11, flags: 0x21 });
    await client.close();
  });
});
