// The daemon as a service of systemd: its units, the socket that is opened for it, and what it tells.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { describe, expect, onTestFinished, test } from 'vitest';
import { askDaemon } from '../../src/daemon/control-client.ts';
import { installUnits } from '../../src/daemon/install.ts';
import { handedSocket } from '../../src/daemon/service-manager.ts';
import { main } from '../support.ts';
import { eventually, Installation, uuidOf } from './real.ts';

const timeout = 120_000;
const packaged = new URL('../../systemd/', import.meta.url).pathname;

/** Units of a kind, and how they are checked. */
function verify(program: string, kind: 'user' | 'system', folder: string) {
  const units = ['vfio-ts.service', 'vfio-ts.socket'].map((name) => join(folder, name));
  const manager = kind === 'user' ? ['--user'] : [];
  const { folder: runtime } = new Installation();
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const { status, stdout, stderr } = spawnSync(program, ['verify', ...manager, ...units], {
    encoding: 'utf8',
    env,
  });
  return { status, said: `${stdout}${stderr}` };
}

describe('the units', () => {
  test.for(['user', 'system'] as const)('of the package for %s are right', (kind, ctx) => {
    const program = programForTest(ctx, 'systemd-analyze', 'systemd');
    expect(verify(program, kind, join(packaged, kind))).toEqual({ status: 0, said: '' });
  });

  test.for([
    ['user', 1000],
    ['system', 0],
  ] as const)('that are installed for %s are right, and start this command', ([kind, uid], ctx) => {
    const program = programForTest(ctx, 'systemd-analyze', 'systemd');
    const { folder } = new Installation();
    const to = join(folder, 'units');
    const said = installUnits({ env: {}, uid }, to);
    expect(said.join('\n')).toContain(
      `systemctl ${kind === 'user' ? '--user ' : ''}enable --now vfio-ts.service vfio-ts.socket`,
    );
    const text = readFileSync(join(to, 'vfio-ts.service'), 'utf8');
    expect(text).toMatch(/^ExecStart="\S+node\S*" "\S+main.[jt]s" daemon$/mu);
    // What runs from the sources is not built here.
    expect(verify(program, kind, to)).toEqual({ status: 0, said: '' });
  });

  test('of a user go to the folder of systemd', () => {
    const { folder } = new Installation();
    installUnits({ env: { XDG_CONFIG_HOME: folder }, uid: 1000 });
    installUnits({ env: { HOME: join(folder, 'home') }, uid: 1000 });
    expect(existsSync(join(folder, 'systemd/user/vfio-ts.socket'))).toBe(true);
    expect(existsSync(join(folder, 'home/.config/systemd/user/vfio-ts.socket'))).toBe(true);
  });

  test('of the machine leave little open, as systemd counts it', (ctx) => {
    const program = programForTest(ctx, 'systemd-analyze', 'systemd');
    const unit = join(packaged, 'system', 'vfio-ts.service');
    const argv = ['security', '--offline=true', '--threshold=20', '--no-pager', unit];
    expect(execFileSync(program, argv, { encoding: 'utf8' })).toContain('Overall exposure level');
  });
});

describe('a socket', () => {
  test.each([
    [{}, undefined],
    [{ LISTEN_PID: '7', LISTEN_FDS: '1' }, { fd: 3 }],
    [{ LISTEN_PID: '8', LISTEN_FDS: '1' }, undefined],
  ])('of %j is %j', (env, handed) => {
    expect(handedSocket(env, 7)).toEqual(handed);
  });

  test.each(['0', '2', 'x', undefined])('is refused when there are %s of them', (count) => {
    const env = { LISTEN_PID: '7', ...(count !== undefined && { LISTEN_FDS: count }) };
    expect(() => handedSocket(env, 7)).toThrow('the daemon takes one');
  });

  test(
    'that a service manager has opened starts the daemon, and outlives it',
    { timeout },
    async (ctx) => {
      const program = programForTest(ctx, 'systemd-socket-activate', 'systemd');
      const at = new Installation();
      at.define(1, { mdev_type: 'mdpy-vga', start: 'auto', attrs: [] });
      mkdirSync(at.runtime, { mode: 0o700 });
      const passed = ['VFIO_TS_CONFIG_DIR', 'VFIO_TS_RUNTIME_DIR', 'PATH'];
      const argv = [
        '--listen',
        at.control,
        ...passed.map((name) => `--setenv=${name}`),
        process.execPath,
        main,
        'daemon',
      ];
      const daemon = spawn(program, argv, { env: at.env, stdio: ['ignore', 'pipe', 'pipe'] });
      onTestFinished(() => void daemon.kill('SIGKILL'));
      let errors = '';
      daemon.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
      await eventually(() => expect(existsSync(at.control)).toBe(true));
      await eventually(async () => {
        const { devices } = await askDaemon(at.control, { verb: 'status' });
        expect(devices).toEqual([expect.objectContaining({ uuid: uuidOf(1), state: 'running' })]);
      });
      expect(errors).toContain('listens where it was told to');
      daemon.kill('SIGTERM');
      expect(await once(daemon, 'exit')).toEqual([0, null]);
      expect(existsSync(at.control)).toBe(true);
      expect(existsSync(at.socket(1))).toBe(false);
    },
  );
});

/** Prints each datagram as a line of JSON. */
const RECEIVER = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(json.dumps(receiver.recv(4096).decode()), flush=True)
`;

test(
  'the service manager is told when it is ready, reads again, and ends',
  { timeout },
  async (ctx) => {
    const python = programForTest(ctx, 'python3', 'python3');
    const at = new Installation();
    at.define(1, { mdev_type: 'mdpy-vga', start: 'auto', attrs: [] });
    const notify = join(at.folder, 'notify');
    const receiver = spawn(python, ['-c', RECEIVER, notify], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void receiver.kill('SIGKILL'));
    let told = '';
    receiver.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
    await eventually(() => expect(told).toContain('bound'));
    at.env['NOTIFY_SOCKET'] = notify;
    const daemon = await at.daemon();
    daemon.child.kill('SIGHUP');
    await eventually(() => expect(told.match(/READY=1/gu)).toHaveLength(2));
    daemon.child.kill('SIGTERM');
    expect(await daemon.ended).toEqual([0, null]);
    await eventually(() => expect(told).toContain('STOPPING=1'));
    const states = told
      .trim()
      .split('\n')
      .slice(1)
      .map((line): unknown => JSON.parse(line));
    expect(states).toEqual([
      'READY=1\nSTATUS=1 of 1 devices run',
      expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=/u),
      'READY=1\nSTATUS=1 of 1 devices run',
      'STOPPING=1\nSTATUS=stops its devices',
    ]);
  },
);
