// Random steps of administrators, guests and the machine, and what has to be true after each.

import { outcome } from '@vfio-ts/conformance';
import fc from 'fast-check';
import { ApMask, apqnName } from '../../src/index.ts';
import type { Administrator, Guest } from '../support/administrator.ts';
import { ADAPTERS, configText, DOMAINS, Model, same, type Numbers } from './model.ts';

const adapters = fc.subarray([...ADAPTERS]);
const domains = fc.subarray([...DOMAINS]);
/** Any matrix. */
export const matrix: fc.Arbitrary<Numbers> = fc.record({
  adapters,
  domains,
  controlDomains: domains,
});

/** One step. */
export type Step =
  | { readonly kind: 'create' | 'remove' | 'open' | 'close'; readonly n: number }
  | {
      readonly kind: 'adapter' | 'domain';
      readonly n: number;
      readonly verb: 'assign' | 'unassign';
      readonly number: number;
    }
  | { readonly kind: 'config'; readonly n: number; readonly to: Numbers }
  | { readonly kind: 'apmask' | 'aqmask'; readonly text: string }
  | { readonly kind: 'bind' | 'unbind'; readonly queue: string }
  | { readonly kind: 'plug'; readonly adapters: readonly number[] };

const n = fc.integer({ min: 1, max: 3 });
const sign = fc.constantFrom('+', '-');
const verb = fc.constantFrom('assign', 'unassign');
const anyQueue = fc
  .tuple(fc.constantFrom(...ADAPTERS), fc.constantFrom(...DOMAINS))
  .map(([adapter, domain]) => apqnName((adapter << 8) | domain));
/** Any step. */
export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('create', 'remove', 'open', 'close'), n }),
  fc.record({
    kind: fc.constant('adapter' as const),
    n,
    verb,
    number: fc.constantFrom(...ADAPTERS),
  }),
  fc.record({ kind: fc.constant('domain' as const), n, verb, number: fc.constantFrom(...DOMAINS) }),
  fc.record({ kind: fc.constant('config' as const), n, to: matrix }),
  fc.record({
    kind: fc.constant('apmask' as const),
    text: fc.tuple(sign, fc.constantFrom(...ADAPTERS)).map(([s, a]) => `${s}${a}`),
  }),
  fc.record({
    kind: fc.constant('aqmask' as const),
    text: fc.tuple(sign, fc.constantFrom(...DOMAINS)).map(([s, d]) => `${s}${d}`),
  }),
  fc.record({ kind: fc.constantFrom('bind', 'unbind'), queue: anyQueue }),
  fc.record({ kind: fc.constant('plug' as const), adapters: fc.subarray([5, 6, 8]) }),
);

/** One machine and the model of it. */
export class Run {
  readonly machine: Administrator;
  readonly model = new Model();
  readonly guests: Map<number, Guest> = new Map();

  constructor(machine: Administrator) {
    this.machine = machine;
    for (const a of [5, 6, 7]) this.model.apmask.delete(a);
    for (const d of [4, 0x47]) this.model.aqmask.delete(d);
  }

  async do(next: Step): Promise<void> {
    const { machine, model, guests } = this;
    const before = this.reachable();
    machine.takeHistory();
    switch (next.kind) {
      case 'create': {
        const isNew = !model.matrices.has(next.n);
        same(await outcome(() => machine.create(next.n)), isNew ? 'ok' : 'EEXIST');
        if (isNew) model.matrices.set(next.n, { adapters: [], domains: [], controlDomains: [] });
        break;
      }
      case 'remove':
        await this.close(next.n);
        if (model.matrices.delete(next.n)) await machine.remove(next.n);
        break;
      case 'open':
        if (model.matrices.has(next.n) && !guests.has(next.n)) {
          guests.set(next.n, machine.open(next.n));
        }
        break;
      case 'close':
        await this.close(next.n);
        break;
      case 'adapter':
      case 'domain':
      case 'config':
        await this.assign(next);
        break;
      case 'apmask':
      case 'aqmask':
        await this.mask(next.kind, next.text);
        break;
      case 'bind':
      case 'unbind':
        await outcome(() => machine.ap[next.kind]('vfio_ap', next.queue));
        break;
      case 'plug': {
        const cards = new Map([...machine.cards].filter(([a]) => next.adapters.includes(a)));
        await machine.ap.configure({ config: { adapters: ApMask.of(...next.adapters) }, cards });
        break;
      }
    }
    await machine.ap.exclusive(() => undefined);
    this.check(before);
  }

