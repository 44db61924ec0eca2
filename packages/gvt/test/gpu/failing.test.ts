// One vGPU's own errors are not the other's, although they share the time.

import { ManualClock } from '@vfio-ts/conformance/fakes';
import { expect, test } from 'vitest';
import { SoftGpu } from '../../src/gpu/soft-gpu.ts';
import { cmd, Context, Engine, Guest, MIB, Ram, RCS, SHARE } from './execution/guest.ts';

/** Memory that throws what nobody expects. */
class BrokenRam extends Ram {
  isBroken = false;

  override view(address: number, length: number): Uint8Array | undefined {
    if (this.isBroken) throw new TypeError('made to fail');
    return super.view(address, length);
  }
}

test('an error while one executes ends that one: guest error, and the other goes on', () => {
  const clock = new ManualClock();
  const gpu = new SoftGpu({ pipes: 0 });
  const ram = new BrokenRam(8 * MIB);
  const broken = new Guest({ clock, gpu, ram });
  const other = new Guest({ clock, gpu, share: { ...SHARE, id: 2 } });
  const contexts = [broken, other].map((guest) => {
    const engine = new Engine(guest, RCS);
    const context = new Context(guest, 7);
    const result = guest.global();
    context.emit(...cmd.storeGlobal(result.graphics, 0x1234));
    return { guest, engine, context, result };
  });
  ram.isBroken = true;
  for (const { engine, context } of contexts) engine.submit(context);
  clock.advance(10);
  expect(contexts.map(({ guest, result }) => guest.word(result.physical))).toEqual([0, 0x1234]);
  expect([broken.failsafes, other.failsafes]).toEqual([['guest error'], []]);
  expect(broken.logs.join('\n')).toContain('TypeError: made to fail');
});
