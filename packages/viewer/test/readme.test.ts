import { connect } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeBlocks, Example } from '@vfio-ts/lab';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { expect, test } from 'vitest';
import { readPicture } from '../src/index.ts';

const example = join(import.meta.dirname, 'example.ts');

test('the program in the README is the one that is tested', () => {
  const [program] = codeBlocks(join(import.meta.dirname, '../README.md'));
  expect(program).toBe(readFileSync(example, 'utf8'));
});

test('it shows a display by VNC with a password, and on a page', async () => {
  await using shown = await Example.start(example, []);
  const { vnc, page } = JSON.parse(shown.said);
  expect((await fetch(page)).status).toBe(200);
  const stream = connect(Number(vnc.port), String(vnc.address));
  const picture = await readPicture(stream, { clock: new LinuxClock(), password: 'geheim' });
  expect([picture.width, picture.height]).toEqual([1024, 768]);
  expect(await shown.interrupt()).toEqual([0, null]);
});
