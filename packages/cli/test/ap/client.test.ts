// A guest that is a program: the command serves adapters with the instruction port, a client of another process's
// socket sends requests.

import {
  LinuxClock,
  connect,
  EventLoop,
  linuxClientHost,
  MemfdBackend,
  VfioUserClient,
  watchedSignals,
} from '@vfio-ts/vfio-user';
import { ApClient } from '@vfio-ts/ap/client';
import { expect, test } from 'vitest';
import { printed, ready, run } from '../support.ts';

/** 3^5 mod 1000003, in as many bytes as the modulus. */
const OPERATION = {
  base: Uint8Array.of(3),
  exponent: Uint8Array.of(5),
  modulus: Uint8Array.of(0x0f, 0x42, 0x43),
};

test(
  'requests reach the cards, and the table shows who is at work',
  { timeout: 60_000 },
  async () => {
    const settings = [
      'card=5:CEX8A',
      'card=6:CEX8C',
      'instruction_port=on',
      'assign_adapter=5',
      'assign_adapter=6',
      'assign_domain=4',
    ];
    const served = run('serve', 'ap', ...settings.flatMap((one) => ['--set', one]), '--json');
    const { socket = '' } = await ready(served);
    const [clock, loop] = [new LinuxClock(), new EventLoop()];
    const host = linuxClientHost(clock, { log: () => undefined });
    {
      await using access = await VfioUserClient.attach(connect(socket, loop), { host });
      const options = { memory: new MemfdBackend(), clock, makeSignal: watchedSignals(loop) };
      await using client = await ApClient.open(access, options);
      expect(await client.modExpo(OPERATION)).toEqual(Uint8Array.of(0, 0, 243));
      expect(await client.random(100)).toHaveLength(100);
      const table = (await printed(run('ap', 'ls', socket))).join('\n');
      expect(table).toMatch(/^05 CEX8A +A\*$/mu);
      expect(table).toMatch(/^06 CEX8C +A\*$/mu);
    }
    const after = (await printed(run('ap', 'ls', socket))).join('\n');
    expect(after).toMatch(/^05 CEX8A +A$/mu);
    served.child.kill('SIGTERM');
    expect(await served.ended).toEqual([0, null]);
  },
);
