import { once } from 'node:events';
import { request } from 'node:http';
import { ManualClock, RecordingLogger } from '@vfio-ts/conformance/fakes';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { localTarget, PageServer, socketTarget, type PageTarget } from '../../src/index.ts';
import { Stand, TestViewer } from '../support.ts';

const TOKEN = 'token-of-the-test';

async function serve(targets: readonly PageTarget[] = []): Promise<URL> {
  const page = new PageServer({
    clock: new ManualClock(),
    logger: new RecordingLogger(),
    targets: () => targets,
    token: TOKEN,
  });
  onTestFinished(() => page.close());
  return new URL(await page.listen());
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

async function get(
  page: URL,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Answer> {
  const asked = request({ host: page.hostname, port: page.port, path, headers, method });
  asked.end();
  const [response] = await once(asked, 'response');
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

const authorization = `Bearer ${TOKEN}`;

describe('the page', () => {
  test('is where its address says, on this machine alone, with a token behind it', async () => {
    const page = await serve();
    expect(page.hostname).toBe('127.0.0.1');
    expect(page.hash).toBe(`#token=${TOKEN}`);
    expect(await get(page, '/')).toMatchObject({ status: 200 });
  });

  test('a token that nobody gave cannot be guessed', async () => {
    const options = { clock: new ManualClock(), logger: new RecordingLogger(), targets: () => [] };
    const tokens = new Set<string>();
    for (let i = 0; i < 2; i++) {
      await using page = new PageServer(options);
      tokens.add(new URL(await page.listen()).hash);
    }
    expect(tokens.size).toBe(2);
    for (const token of tokens) expect(token).toMatch(/^#token=[\w-]{24}$/u);
  });

  test('runs its own scripts alone, and can be framed by nobody', async () => {
    const { headers, body } = await get(await serve(), '/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(body).not.toMatch(/<script(?! type="module" src=)|style="| on\w+="/u);
    expect(headers).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    });
  });

  test.each([
    '/page/app.js',
    '/page/page.css',
    '/page/icon.svg',
    '/novnc/core/rfb.js',
    '/novnc/vendor/pako/lib/zlib/inflate.js',
  ])('%s is there', async (path) => {
    expect((await get(await serve(), path)).status).toBe(200);
  });

  test.each([
    '/page/../server.js',
    '/page/..%2fserver.js',
    '/page/app.d.ts',
    '/page/tsconfig.json',
    '/novnc/package.json',
    '/novnc/core/../../ws/index.js',
    '/novnc/core/.hidden.js',
    '/page/',
    '/none',
    '//',
  ])('%s is not', async (path) => {
    expect((await get(await serve(), path)).status).toBe(404);
  });
});

describe('the list of devices', () => {
  test('is told to who knows the token', async () => {
    const page = await serve([
      socketTarget('a', 'first', '/none'),
      socketTarget('b', 'second', '/none'),
    ]);
    const { status, body } = await get(page, '/devices', { authorization });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual([
      { id: 'a', name: 'first' },
      { id: 'b', name: 'second' },
    ]);
  });

  test.each<readonly [string, number, Readonly<Record<string, string>>]>([
    ['no token', 401, {}],
    ['a wrong token', 401, { authorization: 'Bearer wrong' }],
    ['the name of another machine', 421, { authorization, host: 'evil.example:80' }],
    ['a name that leads here', 421, { authorization, host: 'localhost.evil.example' }],
    ['another port', 421, { authorization, host: '127.0.0.1:1' }],
    ['another page', 421, { authorization, origin: 'http://evil.example' }],
  ])('is not told to who has %s', async (_what, status, headers) => {
    expect((await get(await serve(), '/devices', headers)).status).toBe(status);
  });

  test('cannot be posted to', async () => {
    expect((await get(await serve(), '/devices', { authorization }, 'POST')).status).toBe(405);
  });
});

describe('a picture', () => {
  const address = (page: URL, id: string, query = `token=${TOKEN}`): string =>
    `ws://${page.host}/devices/${id}/picture?${query}`;

  test('comes through a WebSocket', async () => {
    const stand = new Stand();
    const page = await serve([localTarget('a', stand.server)]);
    const socket = new WebSocket(address(page, 'a'));
    const [first] = await once(socket, 'message');
    expect(String(first)).toBe('RFB 003.008\n');
    socket.close();
    await once(socket, 'close');
  });

  test.each<readonly [string, string, number, Readonly<Record<string, string>>]>([
    ['without a token', '', 401, {}],
    ['with a wrong token', 'token=x', 401, {}],
    ['from another page', `token=${TOKEN}`, 421, { origin: 'http://evil.example' }],
    ['by another name', `token=${TOKEN}`, 421, { host: 'evil.example' }],
  ])('does not come %s', async (_what, query, status, headers) => {
    const stand = new Stand();
    const page = await serve([localTarget('a', stand.server)]);
    const socket = new WebSocket(address(page, 'a', query), { headers });
    const [error] = await once(socket, 'error');
    expect(String(error)).toContain(`${status}`);
    expect(stand.server.viewers).toBe(0);
  });

  test.each(['a', 'unknown'])('that nobody shows is said to be gone: %s', async (id) => {
    const page = await serve([socketTarget('a', 'a', '/nowhere/a.rfb')]);
    const socket = new WebSocket(address(page, id));
    const [code] = await once(socket, 'close');
    expect(code).toBe(4404);
  });

  test('ends with the server', async () => {
    const stand = new Stand();
    const page = await serve([localTarget('a', stand.server)]);
    const socket = new WebSocket(address(page, 'a'));
    await once(socket, 'message');
    await stand.server.close();
    await once(socket, 'close');
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });
});

test('a paced viewer is passed on so often and no more', async () => {
  const { WebSocketStream } = await import('../../src/page/web-socket-stream.ts');
  const stand = new Stand();
  const server = new (await import('ws')).WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const at = server.address();
  const port = typeof at === 'object' && at !== null ? at.port : 0;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const [socket] = await once(server, 'connection');
  const stream = new WebSocketStream(socket, { clock: stand.clock, interval: 200 });
  await once(client, 'open');
  const got: number[] = [];
  const heard: (() => void)[] = [];
  stream.on('data', (bytes: Buffer) => {
    got.push(bytes[0] ?? -1);
    for (const wake of heard.splice(0)) wake();
  });
  const next = (): Promise<void> => new Promise((resolve) => void heard.push(resolve));
  const request10 = Buffer.from([3, 1, 0, 0, 0, 0, 0, 8, 0, 8]);
  client.send(Buffer.of(1));
  await next();
  const held = once(socket, 'message');
  client.send(request10);
  await held;
  expect(got).toEqual([1]);
  const passed = next();
  stand.clock.advance(200);
  await passed;
  expect(got).toEqual([1, 3]);
  client.terminate();
});

test('a viewer of the page has the picture that a socket tells', async () => {
  const stand = new Stand();
  const { mkdtempSync, rmSync } = await import('node:fs');
  const folder = mkdtempSync('/tmp/vfio-ts-page-');
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await stand.server.listen({ path: `${folder}/a.rfb` });
  const page = await serve([socketTarget('a', 'a', `${folder}/a.rfb`)]);
  const socket = new WebSocket(`ws://${page.host}/devices/a/picture?token=${TOKEN}`);
  const { createWebSocketStream } = await import('ws');
  const viewer = new TestViewer(createWebSocketStream(socket));
  await viewer.begin();
  expect(viewer.name).toBe('test picture');
  socket.terminate();
});
