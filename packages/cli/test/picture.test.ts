// What a device shows, by the command: a screen shot, and a page.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { readPicture } from '@vfio-ts/viewer';
import { decode } from 'fast-png';
import { describe, expect, onTestFinished, test } from 'vitest';
import { namedTarget, targetsIn } from '../src/picture/targets.ts';
import { printed, ready, run } from './support.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

interface Listed {
  readonly id: string;
  readonly name: string;
}

/** What the page at an address lists. */
async function list(url: string): Promise<readonly Listed[]> {
  const { origin, hash } = new URL(url);
  const token = new URLSearchParams(hash.slice(1)).get('token') ?? '';
  const answer = await fetch(`${origin}/devices`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return await answer.json();
}

describe('screenshot', () => {
  test('writes what the device shows', async () => {
    const served = run('serve', 'mdpy-sample:mdpy-vga', '--json');
    const { socket = '' } = await ready(served);
    expect(statSync(`${socket}.rfb`).mode & 0o777).toBe(0o600);
    const png = join(folder(), 'screen.png');
    const shot = run('screenshot', socket, png);
    expect(await printed(shot)).toEqual([`640x480 in ${png}`]);
    expect(await shot.ended).toEqual([0, null]);
    const { width, height, data } = decode(readFileSync(png));
    expect([width, height]).toEqual([640, 480]);
    // The start picture: row i has the grey i * 255 / height.
    expect([...data.subarray(240 * 640 * 4, 240 * 640 * 4 + 4)]).toEqual([127, 127, 127, 255]);
  });

  test('of a device that nobody serves ends with 1, and says so', async () => {
    const socket = join(folder(), 'none.sock');
    const shot = run('screenshot', socket, join(folder(), 'screen.png'));
    expect(await shot.ended).toEqual([1, null]);
    expect(shot.errors()).toContain(`vfio-ts: nobody serves a device on ${socket}: `);
  });

  test('of a device that shows nothing ends with 1, and says so', async () => {
    const served = run('serve', 'ap', '--json');
    const { socket = '' } = await ready(served);
    const shot = run('screenshot', socket, join(folder(), 'screen.png'));
    expect(await shot.ended).toEqual([1, null]);
    expect(shot.errors()).toContain(`${socket} tells no picture`);
  });
});

describe('view', () => {
  test('serves a page with the devices that are named, until it is told to end', async () => {
    const served = run('serve', 'mdpy-sample:mdpy-vga', '--json');
    const { socket = '' } = await ready(served);
    const viewed = run('view', socket, '/run/another.sock', '--json');
    const { url = '' } = await ready(viewed);
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]+$/u);
    expect((await list(url)).map(({ name }) => name)).toEqual(['mdpy-vga', 'another']);
    viewed.child.kill('SIGINT');
    expect(await viewed.ended).toEqual([0, null]);
  });

  test('lets VNC clients in that know the password', async () => {
    const served = run('serve', 'mdpy-sample:mdpy-vga', '--json');
    const { socket = '' } = await ready(served);
    const file = join(folder(), 'password');
    writeFileSync(file, 'geheim\n');
    const viewed = run('view', socket, '--json', '--vnc', '0', '--vnc-password-file', file);
    const { vnc = '' } = await ready(viewed);
    const [host = '', port = ''] = vnc.split('::');
    expect(host).toBe('127.0.0.1');
    const clock = new LinuxClock();
    const open = (): Socket => connect(Number(port), host);
    const picture = await readPicture(open(), { clock, password: 'geheim' });
    expect(picture.width).toBe(640);
    await expect(readPicture(open(), { clock, password: 'falsch' })).rejects.toMatchObject({
      code: 'EACCES',
    });
    viewed.child.kill('SIGINT');
    expect(await viewed.ended).toEqual([0, null]);
  });

  test.each<readonly [string, readonly string[]]>([
    ['without a password', ['/run/a.sock', '--vnc', '0']],
    ['for all devices', ['--vnc', '0', '--vnc-password-file', '/dev/null']],
    ['without one in the file', ['/run/a.sock', '--vnc', '0', '--vnc-password-file', '/dev/null']],
  ])('has no VNC %s', async (_what, argv) => {
    const viewed = run('view', ...argv);
    expect(await viewed.ended).toEqual([2, null]);
  });

  test('has no VNC where the file of the password is not there, and says so', async () => {
    const argv = ['/run/a.sock', '--vnc', '0', '--vnc-password-file', '/no/such'];
    const viewed = run('view', ...argv);
    expect(await viewed.ended).toEqual([1, null]);
    expect(viewed.errors()).toBe('vfio-ts: there is no /no/such: say a file that is there\n');
  });

  test('the demo says where its page is, with both displays on it', async () => {
    const shown = run('demo');
    let url = '';
    for (let next = await shown.lines.next(); url === '' && next.done !== true;) {
      url = /see both on (\S+)/u.exec(next.value)?.[1] ?? '';
      if (url === '') next = await shown.lines.next();
    }
    expect((await list(url)).map(({ name }) => name)).toEqual([
      'embedded guest',
      'virtual machine',
    ]);
    shown.child.kill('SIGINT');
    expect(await shown.ended).toEqual([0, null]);
  });
});

describe('what a page shows', () => {
  test.each(['/run/a b/ü.sock', '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001', 'relative.sock'])(
    '%s has a name for addresses',
    (named) => {
      expect(namedTarget(named).id).toMatch(/^[\w.-]+$/u);
    },
  );

  test('two names are never one in addresses', () => {
    expect(namedTarget('/a/b').id).not.toBe(namedTarget('-a-b').id);
    expect(namedTarget('/a.b').id).not.toBe(namedTarget('/a/b').id);
  });

  test('a folder that is not there is empty', () => {
    expect(targetsIn(join(folder(), 'none'))).toEqual([]);
  });
});
