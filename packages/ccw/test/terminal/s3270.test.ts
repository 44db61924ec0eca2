// A real terminal, s3270, in front of a guest's channel programs.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { programForTest } from '@vfio-ts/lab';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { expect, onTestFinished, test } from 'vitest';
import { decodeEbcdic, encodeEbcdic } from '../../src/architecture/ebcdic.ts';
import { input, output } from '../../src/client/chain.ts';
import { Terminal3270 } from '../../src/terminal/terminal-3270.ts';
import { TerminalServer } from '../../src/terminal/terminal-server.ts';
import { heardAtOnce, Path } from '../client/support.ts';

const [ERASE_WRITE, READ_MODIFIED, READ_BUFFER] = [0x05, 0x06, 0x02];
const [SBA, SF, IC] = [0x11, 0x1d, 0x13];
const [PROTECTED, UNPROTECTED, ENTER] = [0xf0, 0x40, 0x7d];

/** A path to a display station with its port, and the statuses nobody asked for. */
async function station(): Promise<{
  readonly path: Path<Terminal3270>;
  readonly port: number;
  /** Resolves at the next one. */
  readonly status: () => Promise<number>;
}> {
  const waiting: ((status: number) => void)[] = [];
  const early: number[] = [];
  const path = await Path.open(new Terminal3270(), {
    makeSignal: heardAtOnce,
    attention: (status) => {
      const first = waiting.shift();
      if (first === undefined) early.push(status);
      else first(status);
    },
  });
  onTestFinished(() => path[Symbol.asyncDispose]());
  const logger = new RecordingLogger();
  const server = await TerminalServer.listen(path.unit, { clock: new LinuxClock(), logger });
  onTestFinished(() => server.close());
  const status = (): Promise<number> => {
    const there = early.shift();
    if (there !== undefined) return Promise.resolve(there);
    return new Promise((resolve) => waiting.push(resolve));
  };
  return { path, port: server.address.port, status };
}

/** A terminal that a test types on. */
class Terminal {
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, port: number) {
    const child = spawn(program, ['-model', '2', `127.0.0.1:${port}`], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Carries out an action, and gives what it printed. */
  async action(text: string): Promise<string[]> {
    this.#child.stdin?.write(`${text}\n`);
    const said: string[] = [];
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) throw new Error(`the terminal ended at ${text}`);
      if (value === 'ok') return said;
      if (value === 'error') throw new Error(`${text}: ${said.join('\n')}`);
      if (value.startsWith('data: ')) said.push(value.slice(6));
    }
  }
}

/** A screen that asks for a name: at the top left, row 1 and column 1. */
// oxfmt-ignore
const SCREEN = Uint8Array.of(
  0xc3, SBA, 0x40, 0x40, SF, PROTECTED,
  ...encodeEbcdic('VFIO-TS LOGON NAME'),
  SF, UNPROTECTED, IC,
);

test(
  'a guest writes on a terminal, is told of what is entered, and reads it',
  {
    timeout: 60_000,
  },
  async (ctx) => {
    const program = programForTest(ctx, 's3270', 's3270');
    const { path, port, status } = await station();
    const { client } = path;
    const before = await client.run([output(ERASE_WRITE, SCREEN)]);
    expect(before.irb.sense[0]).toBe(0x40);

    const terminal = new Terminal(program, port);
    expect(await status()).toBe(0x04);
    const written = await client.run([output(ERASE_WRITE, SCREEN)]);
    expect(written.irb.scsw).toMatchObject({ deviceStatus: 0x0c, subchannelStatus: 0 });
    await terminal.action('Wait(InputField)');
    const [screen] = await terminal.action('Ascii');
    expect(screen).toContain(' VFIO-TS LOGON NAME');

    await terminal.action('String("operator")');
    // It is over when the guest has freed the keyboard.
    const entered = terminal.action('Enter');
    expect(await status()).toBe(0x80);
    const read = await client.run([input(READ_MODIFIED, 80, { sli: true })]);
    const [inbound = new Uint8Array(0)] = read.data;
    expect(inbound[0]).toBe(ENTER);
    // Address of the cursor, then each changed field: the order, its address, its text.
    expect(inbound[3]).toBe(SBA);
    expect(decodeEbcdic(inbound.subarray(6))).toBe('operator');
    await client.run([output(ERASE_WRITE, SCREEN)]);
    await entered;
  },
);

test('a guest reads the whole screen when it wants to', { timeout: 60_000 }, async (ctx) => {
  const program = programForTest(ctx, 's3270', 's3270');
  const { path, port, status } = await station();
  const terminal = new Terminal(program, port);
  await status();
  await path.client.run([output(ERASE_WRITE, SCREEN)]);
  await terminal.action('Wait(InputField)');
  const { data } = await path.client.run([input(READ_BUFFER, 4096, { sli: true })]);
  expect(decodeEbcdic(data[0] ?? new Uint8Array(0))).toContain('VFIO-TS LOGON NAME');
});

test('who is no 3270 is let go, and a second terminal is turned away', async () => {
  const { port } = await station();
  const plain = connect(port, '127.0.0.1');
  await once(plain, 'data');
  const second = connect(port, '127.0.0.1');
  expect(await once(second, 'close')).toEqual([false]);
  // WONT TERMINAL-TYPE
  plain.write(Uint8Array.of(255, 252, 24));
  expect(await once(plain, 'close')).toEqual([false]);
});

test('a terminal that goes ends a read that waits for it', { timeout: 60_000 }, async (ctx) => {
  const program = programForTest(ctx, 's3270', 's3270');
  const { path, port, status } = await station();
  const terminal = new Terminal(program, port);
  await status();
  await path.client.run([output(ERASE_WRITE, SCREEN)]);
  await terminal.action('Wait(InputField)');
  const held = path.unit.execute({
    code: READ_MODIFIED,
    count: 80,
    data: new Uint8Array(0),
    previous: undefined,
    isChained: false,
  });
  path.unit.disconnect();
  expect(await held).toMatchObject({ status: 0x0e, sense: Uint8Array.of(0x40) });
});
