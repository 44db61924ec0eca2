// The steps that random sequences are made of.

import fc from 'fast-check';

/** Pages of guest memory that sequences map in. */
const SLOTS = 8;

/** Bytes of the memory window that sequences look at: few, so that they meet again. */
export const CELLS = 4;

/** What a driver does, and who opens and closes. */
export type LifeStep =
  | { readonly op: 'alloc' | 'get' | 'put' | 'register' | 'unregister' | 'open' }
  | { readonly op: 'close'; readonly which: number };

/** What a user does with an open device. */
export type UseStep =
  | { readonly op: 'reset' }
  | { readonly op: 'assign' | 'disable' | 'trigger' }
  | { readonly op: 'map' | 'unmap'; readonly slot: number; readonly pages: number }
  | { readonly op: 'dma'; readonly slot: number; readonly value: number }
  | { readonly op: 'store' | 'load'; readonly cell: number; readonly value: number };

/** One step of either kind. */
export type Step =
  | { readonly kind: 'life'; readonly step: LifeStep }
  | { readonly kind: 'use'; readonly step: UseStep };

/** What a step has to give, `'ok'` or the code of an error, and how it is taken. */
export type Plan = readonly [expected: string, act: () => unknown];

/** The plan of a step for which there is nothing to take it on. */
export const NOTHING: Plan = ['ok', () => undefined];

const slot = fc.nat(SLOTS - 1);
const value = fc.nat(0xff);
const pages = fc.integer({ min: 1, max: 3 });

const LIFE: fc.Arbitrary<LifeStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('alloc', 'register', 'open') }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('get', 'put', 'put', 'unregister') }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close'), which: fc.nat(7) }) },
);

const USE: fc.Arbitrary<UseStep> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ op: fc.constant('reset') }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constantFrom('assign', 'disable', 'trigger') }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('map', 'unmap'), slot, pages }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('dma'), slot, value }) },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom('store', 'load'),
      cell: fc.nat(CELLS - 1),
      value,
    }),
  },
);

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('life'), step: LIFE }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('use'), step: USE }) },
);

/** How most lives begin; random steps alone seldom get there. */
const BEGINNING: readonly LifeStep[] = [{ op: 'alloc' }, { op: 'register' }, { op: 'open' }];

/** Sequences of steps, most of them with a device that has begun its life. */
export const sequences: fc.Arbitrary<readonly Step[]> = fc
  .tuple(fc.constantFrom(3, 3, 3, 2, 1, 0), fc.array(STEP, { maxLength: 40, size: 'max' }))
  .map(([begun, steps]) =>
    BEGINNING.slice(0, begun)
      .map((step): Step => ({ kind: 'life', step }))
      .concat(steps),
  );
