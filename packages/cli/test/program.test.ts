import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parseDeviceSpec } from '../src/drivers/spec.ts';
import { run } from '../src/program.ts';
import { UsageError } from '../src/usage.ts';

interface Said {
  readonly exit: number;
  readonly printed: string;
  readonly noted: string;
}

/** Runs a command line whose commands are to end at once. */
async function said(...argv: readonly string[]): Promise<Said> {
  const printed: string[] = [];
  const noted: string[] = [];
  const exit = await run(argv, {
    output: { print: (line) => printed.push(line), note: (line) => noted.push(line) },
    untilStopped: () => Promise.resolve(),
    version: '1.2.3',
  });
  return { exit, printed: printed.join('\n'), noted: noted.join('\n') };
}

function file(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const VGA = '{"mdev_type":"mdpy-vga","start":"manual","attrs":[]}';

describe('the command line', () => {
  test.each([['--help'], ['-h'], ['serve', '--help'], ['help', 'stats']])(
    '%s %s is answered with help and 0',
    async (...argv) => {
      const { exit, printed } = await said(...argv.filter((arg) => arg !== undefined));
      expect(printed).toContain('Usage: vfio-ts');
      expect(exit).toBe(0);
    },
  );

  test('the help names every command and exit code', async () => {
    const { printed } = await said('--help');
    for (const word of ['serve', 'stats', 'demo', 'Examples:', 'Exit codes: 0']) {
      expect(printed).toContain(word);
    }
  });

  test.each([
    'types',
    'define',
    'undefine',
    'modify',
    'start',
    'stop',
    'list',
    'daemon',
    'daemon status',
    'daemon reload',
    'daemon install',
    'serve',
    'inspect',
    'stats',
    'view',
    'screenshot',
    'ap',
    'ap ls',
    'ap export',
    'ccw',
    'ccw init',
    'ccw ls',
    'ccw trace',
    'demo',
    'completion',
  ])('the help of %s has examples, and no words of programs', async (verbs) => {
    const { printed } = await said(...verbs.split(' '), '--help');
    expect(printed).toMatch(new RegExp(`^Examples:\n(?: {2}.*\n)*? {2}vfio-ts ${verbs}\\b`, 'mu'));
    expect(printed).not.toMatch(/\((?:default|preset|choices):/u);
  });

  test.each([
    [['undefine'], 'see vfio-ts undefine --help'],
    [['ap', 'ls'], 'see vfio-ts ap ls --help'],
    [['server'], 'see vfio-ts --help'],
  ])('what is wrong with %j is answered with where its help is', async (argv, next) => {
    const { noted } = await said(...argv);
    expect(noted.split('\n')).toContain(next);
  });

  test('the help of serve says how drivers of packages are found', async () => {
    const { printed } = await said('serve', '--help');
    for (const word of [
      'npm package',
      'node_modules',
      '--prefix ~/.config/vfio-ts',
      'vfio-ts types',
    ]) {
      expect(printed).toContain(word);
    }
  });

  test('the help of serve names the drivers, their types and the options', async () => {
    const { printed } = await said('serve', '--help');
    for (const word of ['mdpy-xga', '--socket', '--set', '--mdev', '--json', '--log-level']) {
      expect(printed).toContain(word);
    }
  });

  test('the version is that of the package', async () => {
    expect(await said('--version')).toMatchObject({ exit: 0, printed: '1.2.3' });
  });

  test.each<readonly [string, readonly string[], string]>([
    ['an unknown command', ['server'], "unknown command 'server'"],
    ['an unknown option', ['serve', 'mdpy-sample:mdpy-xga', '--sock', 'x'], '--sock'],
    ['an option of another command', ['serve', 'mdpy-sample:mdpy-xga', '--frames', '1'], 'frames'],
    ['an option of another command', ['demo', '--json'], '--json'],
    ['a level there is not', ['serve', 'mdpy-sample:mdpy-xga', '--log-level', 'loud'], 'loud'],
    ['a form of the log of statistics', ['stats', '/run/a.sock', '--log-json'], '--log-json'],
    ['statistics of nothing', ['stats'], 'device'],
    ['a form of statistics with another', ['stats', 'a', '--json', '--prometheus'], 'cannot be'],
    ['an interval that is none', ['stats', 'a', '--watch', 'often'], '--watch'],
    ['a device to inspect in two forms', ['inspect', 'a', '--json', '--hex'], 'cannot be'],
    ['time that is none', ['inspect', 'a', '--timeout', '0'], '--timeout'],
    ['statistics of two', ['stats', '/run/a.sock', '/run/b.sock'], 'too many arguments'],
    ['no device', ['serve'], 'serve takes a device'],
    ['two devices', ['serve', 'a:b', 'c:d'], 'too many arguments'],
    ['an unknown driver', ['serve', 'foo:bar'], 'there are: mdpy-sample'],
    ['no type where there are several', ['serve', 'mdpy-sample'], 'mdpy-vga, mdpy-xga'],
    ['a setting without a value', ['serve', 'mdpy-sample:mdpy-vga', '--set', 'a'], 'NAME=VALUE'],
    ['a UUID that is none', ['serve', 'mdpy-sample:mdpy-vga', '--uuid', '1'], 'no UUID'],
    ['frames that are no number', ['demo', '--frames', 'many'], '--frames'],
    ['no frames at all', ['demo', '--frames', '0'], '--frames'],
  ])('%s is a usage error', async (_what, argv, fact) => {
    const { exit, noted } = await said(...argv);
    expect(exit).toBe(2);
    expect(noted).toContain(fact);
  });

  test('nothing to do is answered with the help, and 2', async () => {
    const { exit, noted } = await said();
    expect(exit).toBe(2);
    expect(noted).toContain('Usage: vfio-ts');
  });
});

describe('serve', () => {
  test('makes the device with the UUID it is given', async () => {
    const argv = ['serve', 'mdpy-sample:mdpy-vga', '--uuid', UUID, '--json'];
    const { exit, printed } = await said(...argv);
    expect(JSON.parse(printed)).toMatchObject({ uuid: UUID, type: 'mdpy-vga' });
    expect(exit).toBe(0);
  });

  test('makes what a definition says, with the UUID that its file is named by', async () => {
    const { exit, printed } = await said('serve', '--mdev', file(UUID, VGA), '--json');
    expect(JSON.parse(printed)).toMatchObject({ uuid: UUID, type: 'mdpy-vga' });
    expect(exit).toBe(0);
  });

  test('makes several devices at once', async () => {
    const other = UUID.replace('1001', '1002');
    const { printed } = await said(
      'serve',
      '--mdev',
      file(UUID, VGA),
      '--mdev',
      file(`${other}.json`, VGA),
      '--json',
    );
    const uuids = printed.split('\n').map((line): unknown => JSON.parse(line).uuid);
    expect(uuids).toEqual([UUID, other]);
  });

  test.each<readonly [string, readonly string[], number, string]>([
    ['a device beside a definition', ['mdpy-sample:mdpy-vga', '--mdev'], 2, 'give one of both'],
    [
      'a socket for several devices',
      ['--socket', '/run/x', '--mdev', 'same', '--mdev'],
      2,
      'socket',
    ],
  ])('refuses %s', async (_what, options, code, fact) => {
    const name = file(UUID, VGA);
    const argv = options.map((option) => (option === 'same' ? name : option));
    const { exit, noted } = await said('serve', ...argv, name);
    expect(noted).toContain(fact);
    expect(exit).toBe(code);
  });

  test('a setting that the device does not have ends it, and nothing is left', async () => {
    const argv = ['serve', 'mdpy-sample:mdpy-vga', '--set', 'colour=red', '--log-level', 'error'];
    const { exit, noted } = await said(...argv);
    expect(noted).toBe('vfio-ts: mdpy-vga has no setting colour: it takes none');
    expect(exit).toBe(2);
  });

  test.each(['remove', 'vendor/resolution', '../uevent'])('%s is no setting', async (name) => {
    const { noted } = await said('serve', 'mdpy-sample:mdpy-vga', '--set', `${name}=1`);
    expect(noted).toContain(`mdpy-vga has no setting ${name}`);
  });

  test('a definition that is damaged is named with what is wrong', async () => {
    const name = file(UUID, '{"mdev_type":"mdpy-vga",\n"start":}');
    const { exit, noted } = await said('serve', '--mdev', name);
    expect(noted).toContain(name);
    expect(noted).toContain('is not valid JSON');
    expect(exit).toBe(1);
  });
});

describe('a device specification', () => {
  test.each<readonly [string, string, string | undefined]>([
    ['mdpy-sample:mdpy-hd', 'mdpy-sample', 'mdpy-hd'],
    ['mdpy-sample', 'mdpy-sample', undefined],
    ['@acme/uart:acme_uart-1', '@acme/uart', 'acme_uart-1'],
    ['./a:b/uart.ts', './a:b/uart.ts', undefined],
    ['/opt/a:b/uart.ts:uart-1', '/opt/a:b/uart.ts', 'uart-1'],
  ])('%j is driver and type', (text, driver, type) => {
    expect(parseDeviceSpec(text)).toEqual({ driver, type });
  });

  test.each(['mdpy-sample:', 'mdpy-sample:a:b', './uart.ts:'])('%j is a usage error', (text) => {
    expect(() => parseDeviceSpec(text)).toThrow(UsageError);
  });
});
