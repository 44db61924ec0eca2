import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DE_PORT_IRQ,
  engineInterrupt,
  GT_CONTEXT_SWITCH_INTERRUPT,
  GT_RENDER_USER_INTERRUPT,
  IER,
  IIR,
  IMR,
  INTERRUPT_GROUPS,
  ISR,
  pipeInterrupt,
  SDE_IRQ,
} from '../../../src/gpu/interrupts/groups.ts';
import { GEN8_MASTER_IRQ, InterruptRouter } from '../../../src/gpu/interrupts/router.ts';
import type { InterruptSource } from '../../../src/gpu/interrupts/source.ts';
import { ENGINES } from '../../../src/gpu/registers/engines.ts';
import { RegisterFile } from '../../../src/gpu/registers/register-file.ts';

const OPEN = 0x8000_0000;
const VBLANK = pipeInterrupt(0, 0);

class Guest {
  readonly file = new RegisterFile();
  readonly router: InterruptRouter;
  messages = 0;

  constructor() {
    this.router = new InterruptRouter(this.file, () => void this.messages++);
    this.file.add(this.router.family);
  }

  /** Unmasks and enables one bit, or takes it back. */
  listen({ group, bit }: InterruptSource, isOn = true): void {
    const mask = (1 << bit) >>> 0;
    this.file.write(group + IMR, this.file.read(group + IMR) & ~(isOn ? mask : 0));
    if (!isOn) this.file.write(group + IMR, this.file.read(group + IMR) | mask);
    if (isOn) this.file.write(group + IER, this.file.read(group + IER) | mask);
  }

  open(isOpen = true): void {
    this.file.write(GEN8_MASTER_IRQ, isOpen ? OPEN : 0);
  }

  /** What i915 does for an interrupt; what it found, by group. */
  handle(): Map<number, number> {
    this.open(false);
    const found = new Map<number, number>();
    const sources = this.file.read(GEN8_MASTER_IRQ);
    for (const { base, master } of INTERRUPT_GROUPS) {
      if (!master.some(([bit]) => ((sources >>> bit) & 1) === 1)) continue;
      const pending = this.file.read(base + IIR);
      this.file.write(base + IIR, pending);
      found.set(base, pending);
    }
    this.open();
    return found;
  }
}

describe('an event', () => {
  test('that the guest listens to is one message, and is found', () => {
    const guest = new Guest();
    guest.listen(VBLANK);
    guest.open();
    guest.router.raise(VBLANK);
    expect(guest.messages).toBe(1);
    expect(guest.handle()).toEqual(new Map([[VBLANK.group, 1]]));
    expect(guest.messages).toBe(1);
  });

  test('that is masked is not latched', () => {
    const guest = new Guest();
    guest.file.write(VBLANK.group + IER, 1);
    guest.open();
    guest.router.raise(VBLANK);
    expect(guest.file.read(VBLANK.group + IIR)).toBe(0);
    expect(guest.messages).toBe(0);
  });

  test('that is latched but not enabled waits for IER', () => {
    const guest = new Guest();
    guest.file.write(VBLANK.group + IMR, 0);
    guest.open();
    guest.router.raise(VBLANK);
    expect(guest.messages).toBe(0);
    guest.file.write(VBLANK.group + IER, 1);
    expect(guest.messages).toBe(1);
  });

  test('while the gate is closed is a message when it opens', () => {
    const guest = new Guest();
    guest.listen(VBLANK);
    guest.router.raise(VBLANK);
    expect(guest.messages).toBe(0);
    guest.open();
    expect(guest.messages).toBe(1);
  });

  test('while another waits is no second message', () => {
    const guest = new Guest();
    guest.listen(VBLANK);
    guest.listen({ group: DE_PORT_IRQ, bit: 25 });
    guest.open();
    guest.router.raise(VBLANK);
    guest.router.raise({ group: DE_PORT_IRQ, bit: 25 });
    expect(guest.messages).toBe(1);
    expect(guest.handle().size).toBe(2);
  });

  test('of bit 31 is as good as any', () => {
    const guest = new Guest();
    const underrun = pipeInterrupt(2, 31);
    guest.listen(underrun);
    guest.open();
    guest.router.raise(underrun);
    expect(guest.messages).toBe(1);
    expect(guest.router.isUnanswered(underrun.group)).toBe(true);
    expect(guest.handle().get(underrun.group)).toBe(0x8000_0000);
    expect(guest.router.isUnanswered(underrun.group)).toBe(false);
  });
});

