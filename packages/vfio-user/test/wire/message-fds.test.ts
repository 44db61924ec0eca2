import { expect, test } from 'vitest';
import { MessageFds } from '../../src/message-fds.ts';
import { FdTable } from './support/fake-fd.ts';

test('descriptors of a message are closed unless somebody took them', () => {
  const table = new FdTable();
  const [kept, left] = [table.eventfd(), table.eventfd()];
  const fds = new MessageFds();
  fds.receive([kept, left]);
  fds.take(kept);
  fds.closeRest();
  expect([kept.number >= 0, left.number >= 0]).toEqual([true, false]);
  expect(fds.count).toBe(0);
});

test('a descriptor that was taken from one message is not taken from the next', () => {
  const table = new FdTable();
  const fd = table.eventfd();
  const fds = new MessageFds();
  fds.receive([fd]);
  fds.take(fd);
  fds.closeRest();
  fds.receive([fd]);
  fds.closeRest();
  expect(table.openCount).toBe(0);
});
