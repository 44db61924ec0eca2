import { connect } from 'node:net';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CcwClient, input, output } from '@vfio-ts/ccw/client';
import {
  connect as connectTo,
  EventLoop,
  LinuxClock,
  linuxClientHost,
  MemfdBackend,
  VfioUserClient,
} from '@vfio-ts/vfio-user';
import { describe, expect, test } from 'vitest';
import { readSysfs } from '../../src/sysfs/told.ts';
import { folder, said, start, volume } from './support.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

/** Runs chains on a device that is served in this process. */
async function withClient<T>(socket: string, work: (ccw: CcwClient) => Promise<T>): Promise<T> {
  const loop = new EventLoop({ turn: 0 });
  const clock = new LinuxClock();
  const host = linuxClientHost(clock, { log: () => undefined });
  await using access = await VfioUserClient.attach(connectTo(socket, loop), { host });
  await using ccw = await CcwClient.open(access, { memory: new MemfdBackend(), clock });
  return await work(ccw);
}

const SENSE_ID = input(0xe4, 7, { sli: true });

describe('serve ccw', () => {
  test('serves a DASD, says what is on it, and gives the image back', async () => {
    const image = await volume();
    const socket = join(folder(), 'd.sock');
    const serving = start('serve', 'ccw:dasd', '--set', `image=${image}`, '--socket', socket);
    await serving.line('Ctrl-C');
    const text = serving.printed.join('\n');
    expect(text).toContain('it is 0.0.1000 on subchannel 0.0.0000: 3390, 3 cylinders of 15 tracks');
    expect(text).toContain('volume LNX001');
    expect(text).not.toContain('QEMU');
    const { data } = await withClient(socket, (ccw) => ccw.run([SENSE_ID]));
    expect(data[0]?.toHex()).toBe('ff3990e9339002');
    expect(await serving.stop()).toBe(0);
    expect((await said('ccw', 'ls', image)).exit).toBe(0);
  });

  test('serves a DASD that tells its guest what it offers', async () => {
    const image = await volume();
    const socket = join(folder(), 'd.sock');
    const settings = [`image=${image}`, 'ese=on', 'prefix=on'].flatMap((set) => ['--set', set]);
    const serving = start('serve', 'ccw:dasd', ...settings, '--socket', socket);
    await serving.line('Ctrl-C');
    const features = [
      output(0x27, Uint8Array.fromHex('180000000000410000000000')),
      input(0x3e, 256),
    ];
    const { data } = await withClient(socket, (ccw) => ccw.run(features));
    expect([data[1]?.[8], data[1]?.[56]]).toEqual([0x01, 0x01]);
    expect(await serving.stop()).toBe(0);
  });

  test('says where a terminal connects', async () => {
    const serving = start('serve', 'ccw:3270');
    const line = await serving.line('c3270');
    const [, host = '', port = ''] = /c3270 (.+):(\d+)$/u.exec(line) ?? [];
    const socket = connect(Number(port), host);
    await once(socket, 'data');
    socket.destroy();
    expect(await serving.stop()).toBe(0);
  });

  test('serves a tape', async () => {
    const path = join(folder(), 'new.aws');
    const { exit, printed } = await said('serve', 'ccw:tape', '--set', `file=${path}`);
    expect(exit).toBe(0);
    expect(printed.join('\n')).toContain('3490 with the tape');
  });

  test('tells programs what it tells people', async () => {
    const image = await volume();
    const argv = ['ccw:dasd', '--set', `image=${image}`, '--set', 'readonly=on', '--json'];
    const { printed } = await said('serve', ...argv, '--set', 'devno=12ab');
    expect(JSON.parse(printed.join())).toMatchObject({
      driver: 'ccw',
      type: 'vfio_ccw-io',
      devno: '0.0.12ab',
      device: 'dasd',
      volume: 'LNX001',
      cylinders: 3,
      isReadOnly: true,
    });
  });

  test('serves what definitions say, several in one process', async () => {
    const files = [await volume('a', 'VOL00A'), await volume('b', 'VOL00B')].map((image, i) => {
      const file = join(folder(), UUID.replace('1001', `100${i}`));
      const attrs = [{ device: 'dasd' }, { image }];
      writeFileSync(file, JSON.stringify({ mdev_type: 'vfio_ccw-io', start: 'manual', attrs }));
      return file;
    });
    const argv = files.flatMap((file) => ['--mdev', file]);
    const { exit, printed } = await said('serve', ...argv, '--json');
    const told = printed.map((line): unknown => JSON.parse(line));
    expect(exit).toBe(0);
    expect(told).toMatchObject([
      { volume: 'VOL00A', subchannel: '0.0.0000', devno: '0.0.1000' },
      { volume: 'VOL00B', subchannel: '0.0.0001', devno: '0.0.1001' },
    ]);
  });

  test('tells the files of subchannels and channel paths', async () => {
    const socket = join(folder(), 'd.sock');
    const serving = start('serve', 'ccw:3270', '--socket', socket, '--set', 'devno=4711');
    await serving.line('Ctrl-C');
    const dump = await readSysfs(socket);
    const text = (path: string): unknown => dump.find((entry) => entry.path === path);
    const at = 'devices/css0/0.0.0000';
    expect(text(`${at}/pimpampom`)).toMatchObject({ text: '80 80 80\n' });
    expect(text(`${at}/chpids`)).toMatchObject({ text: '44 00 00 00 00 00 00 00\n' });
    expect(text(`${at}/dev_busid`)).toMatchObject({ text: '0.0.4711\n' });
    expect(text('devices/css0/chp0.44/type')).toMatchObject({ text: '1b\n' });
    expect(text('bus/css/devices/0.0.0000')).toMatchObject({ kind: 'link', target: at });
    expect(await serving.stop()).toBe(0);
  });

  test('says who has an image that another process serves', async () => {
    const image = await volume();
    const serving = start('serve', 'ccw:dasd', '--set', `image=${image}`);
    await serving.line('Ctrl-C');
    const { exit, noted } = await said('serve', 'ccw:dasd', '--set', `image=${image}`);
    expect(exit).toBe(1);
    expect(noted.join('\n')).toContain(`${image} is in use`);
    expect(await serving.stop()).toBe(0);
  });

  test('says what is wrong with an image', async () => {
    const image = join(folder(), 'text');
    writeFileSync(image, 'text'.repeat(1000));
    const { exit, noted } = await said('serve', 'ccw:dasd', '--set', `image=${image}`);
    expect(exit).toBe(1);
    expect(noted.join('\n')).toContain('has to be a CKD image');
  });

  test('says which port is taken', async () => {
    const first = start('serve', 'ccw:3270');
    const port = /:(\d+)$/u.exec(await first.line('c3270'))?.[1];
    const { exit, noted } = await said('serve', 'ccw:3270', '--set', `port=${port}`);
    expect(exit).toBe(1);
    expect(noted.join('\n')).toContain('say another with --set port=N');
  });

  test('gives back what it has made when one of several cannot be', async () => {
    const image = await volume();
    const [good, bad] = [image, join(folder(), 'none')].map((path, i) => {
      const file = join(folder(), UUID.replace('1001', `100${i}`));
      const attrs = [{ device: 'dasd' }, { image: path }];
      writeFileSync(file, JSON.stringify({ mdev_type: 'vfio_ccw-io', start: 'manual', attrs }));
      return file;
    });
    const { exit } = await said('serve', '--mdev', good ?? '', '--mdev', bad ?? '');
    expect(exit).toBe(1);
    expect((await said('ccw', 'ls', image)).exit).toBe(0);
  });
});