describe('the master register', () => {
  test.each([
    ['RCS0', 0],
    ['BCS0', 1],
    ['VCS0', 2],
    ['VECS0', 6],
  ] as const)('shows %s as bit %i', (name, bit) => {
    const guest = new Guest();
    const engine = ENGINES.find((one) => one.name === name);
    if (engine === undefined) throw new Error(name);
    for (const lane of [GT_RENDER_USER_INTERRUPT, GT_CONTEXT_SWITCH_INTERRUPT]) {
      const source = engineInterrupt(engine, lane);
      guest.listen(source);
      guest.router.raise(source);
      expect(guest.file.read(GEN8_MASTER_IRQ) & 0x7fff_ffff).toBe(1 << bit);
      guest.handle();
    }
  });

  test.each([
    [pipeInterrupt(0, 0), 16],
    [pipeInterrupt(1, 0), 17],
    [pipeInterrupt(2, 0), 18],
    [{ group: DE_PORT_IRQ, bit: 0 }, 20],
    [{ group: SDE_IRQ, bit: 21 }, 23],
  ] as const)('shows %o as bit %i', (source, bit) => {
    const guest = new Guest();
    guest.listen(source);
    guest.router.raise(source);
    expect(guest.file.read(GEN8_MASTER_IRQ)).toBe(2 ** bit);
  });

  test('keeps only whether it is open', () => {
    const guest = new Guest();
    guest.file.write(GEN8_MASTER_IRQ, 0xffff_ffff);
    expect(guest.file.read(GEN8_MASTER_IRQ)).toBe(OPEN);
  });
});

test('an interrupt is unanswered until the guest opens the gate again', () => {
  const guest = new Guest();
  expect(guest.router.isUnanswered(VBLANK.group)).toBe(false);
  guest.listen(VBLANK);
  guest.open();
  expect(guest.router.isUnanswered(VBLANK.group)).toBe(false);
  guest.router.raise(VBLANK);
  expect(guest.router.isUnanswered(VBLANK.group)).toBe(true);
  guest.open(false);
  guest.file.write(VBLANK.group + IIR, 1);
  expect(guest.router.isUnanswered(VBLANK.group)).toBe(true);
  guest.open();
  expect(guest.router.isUnanswered(VBLANK.group)).toBe(false);
});

test('IIR is cleared by ones, IMR is closed at first', () => {
  const { file, router } = new Guest();
  expect(file.read(VBLANK.group + IMR)).toBe(0xffff_ffff);
  file.write(VBLANK.group + IMR, 0);
  router.raise(VBLANK);
  router.raise(pipeInterrupt(0, 3));
  file.write(VBLANK.group + IIR, 1);
  expect(file.read(VBLANK.group + IIR)).toBe(8);
});

test('a level shows in ISR and raises nothing', () => {
  const guest = new Guest();
  const port = { group: SDE_IRQ, bit: 21 };
  guest.listen(port);
  guest.open();
  guest.router.setLevel(port, true);
  expect(guest.file.read(SDE_IRQ + ISR)).toBe(1 << 21);
  guest.router.setLevel(port, false);
  expect(guest.file.read(SDE_IRQ + ISR)).toBe(0);
  expect(guest.messages).toBe(0);
});

test('whatever the order, a guest that answers each message has had every event', () => {
  const sources = [VBLANK, pipeInterrupt(0, 3), { group: SDE_IRQ, bit: 21 }];
  const step = fc.oneof(
    fc.nat({ max: sources.length - 1 }).map((which) => ({ raise: which })),
    fc.constant({ answer: true } as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const guest = new Guest();
      for (const source of sources) guest.listen(source);
      guest.open();
      let answered = 0;
      const answer = (): void => {
        while (answered < guest.messages) {
          answered = guest.messages;
          guest.handle();
        }
      };
      for (const one of steps) {
        const source = 'raise' in one ? sources[one.raise] : undefined;
        if (source === undefined) answer();
        else guest.router.raise(source);
      }
      answer();
      expect(sources.some((source) => guest.router.isUnanswered(source.group))).toBe(false);
    }),
  );
});
