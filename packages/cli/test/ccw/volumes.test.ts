// Volumes as the command makes and lists them, with the tools of Hercules as judges.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { describe, expect, test } from 'vitest';
import { folder, said, volume } from './support.ts';

/** What one of Hercules' tools has printed, wherever it did. */
function told(program: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'latin1' });
  return stdout + stderr;
}

describe('ccw init', () => {
  test.for(['empty', 'linux'])('makes a volume (%s) that dasdls accepts', async (format, ctx) => {
    const dasdls = programForTest(ctx, 'dasdls', 'hercules');
    const path = join(folder(), 'v.ckd');
    const size = ['--cylinders', '5', '--format', format];
    const { exit, printed } = await said('ccw', 'init', ...size, path, 'work01');
    expect(exit).toBe(0);
    expect(printed).toEqual([`${path}: 3390, 75 tracks, volume WORK01`]);
    expect(told(dasdls, path)).toContain('VOLSER=WORK01');
  });

  test('makes a volume of several files that dasdls and ccw ls read', async (ctx) => {
    const dasdls = programForTest(ctx, 'dasdls', 'hercules');
    const cwd = folder();
    const size = ['--cylinders', '5', '--cylinders-per-file', '2'];
    const { exit } = await said('ccw', 'init', ...size, join(cwd, 'v.ckd'), 'WORK01');
    expect([exit, readdirSync(cwd).toSorted()]).toEqual([0, ['v_1.ckd', 'v_2.ckd', 'v_3.ckd']]);
    expect(told(dasdls, join(cwd, 'v_1.ckd'))).toContain('VOLSER=WORK01');
    const { printed } = await said('ccw', 'ls', join(cwd, 'v_1.ckd'));
    expect(printed[0]).toContain('volume WORK01: 3390');
  });

  test('never replaces a file', async () => {
    const path = join(folder(), 'precious');
    writeFileSync(path, 'precious');
    const { exit, noted } = await said('ccw', 'init', '--cylinders', '1', path, 'WORK01');
    expect(exit).toBe(1);
    expect(noted.join()).toContain('it is not replaced');
    expect(readFileSync(path, 'utf8')).toBe('precious');
  });

  test.each<readonly [string, readonly string[], number, string]>([
    ['a model and a size', ['--model', '3390-1', '--cylinders', '1'], 2, 'give one of both'],
    ['a size that is none', ['--cylinders', 'many'], 2, '--cylinders takes a number'],
    [
      'files of no size',
      ['--model', '3390-1', '--cylinders-per-file', '0'],
      2,
      '--cylinders-per-file takes a number',
    ],
    ['too many files', ['--model', '3390-1', '--cylinders-per-file', '1'], 1, 'at most 27'],
    ['a format there is not', ['--format', 'fat'], 2, 'fat'],
    ['a model there is not', ['--model', '3390-4'], 1, 'there are 3390-1'],
    ['more than a disk has', ['--cylinders', '65521'], 1, '1 to 65520'],
  ])('refuses %s, and leaves nothing', async (_what, options, code, fact) => {
    const path = join(folder(), 'v.ckd');
    const { exit, noted } = await said('ccw', 'init', ...options, path, 'WORK01');
    expect([exit, existsSync(path)]).toEqual([code, false]);
    expect(noted.join('\n')).toContain(fact);
  });

  test('refuses a folder that is not there', async () => {
    const path = join(folder(), 'none/v.ckd');
    const { noted } = await said('ccw', 'init', '--cylinders', '1', path, 'WORK01');
    expect(noted.join()).toContain('make it first');
  });
});

describe('ccw ls', () => {
  test('lists what dasdload has put on a volume, as dasdls does', async (ctx) => {
    const dasdls = programForTest(ctx, 'dasdls', 'hercules');
    const dasdload = programForTest(ctx, 'dasdload', 'hercules');
    const cwd = folder();
    const control = [
      'TEST01 3390-1 10',
      'sysvtoc vtoc trk 5',
      'my.empty empty cyl 2 0 0 po fb 80 800',
    ];
    writeFileSync(join(cwd, 'control'), `${control.join('\n')}\n`);
    execFileSync(dasdload, ['control', 'v.ckd'], { cwd, stdio: 'pipe' });
    expect(told(dasdls, join(cwd, 'v.ckd'))).toContain('MY.EMPTY');
    const { exit, printed } = await said('ccw', 'ls', join(cwd, 'v.ckd'));
    expect(exit).toBe(0);
    expect(printed[0]).toContain('volume TEST01: 3390');
    expect(
      printed
        .find((line) => line.startsWith('MY.EMPTY'))
        ?.split(/\s+/u)
        .slice(0, 7),
    ).toEqual(['MY.EMPTY', 'PO', 'FB', '80', '800', '1', '30']);
  });

  test('is one line of JSON where that is wanted', async () => {
    const { printed } = await said('ccw', 'ls', '--json', await volume());
    expect(printed).toHaveLength(1);
    expect(JSON.parse(printed.join())).toMatchObject({
      type: '3390',
      cylinders: 3,
      heads: 15,
      serial: 'LNX001',
      datasets: [],
    });
  });

  test('says that an empty volume is empty', async () => {
    const { printed } = await said('ccw', 'ls', await volume());
    expect(printed.at(-1)).toBe('there are no datasets');
  });

  test('says what to do about a file that is no volume', async () => {
    const path = join(folder(), 'text');
    writeFileSync(path, 'no volume'.repeat(1000));
    const { exit, noted } = await said('ccw', 'ls', path);
    expect(exit).toBe(1);
    expect(noted.join()).toContain('has to be a CKD image');
  });

  test('says what to do where there is no file', async () => {
    const { noted } = await said('ccw', 'ls', join(folder(), 'none.ckd'));
    expect(noted.join()).toContain('vfio-ts ccw init');
  });

  test('leaves no lock and no journal behind', async () => {
    const path = await volume();
    await said('ccw', 'ls', path);
    expect((await said('ccw', 'ls', path)).exit).toBe(0);
    expect(existsSync(`${path}.journal`)).toBe(false);
    expect(existsSync(dirname(path))).toBe(true);
  });
});
