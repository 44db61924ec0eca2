import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Stand, settle, TestPicture, type Message, type TestViewer } from '../support.ts';

const COPY = 1;
const TIGHT = 7;
const TIGHT_PNG = -260;
const SIZE = -223;
const EXTENDED_SIZE = -308;
const FENCE = -312;
const CONTINUOUS = -313;
const FAST = -256;
const EVERYTHING = [COPY, TIGHT, 0, SIZE, EXTENDED_SIZE];

/** The next update, carried out. */
async function update(stand: Stand, viewer: TestViewer): Promise<readonly number[]> {
  const message = await stand.until(viewer.message());
  if (message.tag !== 'update') throw new Error(`${message.tag} in place of an update`);
  return message.encodings;
}

async function first(stand: Stand, encodings: readonly number[]): Promise<TestViewer> {
  const viewer = await stand.viewer(encodings);
  viewer.request(false);
  await update(stand, viewer);
  return viewer;
}

describe('a viewer', () => {
  test.each([
    ['raw', [0], 0],
    ['tight', [TIGHT, 0], TIGHT],
  ] as const)('has the picture after its first request, %s', async (_name, encodings, used) => {
    const stand = new Stand();
    stand.picture.fill(0x336699, 20, 10, 100, 50);
    const viewer = await stand.viewer(encodings);
    viewer.request(false);
    expect(new Set(await update(stand, viewer))).toEqual(new Set([used]));
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test.each([
    ['two colours', 2],
    ['few colours', 200],
  ])('that reads images is sent %s as one', async (_name, colours) => {
    const stand = new Stand(new TestPicture(301, 200));
    for (let i = 0; i < 301 * 200; i++) stand.picture.pixels[i] = (i % colours) * 0x10203;
    const viewer = await stand.viewer([TIGHT, TIGHT_PNG, 0]);
    viewer.request(false);
    expect(await update(stand, viewer)).toEqual([TIGHT_PNG]);
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('that reads images is sent a small change as pixels', async () => {
    const stand = new Stand();
    const viewer = await first(stand, [TIGHT, TIGHT_PNG, 0]);
    viewer.request();
    stand.picture.fill(0xff, 70, 20, 1, 1);
    expect(await update(stand, viewer)).toEqual([TIGHT]);
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('that reads images is sent them behind raw pixels', async () => {
    const stand = new Stand(new TestPicture(1024, 512));
    for (let i = 0; i < 1024 * 512; i++) stand.picture.pixels[i] = i < 1024 * 256 ? i & 1 : i;
    const viewer = await stand.viewer([TIGHT, TIGHT_PNG, 0, FAST]);
    viewer.request(false);
    expect(await update(stand, viewer)).toEqual([0, TIGHT_PNG]);
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('is sent nothing before it asks', async () => {
    const stand = new Stand();
    const viewer = await stand.viewer();
    const before = viewer.received;
    stand.picture.fill(0xff);
    await stand.pass(3);
    expect(viewer.received).toBe(before);
  });

  test('waits for a change, and is sent that and no more', async () => {
    const stand = new Stand();
    const viewer = await first(stand, [0]);
    viewer.request();
    const before = viewer.received;
    await stand.pass(5);
    expect(viewer.received).toBe(before);
    stand.picture.fill(0xff, 70, 20, 1, 1);
    expect(await update(stand, viewer)).toEqual([0]);
    expect(viewer.received - before).toBe(4 + 12 + 64 * 16 * 4);
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('is sent a scroll as a copy and the line that is new', async () => {
    const stand = new Stand(new TestPicture(320, 320));
    for (let y = 0; y < 320; y++) stand.picture.fill(y * 0x10203, 0, y, 320, 1);
    const viewer = await first(stand, EVERYTHING);
    viewer.request();
    await settle();
    stand.picture.pixels.copyWithin(0, 16 * 320);
    stand.picture.fill(0x77, 0, 304, 320, 16);
    expect(await update(stand, viewer)).toEqual([COPY, TIGHT]);
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('that has not asked when the picture scrolls is sent what has changed', async () => {
    const stand = new Stand(new TestPicture(320, 320));
    for (let y = 0; y < 320; y++) stand.picture.fill(y * 0x10203, 0, y, 320, 1);
    const late = await first(stand, EVERYTHING);
    const other = await first(stand, EVERYTHING);
    other.request();
    await settle();
    stand.picture.pixels.copyWithin(0, 16 * 320);
    await update(stand, other);
    late.request();
    expect(await update(stand, late)).not.toContain(COPY);
    expect(late.pixels).toEqual(stand.picture.visible);
    expect(other.pixels).toEqual(stand.picture.visible);
  });

  test.each([
    ['plain', SIZE],
    ['extended', EXTENDED_SIZE],
  ])('follows a change of the resolution (%s)', async (_kind, encoding) => {
    const stand = new Stand();
    const viewer = await first(stand, [0, encoding]);
    stand.picture.resize(300, 40);
    stand.picture.fill(0xabcdef, 10, 10, 200, 20);
    viewer.request();
    expect(await update(stand, viewer)).toEqual([encoding]);
    expect([viewer.width, viewer.height]).toEqual([300, 40]);
    viewer.request();
    await update(stand, viewer);
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('that knows no other size is sent what fits', async () => {
    const stand = new Stand();
    const viewer = await first(stand, [0]);
    stand.picture.resize(300, 40);
    stand.picture.fill(0xabcdef);
    viewer.request();
    await update(stand, viewer);
    expect(viewer.pixels.subarray(0, 200 * 40)).toEqual(new Uint32Array(200 * 40).fill(0xabcdef));
  });

  test('that wants another size is told that it does not get it', async () => {
    const stand = new Stand();
    const viewer = await first(stand, [0, EXTENDED_SIZE]);
    viewer.send(251, Buffer.from('000400030100', 'hex'), 0, Buffer.alloc(16));
    expect(await update(stand, viewer)).toEqual([EXTENDED_SIZE]);
    expect(viewer.width).toBe(200);
  });

  test('keeps the last picture while the plane is off', async () => {
    const stand = new Stand();
    stand.picture.fill(0xff);
    const viewer = await first(stand, [0]);
    viewer.request();
    stand.picture.isOff = true;
    await stand.pass(3);
    stand.picture.isOff = false;
    stand.picture.fill(0xff00, 0, 0, 1, 1);
    await update(stand, viewer);
    expect(viewer.pixels).toEqual(stand.picture.visible);
  });

  test('of a picture that cannot be had is told black, and the log why, once', async () => {
    const stand = new Stand();
    stand.picture.frame = () => {
      throw new Error('no such region');
    };
    const viewer = await first(stand, [0]);
    viewer.request();
    await stand.pass(5);
    expect([viewer.width, viewer.height, viewer.pixels[0]]).toEqual([640, 480, 0]);
    expect(stand.logger.at('warn').map(({ message }) => message)).toEqual([
      'no picture of test picture',
    ]);
  });

  test('with a colour map is sent one, and pixels of it', async () => {
    const stand = new Stand();
    stand.picture.fill(0xff0000);
    const viewer = await stand.viewer();
    viewer.send(0, 0, 0, 0, Buffer.from('08080000000000000000000000000000', 'hex'));
    const message = await stand.until(viewer.message());
    expect(message.tag === 'colours' ? message.map.slice(7 * 3, 8 * 3) : []).toEqual([
      0xffff, 0, 0,
    ]);
    viewer.request(false);
    await stand.until(viewer.read(4 + 12));
    expect((await viewer.read(1))[0]).toBe(7);
  });
});

async function beginContinuous(stand: Stand): Promise<TestViewer> {
  const viewer = await stand.viewer([TIGHT, 0, FENCE, CONTINUOUS, FAST]);
  const said: Message['tag'][] = [];
  for (let i = 0; i < 2; i++) said.push((await stand.until(viewer.message())).tag);
  expect(said).toEqual(['fence', 'end of continuous updates']);
  viewer.request(false);
  await update(stand, viewer);
  viewer.continuous(true);
  await settle();
  return viewer;
}

describe('continuous updates', () => {
  test('come without being asked for, each with a fence behind it', async () => {
    const stand = new Stand();
    const viewer = await beginContinuous(stand);
    for (const colour of [1, 2, 3]) {
      stand.picture.fill(colour);
      await update(stand, viewer);
      expect(viewer.pixels[0]).toBe(colour);
      const fence = await stand.until(viewer.message());
      if (fence.tag !== 'fence') throw new Error(fence.tag);
      viewer.fence(0, fence.payload);
      await settle();
    }
  });

  test('stop at two that are not answered, and go on with the newest picture', async () => {
    const stand = new Stand();
    const viewer = await beginContinuous(stand);
    const fences: Message[] = [];
    for (const colour of [1, 2]) {
      stand.picture.fill(colour);
      await update(stand, viewer);
      fences.push(await stand.until(viewer.message()));
    }
    const before = viewer.received;
    const { looks } = stand.picture;
    for (const colour of [3, 4, 5]) {
      stand.picture.fill(colour);
      await stand.pass();
    }
    expect(viewer.received).toBe(before);
    expect(stand.picture.looks).toBe(looks);
    for (const fence of fences) if (fence.tag === 'fence') viewer.fence(0, fence.payload);
    await update(stand, viewer);
    expect(viewer.pixels[0]).toBe(5);
  });

  test('an answer to a fence that was never sent opens nothing', async () => {
    const stand = new Stand();
    const viewer = await beginContinuous(stand);
    for (const colour of [1, 2]) {
      stand.picture.fill(colour);
      await update(stand, viewer);
      await stand.until(viewer.message());
    }
    for (let i = 0; i < 10; i++) viewer.fence(0, Buffer.from([9, 9, 9, i]));
    const before = viewer.received;
    stand.picture.fill(3);
    await stand.pass(3);
    expect(viewer.received).toBe(before);
  });

  test('end when the client says so', async () => {
    const stand = new Stand();
    const viewer = await beginContinuous(stand);
    viewer.continuous(false);
    expect(await stand.until(viewer.message())).toEqual({ tag: 'end of continuous updates' });
    stand.picture.fill(9);
    const before = viewer.received;
    await stand.pass(3);
    expect(viewer.received).toBe(before);
  });

  test('a fence of the client is answered without its request', async () => {
    const stand = new Stand();
    const viewer = await beginContinuous(stand);
    viewer.fence(0x8000_0005, Buffer.from('hello'));
    expect(await stand.until(viewer.message())).toEqual({
      tag: 'fence',
      flags: 5,
      payload: Buffer.from('hello'),
    });
  });
});

describe('encodings', () => {
  test('one colour, two, few and many arrive as they are', async () => {
    const stand = new Stand(new TestPicture(150, 70));
    const viewer = await first(stand, [TIGHT, 0, -247]);
    const draw: ((i: number) => number)[] = [
      () => 0x123456,
      (i) => (i % 3 === 0 ? 0xaaaaaa : 0),
      (i) => (i % 256) * 0x010203,
      (i) => (i * 7919) & 0xff_ffff,
      (i) => 0xff00_0000 + (i % 2),
    ];
    for (const one of draw) {
      for (let i = 0; i < stand.picture.pixels.length; i++) stand.picture.pixels[i] = one(i);
      viewer.request();
      await update(stand, viewer);
      expect(viewer.pixels).toEqual(stand.picture.visible);
    }
  });

  test('any pictures in a row arrive as they are, by any of them', async () => {
    expect.hasAssertions();
    const colours = fc.constantFrom(1, 2, 5, 300, 2 ** 24);
    const drawing = fc.record({ colours, seed: fc.nat(), rows: fc.integer({ min: 1, max: 60 }) });
    const lists = fc.constantFrom([0], [TIGHT], [TIGHT, FAST], EVERYTHING, [COPY, 0]);
    await fc.assert(
      fc.asyncProperty(lists, fc.array(drawing, { maxLength: 4 }), async (encodings, drawings) => {
        const stand = new Stand(new TestPicture(67, 60, 1));
        const viewer = await first(stand, encodings);
        for (const { colours: count, seed, rows } of drawings) {
          const { pixels } = stand.picture;
          for (let i = 0; i < rows * 68; i++)
            pixels[i] = (Math.imul(i ^ seed, 0x9e37_79b1) >>> 8) % count;
          viewer.request();
          await stand.pass(2);
          viewer.request(false);
          const { visible } = stand.picture;
          while (!viewer.pixels.every((pixel, i) => pixel === visible[i])) {
            await update(stand, viewer);
          }
          expect(viewer.pixels).toEqual(visible);
        }
        await stand.server.close();
      }),
      { numRuns: 25 },
    );
  });
});
