import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { VfioError, type ErrnoCode } from '@vfio-ts/core';
import { programForTest } from '@vfio-ts/lab';
import { errorText, fileError, listenError, writeError } from '../src/errors.ts';
import { tooOld } from '../src/node-version.ts';
import { hasConnections, unreachable } from '../src/reach.ts';
import { isUsageError, UsageError } from '../src/usage.ts';
import { main, temporaryFolder } from './support.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

test.each<readonly [string, unknown, string]>([
  [
    'of ours begins with the fact, and ends with its code',
    new VfioError('ENODEV', 'set', 'assign_adapter: 0x3e7 is above 0xff'),
    'assign_adapter: 0x3e7 is above 0xff (ENODEV)',
  ],
  ['of a command line is its text', new UsageError('it takes a UUID'), 'it takes a UUID'],
  ['that is no error is shown', 7, '7'],
])('an error %s', (_what, error, text) => {
  expect(errorText(error)).toBe(text);
});

test('a fault of the program is told from one of its user, with where it is', () => {
  const text = errorText(new TypeError('x is not a function'));
  expect(text).toMatch(/^TypeError: x is not a function\n {4}at .*errors\.test\.ts/u);
  expect(text).toMatch(/\nThis is a fault of vfio-ts or of a driver.*: please report it/u);
});

test('a driver of a package says a wrong command line by the name of its error', () => {
  const error = new Error('no such card');
  expect(isUsageError(error)).toBe(false);
  error.name = 'UsageError';
  expect(isUsageError(error)).toBe(true);
});

test.each<readonly [ErrnoCode, string, string, string]>([
  ['EADDRINUSE', 'there is a file that is not a socket', '/run/a.sock', 'is a file, which is left'],
  ['EADDRINUSE', 'somebody listens already', '/run/a.sock', 'somebody serves on /run/a.sock'],
  ['ENOENT', '/nodir/a.sock', '/nodir/a.sock', 'mkdir -p /nodir makes it'],
  ['ENOENT', '/proc/a.sock', '/proc/a.sock', 'no socket can be made in /proc'],
  ['EACCES', '/root/a.sock', '/root/a.sock', 'in a folder that is yours'],
  ['EINVAL', 'the socket path has 200 bytes', '/a', 'take a shorter --socket'],
])('a socket that cannot be made for %s, %s, is said with what to do', (...told) => {
  const [code, fact, socket, text] = told;
  const error = listenError(new VfioError(code, 'bind', fact), socket);
  expect(error).toBeInstanceOf(Error);
  expect(errorText(error)).toContain(text);
  expect(errorText(error)).toContain(`(${code})`);
});

test.each([
  ['EADDRINUSE', 'take another --port, or leave it out'],
  ['EACCES', 'take a --port from 1024 on'],
  ['EADDRNOTAVAIL', '--host takes an address that this machine has'],
])('a port that cannot be listened on for %s is said with what to do', (code, text) => {
  const error = Object.assign(new Error('listen on 1.2.3.4:80'), { code, syscall: 'listen' });
  expect(errorText(error)).toBe(`listen on 1.2.3.4:80: ${text}`);
});

test('an error that has nothing to do with the socket stays as it is', () => {
  const error = new VfioError('ENOENT', 'set', 'no setting colour');
  expect(listenError(error, '/run/a.sock')).toBe(error);
});

test.each([
  ['ENOENT', 'there is no'],
  ['EACCES', 'do it as its owner'],
  ['EISDIR', 'is a folder'],
])('a file that cannot be read for %s is said with why', (code, text) => {
  const error = Object.assign(new Error('node says'), { code });
  expect(errorText(fileError(error, '/etc/x.json'))).toContain(text);
});

test.each([
  ['ENOENT', 'mkdir -p /nodir makes it'],
  ['EACCES', 'say a file in a folder that is yours'],
])('a file that cannot be written for %s is said with what to do', (code, text) => {
  const error = Object.assign(new Error('node says'), { code });
  expect(errorText(writeError(error, '/nodir/x.png'))).toContain(text);
});

test.each([
  ['ENOENT', '/nope.sock', 'there is no such socket; vfio-ts serve makes one'],
  ['ENOENT', UUID, `vfio-ts start ${UUID} starts it`],
  ['ECONNREFUSED', '/etc/passwd', 'it is no socket'],
  ['EACCES', '/run/a.sock', 'ask as the user who serves it'],
])('a device that cannot be reached for %s at %s is said with what to do', (code, named, text) => {
  const error = Object.assign(new Error('node says'), { code });
  const socket = named === UUID ? `/run/vfio-ts/${UUID}.sock` : named;
  expect(errorText(unreachable(error, { named, socket }))).toContain(text);
});

const TABLE = [
  'Num       RefCount Protocol Flags    Type St Inode Path',
  '0000000000000000: 00000002 00000000 00010000 0001 01 10 /run/listens.sock',
  '0000000000000000: 00000002 00000000 00010000 0001 01 11 /run/in use.sock',
  '0000000000000000: 00000003 00000000 00000000 0001 03 12 /run/in use.sock',
  '0000000000000000: 00000003 00000000 00000000 0001 03 13',
  '',
].join('\n');

test.each([
  ['/run/in use.sock', true],
  ['/run/listens.sock', false],
  ['/run/other.sock', false],
])('whether %j has connections is read from the kernel’s table', (path, answer) => {
  expect(hasConnections(path, TABLE)).toBe(answer);
});

test.each([
  ['20.20.2', true],
  ['24.10.9', true],
  ['24.11.0', false],
  ['26.10.0', false],
])('Node %s is too old: %s', (version, isTooOld) => {
  expect(tooOld(version)?.includes(version) ?? false).toBe(isTooOld);
});

test.for<readonly [string, NodeJS.ProcessEnv, boolean]>([
  ['are there on a terminal', {}, true],
  ['are not with NO_COLOR', { NO_COLOR: '1' }, false],
])('colours %s', ([, more, isColoured], context) => {
  const terminal = programForTest(context, 'script', 'bsdutils');
  using folder = temporaryFolder();
  const { NO_COLOR: _no, FORCE_COLOR: _force, CI: _ci, ...env } = process.env;
  const command = `${process.execPath} ${main} nonsense; true`;
  const said = execFileSync(terminal, ['-qec', command, join(folder.path, 'log')], {
    env: { ...env, TERM: 'xterm', ...more },
    encoding: 'utf8',
  });
  expect(said).toContain("unknown command 'nonsense'");
  expect(said.includes('\u001B[')).toBe(isColoured);
});
