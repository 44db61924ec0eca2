import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, string as text } from 'fast-check';
import { VfioError } from '@vfio-ts/core';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { askDaemon, NoDaemonError } from '../../src/daemon/control-client.ts';
import { listenForRequests, type Answer } from '../../src/daemon/control-server.ts';
import { formatRequest, parseRequest } from '../../src/daemon/protocol.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const silent = { log: () => undefined };
const STATUS = { version: '1', pid: 1, devices: [] };

function path(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, 'control.sock');
}

function listening(answer: Answer): string {
  const at = path();
  const control = listenForRequests(at, answer, silent);
  onTestFinished(() => control[Symbol.dispose]());
  return at;
}

/** Sends something, and gives what comes back until the other end has nothing more to say. */
async function said(at: string, sent: string, isHalfClosed = true): Promise<string> {
  const socket = connect({ path: at, allowHalfOpen: isHalfClosed });
  let got = '';
  socket.setEncoding('utf8').on('data', (part: string) => (got += part));
  socket.on('error', () => undefined);
  if (isHalfClosed) socket.end(sent);
  else socket.write(sent);
  await once(socket, 'close');
  return got;
}

describe('the control socket', () => {
  test('is for its owner alone, and is removed at the end', () => {
    const at = path();
    const control = listenForRequests(at, () => Promise.resolve(null), silent);
    expect(statSync(at).mode & 0o777).toBe(0o600);
    control[Symbol.dispose]();
    expect(existsSync(at)).toBe(false);
  });

  test('answers each line in its order', async () => {
    const waits = [Promise.withResolvers<unknown>(), Promise.withResolvers<unknown>()];
    let count = 0;
    const at = listening(() => waits[count++]?.promise ?? Promise.resolve('third'));
    const got = said(at, '{"verb":"status"}\n{"verb":"reload"}\n{"verb":"status"}\n');
    // Long after the client has said that it has nothing more to ask.
    await vi.waitFor(() => expect(count).toBe(1));
    waits[1]?.resolve('second');
    waits[0]?.resolve('first');
    expect(
      (await got)
        .trim()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([{ result: 'first' }, { result: 'second' }, { result: 'third' }]);
  });

  test('tells what was wrong, and takes the next', async () => {
    const at = listening(({ verb }) =>
      verb === 'reload'
        ? Promise.reject(new VfioError('EBUSY', 'lock', 'somebody has it'))
        : Promise.resolve(null),
    );
    const lines = (await said(at, '{"verb":"reload"}\nx\n{"verb":"status"}\n')).split('\n');
    expect(lines).toEqual([
      '{"error":{"code":"EBUSY","message":"somebody has it"}}',
      '{"error":{"code":"EINVAL","message":"no JSON"}}',
      '{"result":null}',
      '',
    ]);
  });

  test.each([
    ['a line without end', 'x'.repeat((1 << 20) + 1)],
    ['more requests than anybody needs', '{"verb":"status"}\n'.repeat(17)],
  ])('closes the connection at %s', async (_what, sent) => {
    const at = listening(() => new Promise(() => undefined));
    expect(await said(at, sent, false)).toBe('');
    const answered = askDaemon(
      listening(() => Promise.resolve(STATUS)),
      { verb: 'status' },
    );
    await expect(answered).resolves.toEqual(STATUS);
  });

  test('survives whatever is sent', async () => {
    const at = listening(() => Promise.resolve(STATUS));
    const line = text({ unit: 'binary', maxLength: 40 });
    await assert(
      asyncProperty(array(line, { maxLength: 10 }), async (lines) => {
        const sent = lines.map((one) => one.replaceAll('\n', ' '));
        const got = (await said(at, sent.map((one) => `${one}\n`).join(''))).split('\n');
        expect(got.filter((one) => one !== '')).toHaveLength(sent.length);
      }),
      { numRuns: 50 },
    );
    await expect(askDaemon(at, { verb: 'status' })).resolves.toEqual(STATUS);
  });
});

describe('a client', () => {
  test('without a daemon is told how to start one', async () => {
    const at = path();
    await expect(askDaemon(at, { verb: 'status' })).rejects.toThrow(NoDaemonError);
    await expect(askDaemon(at, { verb: 'status' })).rejects.toThrow(
      'start one with vfio-ts daemon',
    );
  });

  test('of a daemon that was killed is told the same', async () => {
    const at = path();
    const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script, at]);
    expect(existsSync(at)).toBe(true);
    await expect(askDaemon(at, { verb: 'status' })).rejects.toThrow(NoDaemonError);
  });

  test('gets the error of the daemon', async () => {
    const at = listening(() => Promise.reject(new Error('there is no image')));
    await expect(askDaemon(at, { verb: 'stop', uuid: UUID })).rejects.toThrow('there is no image');
  });

  test('is told when the daemon ends before it answers', async () => {
    const at = path();
    const control = listenForRequests(
      at,
      () => {
        control[Symbol.dispose]();
        return Promise.resolve(null);
      },
      silent,
    );
    await expect(askDaemon(at, { verb: 'status' })).rejects.toThrow('ended before it answered');
  });

  test('does not wait for ever for a daemon that hangs', async () => {
    const at = listening(() => new Promise(() => undefined));
    await expect(askDaemon(at, { verb: 'status' }, 10)).rejects.toThrow('does not answer; end it');
  });

  test('refuses what makes no sense', async () => {
    const at = listening(() => Promise.resolve({ devices: 3 }));
    await expect(askDaemon(at, { verb: 'status' })).rejects.toThrow('is it of another version');
  });

  test('where there is a file and no socket is told that nobody listens', async () => {
    const at = path();
    writeFileSync(at, '');
    await expect(askDaemon(at, { verb: 'status' })).rejects.toThrow(NoDaemonError);
  });
});

describe('a request', () => {
  test.each([
    { verb: 'status' },
    { verb: 'reload' },
    { verb: 'stop', uuid: UUID },
    { verb: 'start', uuid: UUID },
    { verb: 'start', parent: 'mdpy', type: 'mdpy-vga' },
    {
      verb: 'start',
      parent: 'mdpy',
      definition: { mdevType: 'a-b', start: 'auto', attrs: [{ name: '__proto__', value: '1' }] },
    },
  ] as const)('%j comes through', (request) => {
    expect(parseRequest(formatRequest(request))).toEqual(request);
  });

  test.each([
    ['', 'no JSON'],
    ['[]', 'no JSON object'],
    ['null', 'no JSON object'],
    ['{}', 'no verb'],
    ['{"verb":"explode"}', 'no verb "explode"'],
    ['{"verb":"stop"}', 'stop takes a uuid'],
    ['{"verb":"stop","uuid":"1"}', 'stop takes a uuid'],
    ['{"verb":"start","uuid":7}', 'the uuid is none'],
    ['{"verb":"start","parent":7}', 'the parent'],
    ['{"verb":"start","type":7}', 'the type'],
    ['{"verb":"start","definition":[]}', 'no JSON object'],
    ['{"verb":"start","definition":{"mdev_type":"a","attrs":3}}', 'attrs is no list'],
  ])('%s is EINVAL', (line, fact) => {
    expect(() => parseRequest(line)).toThrow(/^EINVAL: request: /u);
    expect(() => parseRequest(line)).toThrow(fact);
  });
});
