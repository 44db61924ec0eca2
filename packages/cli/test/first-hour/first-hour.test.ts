// The first hour with vfio-ts, from the clone on, as somebody new has it. The hour goes on with a driver of one's own in
// a folder that knows nothing of this repository: `drivers/packed.test.ts`.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { labForTest, parsePsf, programForTest, readScreen } from '@vfio-ts/lab';
import { describe, expect, test } from 'vitest';
import { main } from '../support.ts';
import { Window } from './browser.ts';
import { outsideOfScripts, Shell } from './shell.ts';

const ROOT = join(import.meta.dirname, '../../../..');
const REPORTS = join(ROOT, 'packages/cli/.reports');
const PAGE = /^see both on (\S+)$/u;
/** Somebody waits for it, so it may take a moment. */
const SOON = { timeout: 60_000, interval: 200 };

describe('npx pnpm@12 start', () => {
  test('in a fresh clone: the page shows what a guest draws', { timeout: 900_000 }, async (ctx) => {
    if (process.env['VFIO_TS_FIRST_HOUR'] !== '1')
      ctx.skip('VFIO_TS_FIRST_HOUR=1 clones the repository, installs, builds and starts it');
    await using shell = new Shell();
    const clone = join(shell.folder, 'vfio-ts');
    execFileSync('git', ['clone', '--quiet', ROOT, clone]);
    const started = await shell.start(PAGE, 'npx', ['--yes', 'pnpm@12', 'start'], {
      cwd: clone,
      env: outsideOfScripts(shell.env),
    });
    await using window = await Window.open(ctx, started.match[1] ?? '');
    await window.look('embedded guest');
    await expect.poll(() => colourOfFirstBar(window), SOON).toEqual([0xc0, 0xc0, 0xc0]);
    await window.page.screenshot({ path: join(REPORTS, 'fresh-clone.png') });
    await started.interrupt();
    expect(started.said.at(-1)).toBe('ended: sockets removed, nothing leaked');
  });

  test('--vm: the console of a real guest is on the page', { timeout: 300_000 }, async (ctx) => {
    const { font } = labForTest(ctx);
    await using shell = new Shell();
    const started = await shell.start(PAGE, process.execPath, [main, 'demo', '--vm']);
    await using window = await Window.open(ctx, started.match[1] ?? '');
    await window.look('virtual machine');
    const text = async () => readScreen(await window.pixels(), parsePsf(readFileSync(font)));
    await expect
      .poll(text, { ...SOON, timeout: 200_000 })
      .toContainEqual(expect.stringMatching(/^Load average: [\d.]+/u));
    mkdirSync(REPORTS, { recursive: true });
    await window.page.screenshot({ path: join(REPORTS, 'console.png') });
    expect(await started.interrupt()).toEqual([0, null]);
    expect(started.said.at(-1)).toBe('ended: sockets removed, nothing leaked');
  });
});

describe('devices by UUID', { timeout: 240_000 }, () => {
  const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

  test('what mdevctl defines is started, looked into, listed and stopped', async (ctx) => {
    const mdevctl = programForTest(ctx, 'mdevctl', 'mdevctl');
    programForTest(ctx, 'lspci', 'pciutils');
    await using shell = new Shell();
    shell.mdevctl(mdevctl, 'define', '--uuid', uuid, '--parent', 'mdpy', '--type', 'mdpy-xga');
    expect(await shell.vfioTs('list', '--defined')).toBe(`${uuid} mdpy mdpy-xga manual`);

    const daemon = await shell.start(/devices run$/u, process.execPath, [main, 'daemon']);
    await shell.vfioTs('start', uuid);
    expect(await shell.vfioTs('list')).toBe(`${uuid} mdpy mdpy-xga manual (defined)`);

    const judged = await shell.sh(`vfio-ts inspect --hex ${uuid} | lspci -F /dev/stdin -n`);
    expect(judged).toContain('0380: 1b36:000f (rev 01)');
    const picture = join(shell.folder, 'screen.png');
    await shell.vfioTs('screenshot', uuid, picture);
    expect(readFileSync(picture).subarray(1, 4).toString()).toBe('PNG');

    await shell.vfioTs('stop', uuid);
    expect(await shell.vfioTs('list')).toBe('');
    await shell.vfioTs(
      'define',
      '--uuid',
      uuid.replace(/1$/u, '2'),
      '--parent',
      'mdpy',
      '--type',
      'mdpy-hd',
      '--auto',
    );
    expect(shell.mdevctl(mdevctl, 'list', '--defined')).toContain('mdpy mdpy-hd auto');
    expect(await daemon.interrupt()).toEqual([0, null]);
  });

  test('kill -9 of a device ends that device alone, and it is there again', async () => {
    await using shell = new Shell();
    const uuids = [uuid, uuid.replace(/1$/u, '2')];
    for (const one of uuids)
      await shell.vfioTs(
        'define',
        '--uuid',
        one,
        '--parent',
        'mdpy',
        '--type',
        'mdpy-vga',
        '--auto',
      );
    const daemon = await shell.start(/2 of 2 devices run$/u, process.execPath, [main, 'daemon']);
    const devices = async (): Promise<readonly Listed[]> =>
      JSON.parse(await shell.vfioTs('list', '--json'));
    const [killed, other] = await devices();
    process.kill(killed?.pid ?? 0, 'SIGKILL');
    const isBack = ([first, second]: readonly Listed[]) =>
      first?.state === 'running' && first.pid !== killed?.pid && second?.pid === other?.pid;
    await expect.poll(async () => isBack(await devices()), SOON).toBe(true);
    await shell.vfioTs('inspect', uuid);
    expect(await daemon.interrupt()).toEqual([0, null]);
  });
});

/** Of what `list --json` says of a device. */
interface Listed {
  readonly pid?: number;
  readonly state: string;
}

async function colourOfFirstBar(window: Window): Promise<number[]> {
  const { width, rgba } = await window.pixels();
  // Below the first bar nothing moves in the first row.
  const at = 4 * Math.floor(width / 14);
  return [...rgba.subarray(at, at + 3)];
}
