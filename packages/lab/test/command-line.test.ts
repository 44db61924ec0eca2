import { expect, test } from 'vitest';
import { HELP, parseCommand } from '../src/command-line.ts';

test.each([
  [[], 'lab'],
  [['--help'], 'lab'],
  [['setup', '--help'], 'setup'],
  [['status', '-h'], 'status'],
  [['boot', '--memory', '1G', '--help'], 'boot'],
])('%j is help', (argv, topic) => {
  expect(parseCommand(argv)).toEqual({ kind: 'help', topic });
});

test('setup and status take their options', () => {
  expect(parseCommand(['setup', '--force', '--dir', '/d'])).toEqual({
    kind: 'setup',
    dir: '/d',
    force: true,
  });
  expect(parseCommand(['--', 'status', '--json'])).toEqual({
    kind: 'status',
    dir: undefined,
    json: true,
  });
});

test('what follows -- is for QEMU, options of the lab included', () => {
  const argv = ['boot', '--device', '/a', '--device', '/b', '--append', 'quiet', '--', '--help'];
  expect(parseCommand(argv)).toEqual({
    kind: 'boot',
    dir: undefined,
    devices: ['/a', '/b'],
    memory: undefined,
    append: 'quiet',
    kernel: 'stable',
    parts: [],
    qemuArgs: ['--help'],
  });
});

test('boot takes a kernel and parts', () => {
  const argv = ['boot', '--kernel', 'backports', '--with', 'i915', '--with', 'igt'];
  expect(parseCommand(argv)).toMatchObject({ kernel: 'backports', parts: ['i915', 'igt'] });
});

test.each([
  [['fly'], 'unknown command fly'],
  [['setup', '--json'], 'unknown argument --json of setup'],
  [['boot', '-s'], 'unknown argument -s of boot'],
  [['boot', '--memory'], '--memory needs a value'],
  [['boot', '--kernel', '5.10'], '--kernel is stable or backports'],
  [['boot', '--with', 'wings'], '--with is i915 or igt'],
])('%j is refused with its name and the help', (argv, message) => {
  expect(() => parseCommand(argv)).toThrow(message);
  expect(() => parseCommand(argv)).toThrow('Usage:');
});

test('each command has a help text', () => {
  for (const text of Object.values(HELP)) expect(text).toContain('Usage: lab');
});
