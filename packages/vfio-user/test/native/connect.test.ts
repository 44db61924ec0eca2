import { expect, test } from 'vitest';
import { BoundSocket } from '../../src/bound-socket.ts';
import { connect } from '../../src/connect.ts';
import { EventLoop } from '../../src/loop.ts';
import { temporaryFolder } from './support.ts';

test('a server that accepts nobody is EAGAIN for who does not want to wait', () => {
  using folder = temporaryFolder();
  const path = `${folder.path}/full.sock`;
  using cleanup = new DisposableStack();
  const bound = cleanup.adopt(new BoundSocket(path, { backlog: 0 }), (socket) => socket.close());
  const loop = cleanup.adopt(new EventLoop(), (one) => one.close());
  cleanup.adopt(connect(bound.path, loop, { dontWait: true }), (first) => first.close());
  expect(() => connect(path, loop, { dontWait: true })).toThrow(/^EAGAIN/u);
});
