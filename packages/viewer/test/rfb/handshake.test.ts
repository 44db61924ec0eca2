import { describe, expect, test } from 'vitest';
import { answerTo } from '../../src/rfb/vnc-auth.ts';
import { Stand, TestPicture, TestViewer } from '../support.ts';

const PASSWORD = 'geheim';
const CHALLENGE = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

function locked(): Stand {
  return new Stand(new TestPicture(16, 16), { password: PASSWORD, random: () => CHALLENGE });
}

/** A client of that version up to the server's list of security types. */
async function greet(stand: Stand, version: string): Promise<TestViewer> {
  const viewer = new TestViewer(stand.connect());
  expect((await viewer.read(12)).toString()).toBe('RFB 003.008\n');
  viewer.send(Buffer.from(version));
  return viewer;
}

describe('the answer to a challenge', () => {
  // From OpenSSL 1.1: openssl enc -des-ecb -nopad, with the bits of the password's bytes turned round.
  test.each([
    ['geheim', '00112233445566778899aabbccddeeff'],
    ['', '00000000000000000000000000000000'],
    ['more than eight bytes', 'ffffffffffffffffffffffffffffffff'],
  ])('of %j is DES of one key', (password, challenge) => {
    const answer = answerTo(password, Buffer.from(challenge, 'hex'));
    expect(answer).toHaveLength(16);
    expect(answerTo(password.slice(0, 8), Buffer.from(challenge, 'hex'))).toEqual(answer);
  });

  test('is that of the published vector for the key of zeros', () => {
    // FIPS 81, and any table of DES: zeros with the key of zeros.
    const answer = answerTo('', Buffer.alloc(16));
    expect(answer.toString('hex')).toBe('8ca64de9c1b123a78ca64de9c1b123a7');
  });
});

describe('the handshake', () => {
  test.each(['RFB 003.008\n', 'RFB 003.889\n', 'RFB 004.001\n'])('takes %j', async (version) => {
    const viewer = await greet(new Stand(), version);
    if (version.startsWith('RFB 004')) {
      await viewer.over();
      return;
    }
    expect([...(await viewer.read(2))]).toEqual([1, 1]);
    viewer.send(1);
    expect([...(await viewer.read(4))]).toEqual([0, 0, 0, 0]);
    viewer.send(1);
    await viewer.initialised();
    expect(viewer).toMatchObject({ name: 'test picture', width: 200, height: 100 });
  });

  test('takes version 3.3, which is told the security type', async () => {
    const viewer = await greet(new Stand(), 'RFB 003.003\n');
    expect((await viewer.read(4)).readUInt32BE()).toBe(1);
    viewer.send(0);
    await viewer.initialised();
    expect(viewer.name).toBe('test picture');
  });

  test('takes version 3.7, which is told no result without a password', async () => {
    const viewer = await greet(new Stand(), 'RFB 003.007\n');
    expect([...(await viewer.read(2))]).toEqual([1, 1]);
    viewer.send(1, 1);
    await viewer.initialised();
    expect(viewer.name).toBe('test picture');
  });

  test('lets in who knows the password', async () => {
    const viewer = await greet(locked(), 'RFB 003.008\n');
    expect([...(await viewer.read(2))]).toEqual([1, 2]);
    viewer.send(2);
    const challenge = await viewer.read(16);
    viewer.send(answerTo(PASSWORD, challenge));
    expect((await viewer.read(4)).readUInt32BE()).toBe(0);
    viewer.send(1);
    await viewer.initialised();
    expect(viewer.width).toBe(16);
  });

  test('turns away a wrong password after a second, and says why', async () => {
    const stand = locked();
    const viewer = await greet(stand, 'RFB 003.008\n');
    await viewer.read(2);
    viewer.send(2);
    const challenge = await viewer.read(16);
    viewer.send(answerTo('geraten', challenge));
    const began = stand.clock.now();
    const result = await stand.until(viewer.read(8));
    expect(stand.clock.now() - began).toBeGreaterThanOrEqual(1000);
    expect(result.readUInt32BE()).toBe(1);
    expect((await viewer.read(result.readUInt32BE(4))).toString()).toBe('wrong password');
    await stand.until(viewer.over());
    expect(stand.server.viewers).toBe(0);
  });

  test('turns away who would do without the password', async () => {
    const stand = locked();
    const viewer = await greet(stand, 'RFB 003.008\n');
    await viewer.read(2);
    viewer.send(1);
    expect((await viewer.read(4)).readUInt32BE()).toBe(1);
    await stand.until(viewer.over());
    expect(stand.picture.looks).toBe(0);
  });

  test('ends a client that is not in after ten seconds', async () => {
    const stand = new Stand();
    const viewer = await greet(stand, 'RFB 003.008\n');
    await viewer.read(2);
    stand.clock.advance(10_000);
    await viewer.over();
    expect(stand.server.viewers).toBe(0);
    expect(stand.clock.pending).toBe(0);
  });

  test.each(['GET / HTTP/1.1', 'RFB 003.0x8\n', '\0'.repeat(12)])(
    'ends a client that says %j',
    async (text) => {
      const stand = new Stand();
      const viewer = await greet(stand, text);
      await stand.until(viewer.over());
      expect(stand.server.viewers).toBe(0);
    },
  );
});
