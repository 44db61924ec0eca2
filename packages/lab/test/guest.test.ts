import { expect, test } from 'vitest';
import { bootGuest, labForTest } from '../src/index.ts';

const TIMEOUT = { timeout: 240_000 };

test('a guest runs commands, resets and powers off', TIMEOUT, async (ctx) => {
  const lab = labForTest(ctx);
  await using guest = await bootGuest({ rootPorts: 1 });
  expect(await guest.run('uname -r')).toEqual({
    output: `${lab.kernels.stable.release}\n`,
    status: 0,
  });
  expect((await guest.run('echo out; echo err >&2; exit 3')).status).toBe(3);
  expect((await guest.run('lspci')).output).toContain('0000:00:08.0 0604: 1b36:000c');
  const found = await guest.run('ls /lib/modules/mdpy-fb.ko; modprobe -D mdpy-fb');
  expect(found.status).toBe(0);
  const applets = 'dd hexdump devmem od md5sum';
  const which = await guest.run(`for a in ${applets}; do command -v $a || exit 1; done`);
  expect(which.status).toBe(0);
  const long = 'y'.repeat(20_000);
  expect((await guest.run(`printf %s ${long} | wc -c`)).output).toBe('20000\n');
  await guest.waitFor(/Run \/init as init process/);

  await guest.run('touch /tmp/mark');
  await guest.reset();
  expect((await guest.run('ls /tmp/mark')).status).not.toBe(0);
  expect(guest.console).toContain('# touch /tmp/mark');

  expect(await guest.powerOff()).toEqual({ code: 0, signal: null });
  await expect(guest.run('true')).rejects.toThrow('QEMU ended');
});

test(
  'a guest of 5 GiB takes only the memory it touches, and can be killed',
  TIMEOUT,
  async (ctx) => {
    labForTest(ctx);
    await using guest = await bootGuest({ memory: '5G' });
    const { output } = await guest.run("awk '/MemTotal/ { print $2 }' /proc/meminfo");
    expect(Number(output)).toBeGreaterThan(4.5 * 1024 * 1024);
    const status: unknown = await guest.monitor('query-status');
    expect(status).toMatchObject({ status: 'running' });
    const waiting = guest.run('sleep 600');
    waiting.catch(() => {});
    expect(await guest.kill()).toEqual({ code: null, signal: 'SIGKILL' });
    await expect(waiting).rejects.toThrow('QEMU ended with SIGKILL');
  },
);

test("QEMU's refusal is in the error", TIMEOUT, async (ctx) => {
  labForTest(ctx);
  await expect(bootGuest({ devices: ['/nonexistent/socket'] })).rejects.toThrow(
    /QEMU ended with status 1[^]*Failed to connect/,
  );
});
