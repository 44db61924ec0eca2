import { describe, expect, test } from 'vitest';
import { HELP, parseCommand } from '../src/args.ts';
import { parseDeviceSpec } from '../src/drivers.ts';
import { UsageError } from '../src/usage.ts';

describe('the command line', () => {
  test('serve takes a device, a socket and --json', () => {
    const argv = ['serve', 'mdpy-sample:mdpy-xga', '--socket', '/run/a.sock', '--json'];
    expect(parseCommand(argv)).toEqual({
      name: 'serve',
      args: { device: 'mdpy-sample:mdpy-xga', socket: '/run/a.sock', json: true },
    });
  });

  test('serve takes a level and a form of the log', () => {
    const argv = ['serve', 'mdpy-sample:mdpy-xga', '--log-level', 'debug', '--log-json'];
    expect(parseCommand(argv)).toMatchObject({ args: { logLevel: 'debug', logJson: true } });
  });

  test('stats takes a socket and --json', () => {
    expect(parseCommand(['stats', '/run/a.sock', '--json'])).toEqual({
      name: 'stats',
      args: { socket: '/run/a.sock', json: true },
    });
  });

  test('demo ends after --frames', () => {
    expect(parseCommand(['demo', '--frames', '3'])).toEqual({ name: 'demo', args: { frames: 3 } });
  });

  test.each([['--help'], ['-h'], ['serve', '--help']])('%s %s asks for help', (...argv) => {
    expect(parseCommand(argv.filter((arg) => arg !== undefined))).toEqual({ name: 'help' });
  });

  test.each<readonly [string, readonly string[]]>([
    ['nothing to do', []],
    ['an unknown command', ['server']],
    ['an unknown option', ['serve', 'mdpy-sample:mdpy-xga', '--sock', 'x']],
    ['an option of another command', ['serve', 'mdpy-sample:mdpy-xga', '--frames', '1']],
    ['an option of another command', ['demo', '--json']],
    ['a level there is not', ['serve', 'mdpy-sample:mdpy-xga', '--log-level', 'loud']],
    ['a form of the log of statistics', ['stats', '/run/a.sock', '--log-json']],
    ['a level of a demo', ['demo', '--log-level', 'debug']],
    ['statistics of nothing', ['stats']],
    ['statistics of two', ['stats', '/run/a.sock', '/run/b.sock']],
    ['statistics with a socket option', ['stats', '/run/a.sock', '--socket', '/run/b.sock']],
    ['no device', ['serve']],
    ['two devices', ['serve', 'a:b', 'c:d']],
    ['frames that are no number', ['demo', '--frames', 'many']],
    ['no frames at all', ['demo', '--frames', '0']],
  ])('%s is a usage error', (_what, argv) => {
    expect(() => parseCommand(argv)).toThrow(UsageError);
  });

  test('the help names every command and exit code', () => {
    for (const word of [
      'serve',
      'stats',
      'demo',
      '--socket',
      '--log-level',
      '--json',
      'Exit codes: 0',
    ]) {
      expect(HELP).toContain(word);
    }
  });
});

describe('a device specification', () => {
  test('is driver and type', () => {
    expect(parseDeviceSpec('mdpy-sample:mdpy-hd')).toEqual({
      driver: 'mdpy-sample',
      type: 'mdpy-hd',
    });
  });

  test.each(['mdpy-sample', 'mdpy-sample:', 'mdpy-sample:a:b', 'mdpy:mdpy-xga', ''])(
    '%j is a usage error',
    (text) => {
      expect(() => parseDeviceSpec(text)).toThrow(UsageError);
    },
  );

  test('an unknown driver is answered with those there are', () => {
    expect(() => parseDeviceSpec('foo:bar')).toThrow('there are: mdpy-sample');
  });
});
