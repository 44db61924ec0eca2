import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { CcwClient, input } from '@vfio-ts/ccw/client';
import { decodeEbcdic } from '@vfio-ts/ccw';
import { Example } from '@vfio-ts/lab';
import {
  connect,
  EventLoop,
  LinuxClock,
  linuxClientHost,
  MemfdBackend,
  VfioUserClient,
  watchedSignals,
} from '@vfio-ts/vfio-user';
import { expect, onTestFinished, test } from 'vitest';

const PROGRAM = join(import.meta.dirname, '../src/serve-reader.ts');

test('the program of the guide reads a deck until it is interrupted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-reader-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [deck, path] = [join(folder, 'deck.txt'), join(folder, 'reader.sock')];
  writeFileSync(deck, '//HELLO JOB\n//\n');
  await using served = await Example.start(PROGRAM, [deck, path]);
  expect(served.said).toBe(`serving on ${path}, Ctrl-C ends it\n`);
  const [loop, clock, memory] = [new EventLoop(), new LinuxClock(), new MemfdBackend()];
  const host = linuxClientHost(clock, new RecordingLogger());
  {
    await using access = await VfioUserClient.attach(connect(path, loop), { host });
    const makeSignal = watchedSignals(loop);
    await using reader = await CcwClient.open(access, { memory, clock, makeSignal });
    const { irb, data } = await reader.run([input(0x02, 80), input(0x02, 80)]);
    const cards = data.map((card) => decodeEbcdic(card).trimEnd());
    expect(cards).toEqual(['//HELLO JOB', '//']);
    expect(irb.scsw.deviceStatus).toBe(0x0c);
  }
  expect(await served.interrupt()).toEqual([0, null]);
});
