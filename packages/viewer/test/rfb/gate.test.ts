import { duplexPair, type Duplex } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { passGate, readPicture } from '../../src/index.ts';
import { answerTo } from '../../src/rfb/vnc-auth.ts';
import { Stand, settle, TestPicture, TestViewer } from '../support.ts';

const PASSWORD = 'geheim';

function gate(stand: Stand, connect: () => Promise<Duplex> = async () => stand.connect()): Duplex {
  const [ours, theirs] = duplexPair();
  ours.on('error', () => undefined);
  theirs.on('close', () => void settle().then(() => ours.destroy()));
  ours.on('close', () => theirs.destroy());
  const { clock, logger } = stand;
  void passGate(theirs, { clock, logger, password: PASSWORD, connect });
  return ours;
}

describe('a gate', () => {
  test('lets through who knows the password, to the picture', async () => {
    const stand = new Stand(new TestPicture(40, 30));
    stand.picture.fill(0x102030);
    const { clock } = stand;
    const picture = await stand.until(readPicture(gate(stand), { clock, password: PASSWORD }));
    expect([picture.width, picture.height]).toEqual([40, 30]);
    expect([...picture.rgba.subarray(0, 4)]).toEqual([0x10, 0x20, 0x30, 255]);
    await settle();
    expect(stand.server.viewers).toBe(0);
  });

  test.each(['falsch', undefined])('turns away who has %s', async (password) => {
    const stand = new Stand();
    const { clock } = stand;
    const reading = readPicture(gate(stand), {
      clock,
      ...(password !== undefined && { password }),
    });
    await expect(stand.until(reading)).rejects.toMatchObject({ code: 'EACCES' });
    expect(stand.server.viewers).toBe(0);
    expect(stand.picture.looks).toBe(0);
  });

  test('passes on what a client says in one breath with its password', async () => {
    const stand = new Stand(new TestPicture(40, 30));
    stand.picture.fill(0x102030);
    const viewer = new TestViewer(gate(stand));
    const said = async (): Promise<void> => {
      await viewer.read(12);
      viewer.send(Buffer.from('RFB 003.008\n'));
      await viewer.read(2);
      viewer.send(2);
      const request = Buffer.from([3, 0, 0, 0, 0, 0, 0, 40, 0, 30]);
      viewer.send(answerTo(PASSWORD, await viewer.read(16)), 1, request);
      await viewer.read(4);
      await viewer.initialised();
      await viewer.message();
    };
    await stand.until(said());
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('ends a client that says nothing', async () => {
    const stand = new Stand();
    const client = gate(stand);
    client.resume();
    const closed = new Promise((resolve) => void client.once('close', resolve));
    await stand.until(closed);
    expect(stand.clock.pending).toBe(0);
  });

  test('ends a client behind which there is no server', async () => {
    const stand = new Stand();
    const client = gate(stand, () => Promise.reject(new Error('gone')));
    const reading = readPicture(client, { clock: stand.clock, password: PASSWORD });
    await expect(stand.until(reading)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