  async close(number: number): Promise<void> {
    await this.guests.get(number)?.close();
    this.guests.delete(number);
  }

  async assign(
    next: Extract<Step, { readonly kind: 'adapter' | 'domain' | 'config' }>,
  ): Promise<void> {
    const { machine, model } = this;
    const has = model.matrices.get(next.n);
    if (has === undefined) return;
    let wanted: Numbers;
    let file = 'ap_config';
    let text = '';
    if (next.kind === 'config') {
      wanted = next.to;
      text = configText(wanted);
    } else {
      const part = next.kind === 'adapter' ? 'adapters' : 'domains';
      const rest = has[part].filter((number) => number !== next.number);
      wanted = { ...has, [part]: next.verb === 'assign' ? [...rest, next.number] : rest };
      file = `${next.verb}_${next.kind}`;
      text = String(next.number);
      if (next.verb === 'assign' && has[part].includes(next.number)) wanted = has;
    }
    const isAsked = wanted !== has && !file.startsWith('unassign');
    const expected = isAsked ? model.verdict(next.n, wanted) : 'ok';
    same(await outcome(() => machine.write(next.n, file, text)), expected);
    if (expected === 'ok') model.matrices.set(next.n, wanted);
  }

  async mask(kind: 'apmask' | 'aqmask', text: string): Promise<void> {
    const { machine, model } = this;
    const number = Number(text.slice(1));
    const isMore = text.startsWith('+');
    const expected = isMore ? model.maskVerdict(kind, number) : 'ok';
    const store = kind === 'apmask' ? 'storeApmask' : 'storeAqmask';
    same(await outcome(() => machine.ap[store](text)), expected);
    if (expected !== 'ok') return;
    if (isMore) model[kind].add(number);
    else model[kind].delete(number);
  }

  /** Queues that guests reach, and who. */
  reachable(): Map<string, number> {
    const found = new Map<string, number>();
    for (const number of this.model.matrices.keys()) {
      const { adapters: a, domains: d } = this.machine.mdev(number).guestMasks;
      for (const name of Model.queues({ adapters: [...a], domains: [...d], controlDomains: [] })) {
        same([name, found.get(name)], [name, undefined]);
        found.set(name, number);
      }
    }
    return found;
  }

  check(before: Map<string, number>): void {
    const { machine, model } = this;
    const bound = new Set(
      machine.ap.queues.filter(({ driver }) => driver === 'vfio_ap').map(({ name }) => name),
    );
    const assigned: string[] = [];
    for (const [number, has] of model.matrices) {
      const mdev = machine.mdev(number);
      same(
        [...mdev.matrix.adapters],
        has.adapters.toSorted((a, b) => a - b),
      );
      same(
        [...mdev.matrix.domains],
        has.domains.toSorted((a, b) => a - b),
      );
      const queues = Model.queues(has);
      assigned.push(...queues);
      const linked = [...mdev.queues.values()].map(({ device }) => device.name);
      same(linked.toSorted(), queues.filter((name) => bound.has(name)).toSorted());
      const isOpen = this.guests.has(number);
      same(mdev.guestMasks.adapters, (isOpen ? mdev.shadow : mdev.guestMasks).adapters);
    }
    same(new Set(assigned).size, assigned.length);
    const after = this.reachable();
    same(
      [...after.keys()].filter((name) => !bound.has(name)),
      [],
    );
    // Every way a queue leaves a guest ends in a ZAPQ, where there still is a queue.
    const zeroized = new Set(machine.zeroized());
    for (const [name, guest] of before) {
      if (after.get(name) === guest) continue;
      same([name, zeroized.has(name)], [name, true]);
    }
  }
}