describe('ccw trace', () => {
  test('prints the chains that end while it looks', async () => {
    const socket = join(folder(), 'd.sock');
    const image = await volume();
    const serving = start('serve', 'ccw:dasd', '--set', `image=${image}`, '--socket', socket);
    await serving.line('Ctrl-C');
    await withClient(socket, (ccw) => ccw.run([SENSE_ID]));
    const tracing = start('ccw', 'trace', socket);
    const raw = start('ccw', 'trace', '--json', socket);
    const told = Promise.all([tracing.line('CE DE < '), raw.line('"commands"')]);
    await withClient(socket, async (ccw) => {
      // Their connections are taken in a turn of the loop that this test does not see.
      const state = { isTold: false };
      void told.then(() => (state.isTold = true));
      while (!state.isTold) await ccw.run([input(0x64, 64)]);
    });
    expect(tracing.printed[0]).toMatch(/^[\d:.]{12} dasd 0\.0\.1000$/u);
    expect(tracing.printed[1]).toMatch(
      /^64 Read Device Characteristics +64 {2}CE DE < 3990e9 ?33/u,
    );
    expect(tracing.printed.join('\n')).not.toContain('Sense ID');
    const [, line] = await told;
    expect(JSON.parse(line)).toMatchObject({
      kind: 'dasd',
      unit: 'dasd 0.0.1000',
      commands: [{ code: 0x64 }],
    });
    expect(await tracing.stop()).toBe(0);
    expect(await serving.stop()).toBe(0);
    // The server's end is the end of what it tells.
    expect(await raw.stop()).toBe(0);
  });

  test('says that nobody serves there', async () => {
    const { exit, noted } = await said('ccw', 'trace', join(folder(), 'none.sock'));
    expect(exit).toBe(1);
    expect(noted.join()).toContain('nobody serves a device');
  });
});
