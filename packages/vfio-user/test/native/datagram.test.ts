import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { expect, onTestFinished, test } from 'vitest';
import { sendDatagram } from '../../src/index.ts';

/** Binds, says so, and prints what comes first. */
const RECEIVER = `
import socket, sys
path = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind('\\0' + path[1:] if path.startswith('@') else path)
print('bound', flush=True)
sys.stdout.write(receiver.recv(4096).decode())
`;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test.for(['a path', 'an abstract name'])('a datagram reaches %s whole', async (kind, ctx) => {
  const python = programForTest(ctx, 'python3', 'python3');
  const path = join(folder(), 'notify');
  const name = kind === 'a path' ? path : `@${path}`;
  const receiver = spawn(python, ['-c', RECEIVER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void receiver.kill('SIGKILL'));
  let said = '';
  receiver.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(receiver.stdout, 'data');
  sendDatagram(name, 'READY=1\nSTATUS=ä');
  await once(receiver, 'close');
  expect(said).toBe('bound\nREADY=1\nSTATUS=ä');
});

test.each([
  ['', 'EINVAL'],
  ['relative', 'EINVAL'],
  ['/a\0b', 'EINVAL'],
  [`/${'x'.repeat(107)}`, 'EINVAL'],
  ['/nonexistent/notify', 'ENOENT'],
  [`@vfio-ts-test-${process.pid}`, 'ECONNREFUSED'],
])('a datagram to %j is %s', (path, code) => {
  expect(() => sendDatagram(path, 'READY=1')).toThrow(expect.objectContaining({ code }));
});
