// Clients that do not keep to the protocol: they are ended, and nobody else is.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Stand, settle, TestPicture } from '../support.ts';

describe('a client is ended that', () => {
  test.each<readonly [string, string]>([
    ['sends an unknown message', '63'],
    ['has pixels of 24 bits', '0000000018180001000000000000000000000000'],
    ['has colours wider than a pixel', '00000000080800010100ff00ff00ff100800000000'],
    ['has colours that are no mask', '0000000020180001000500ff00ff100800000000'],
    ['lists too many encodings', '0200ffff'],
    ['has a fence that is too long', 'f80000008000000041'],
    ['enables updates it has not listed', '96010000000000000000'],
    ['sends an unknown message of QEMU', 'ff07'],
  ])('%s', async (_what, hex) => {
    const stand = new Stand();
    const other = await stand.viewer();
    const viewer = await stand.viewer();
    viewer.send(Buffer.from(hex, 'hex'));
    await stand.until(viewer.over());
    expect(stand.server.viewers).toBe(1);
    expect(other.isOver).toBe(false);
  });

  test('asks for answers without end and reads none', async () => {
    const stand = new Stand();
    const viewer = await stand.viewer([0, -312]);
    await settle();
    viewer.stream.pause();
    const before = process.memoryUsage().arrayBuffers;
    const fences = Buffer.alloc(73 * 1000);
    for (let at = 0; at < fences.length; at += 73) {
      fences.writeUInt8(248, at);
      fences.writeUInt32BE(0x8000_0000, at + 4);
      fences.writeUInt8(64, at + 8);
    }
    let sent = 0;
    for (; sent < 300 && !viewer.isOver; sent++) {
      viewer.send(fences);
      await settle();
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 26);
    }
    expect(sent).toBeLessThan(300);
    expect(stand.server.viewers).toBe(0);
  });
});

describe('a client that does not read', () => {
  test('is sent no picture, and nobody looks for it', async () => {
    const stand = new Stand(new TestPicture(1600, 1200));
    const viewer = await stand.viewer([0, -312]);
    viewer.stream.pause();
    for (let i = 0; i < 200 && !viewer.isOver; i++) {
      viewer.request(false);
      viewer.fence(0x8000_0000, Buffer.alloc(64));
      await stand.pass();
    }
    expect(stand.picture.looks).toBeLessThan(10);
  });
});

test('text of a clipboard is passed over, however long it is said to be', async () => {
  const stand = new Stand();
  const viewer = await stand.viewer();
  viewer.send(Buffer.from('0600000000100000', 'hex'), Buffer.alloc(2 ** 20));
  viewer.send(4, Buffer.alloc(7), 5, Buffer.alloc(5), 255, 0, Buffer.alloc(10));
  viewer.request(false);
  expect((await stand.until(viewer.message())).tag).toBe('update');
});

test('whatever is sent in whatever pieces, others see the picture', async () => {
  const stand = new Stand(new TestPicture(64, 16));
  const other = await stand.viewer();
  const chunk = fc.uint8Array({ maxLength: 60 });
  const valid = fc.constantFrom(
    Buffer.from('RFB 003.008\n'),
    Buffer.of(1, 1),
    Buffer.from('0200000300000000000000070000fec8', 'hex'),
    Buffer.from('03000000000000400010', 'hex'),
    Buffer.from('f800000080000000046162', 'hex'),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(valid, chunk), { maxLength: 20 }), async (chunks) => {
      const stream = stand.connect();
      stream.resume();
      for (const one of chunks) stream.write(one);
      await settle();
      stand.clock.advance(17);
      stream.destroy();
      await settle();
    }),
    { numRuns: 60 },
  );
  stand.picture.fill(0x55);
  other.request(false);
  await stand.until(other.message());
  expect(other.pixels).toEqual(stand.picture.visible);
  expect(stand.server.viewers).toBe(1);
});
