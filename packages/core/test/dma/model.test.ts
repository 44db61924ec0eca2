import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf, type FakeMemory, Fixture, PAGE, R, RW, W } from './fixture.ts';

const PAGES = 24;
const MAX_MAPPINGS = 6;

interface Mapped {
  readonly first: number;
  readonly npage: number;
  readonly flags: number;
  readonly backing: FakeMemory;
}

interface Step {
  readonly op: 'map' | 'unmap' | 'pin' | 'unpin' | 'read' | 'write';
  readonly first: number;
  readonly npage: number;
  readonly prot: number;
}

/** What the address space did, and what it should have done. */
type Outcome = [actual: unknown, expected: unknown];

/** An address space and, beside it, a list of mappings and an array of pin counts. */
class Pair {
  readonly fixture = new Fixture(MAX_MAPPINGS);
  mappings: Mapped[] = [];
  readonly pins: number[] = Array.from({ length: PAGES + 8 }, () => 0);

  constructor() {
    const { space, user } = this.fixture;
    user.onUnmap = (iova, length) => {
      for (let page = iova / PAGE; page < (iova + length) / PAGE; page++) {
        for (let left = this.pins[page] ?? 0; left > 0; left--) space.unpin(user, page * PAGE, 1);
        this.pins[page] = 0;
      }
    };
  }

  run(step: Step): Outcome {
    if (step.op === 'map') return this.#map(step);
    if (step.op === 'unmap') return this.#unmap(step);
    if (step.op === 'pin') return this.#pin(step);
    if (step.op === 'unpin') return this.#unpin(step);
    return this.#rw(step);
  }

  /** What both sides count. */
  counts(): Outcome {
    const { space, user } = this.fixture;
    const pinned = this.pins.filter((pins) => pins > 0).length;
    return [
      [space.mappingCount, space.pinnedPages(user)],
      [this.mappings.length, pinned],
    ];
  }

  #map({ first, npage, prot: flags }: Step): Outcome {
    const isFull = this.mappings.length >= MAX_MAPPINGS;
    const expected = this.#in(first, npage).length > 0 ? 'EEXIST' : isFull ? 'ENOSPC' : 'ok';
    const actual = codeOf(() => {
      const backing = this.fixture.map(first * PAGE, npage, flags);
      this.mappings.push({ first, npage, flags, backing });
    });
    return [actual, expected];
  }

  #unmap({ first, npage }: Step): Outcome {
    const request = { iova: first * PAGE, size: npage * PAGE };
    const hit = this.#in(first, npage);
    const isCut = hit.some((m) => m.first < first || m.first + m.npage > first + npage);
    if (isCut) return [codeOf(() => this.fixture.space.unmap(request)), 'EINVAL'];
    this.mappings = this.mappings.filter((m) => !hit.includes(m));
    const { size } = this.fixture.space.unmap(request);
    const total = hit.reduce((sum, m) => sum + m.npage * PAGE, 0);
    const revoked = hit.map(({ backing }) => backing.revoked);
    return [
      [size, revoked],
      [total, hit.map(() => 1)],
    ];
  }

  #pin({ first, npage, prot }: Step): Outcome {
    const { space, user } = this.fixture;
    const expected = this.#access(first, npage, prot);
    if (expected === 'ok') this.#count(first, npage, 1);
    return [codeOf(() => space.pin(user, first * PAGE, npage, prot)), expected];
  }

  #unpin({ first, npage }: Step): Outcome {
    const { space, user } = this.fixture;
    this.#count(first, npage, -1);
    return [codeOf(() => space.unpin(user, first * PAGE, npage)), 'ok'];
  }

  /** Both directions end with buffer and memory alike. */
  #rw({ op, first, npage }: Step): Outcome {
    const isWrite = op === 'write';
    const buf = new Uint8Array(npage * PAGE).fill(first + 1);
    const expected = this.#access(first, npage, isWrite ? W : R);
    const actual = codeOf(() => this.fixture.space.rw(first * PAGE, buf, isWrite));
    if (expected !== 'ok' || actual !== 'ok') return [actual, expected];
    const pages = Array.from({ length: npage }, (_, i) => i);
    return [pages.map((i) => buf[i * PAGE]), pages.map((i) => this.#firstByte(first + i))];
  }

  #firstByte(page: number): number | undefined {
    const mapping = this.#at(page);
    return mapping?.backing.bytes[(page - mapping.first) * PAGE];
  }

  #count(first: number, npage: number, by: number): void {
    for (let page = first; page < first + npage; page++) {
      this.pins[page] = Math.max((this.pins[page] ?? 0) + by, 0);
    }
  }

  #at(page: number): Mapped | undefined {
    return this.mappings.find(({ first, npage }) => page >= first && page < first + npage);
  }

  #in(first: number, npage: number): Mapped[] {
    return this.mappings.filter((m) => m.first < first + npage && first < m.first + m.npage);
  }

  #access(first: number, npage: number, prot: number): string {
    for (let page = first; page < first + npage; page++) {
      const mapping = this.#at(page);
      if (mapping === undefined) return 'EINVAL';
      if ((prot & ~mapping.flags) !== 0) return 'EPERM';
    }
    return 'ok';
  }
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    op: fc.constantFrom('map', 'unmap', 'pin', 'unpin', 'read', 'write'),
    first: fc.integer({ min: 0, max: PAGES - 1 }),
    npage: fc.integer({ min: 1, max: 8 }),
    prot: fc.constantFrom(R, W, RW, RW),
  }),
  { maxLength: 60 },
);

test('any sequence of operations does what a plain model says', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const pair = new Pair();
      for (const step of list) {
        const [actual, expected] = pair.run(step);
        expect(actual).toEqual(expected);
        const [counted, counts] = pair.counts();
        expect(counted).toEqual(counts);
      }
      pair.fixture.space.clear();
      expect(pair.fixture.tracker.list()).toEqual([]);
      expect(pair.fixture.lines).toEqual([]);
    }),
    { numRuns: 150 },
  );
});
