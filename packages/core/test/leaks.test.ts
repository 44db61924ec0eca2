import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LeakTracker, type Ticket } from '../src/leaks.ts';

function ticket(what: string): Ticket {
  return { kind: 'device', describe: () => what };
}

function names(tracker: LeakTracker): string[] {
  return tracker.list().map(({ what }) => what);
}

function filled(...whats: string[]): { tracker: LeakTracker; tickets: Ticket[] } {
  const tracker = new LeakTracker(false);
  const tickets = whats.map(ticket);
  for (const each of tickets) tracker.add(each);
  return { tracker, tickets };
}

describe('LeakTracker', () => {
  test('lists what lives, oldest first', () => {
    expect(names(filled('a', 'b', 'c').tracker)).toEqual(['a', 'b', 'c']);
  });

  test.for([
    [0, ['b', 'c']],
    [1, ['a', 'c']],
    [2, ['a', 'b']],
  ] as const)('takes the ticket at %i out and keeps the order', ([at, left]) => {
    const { tracker, tickets } = filled('a', 'b', 'c');
    const gone = tickets[at];
    if (gone !== undefined) tracker.remove(gone);
    expect(names(tracker)).toEqual(left);
  });

  test('a ticket that comes back is the newest', () => {
    const { tracker, tickets } = filled('a', 'b');
    const [first] = tickets;
    if (first !== undefined) {
      tracker.remove(first);
      tracker.add(first);
    }
    expect(names(tracker)).toEqual(['b', 'a']);
  });

  test('a second add and a second remove do nothing', () => {
    const { tracker, tickets } = filled('a', 'b');
    for (const each of tickets) tracker.add(each);
    expect(names(tracker)).toEqual(['a', 'b']);
    const [first] = tickets;
    for (let i = 0; i < 2; i++) if (first !== undefined) tracker.remove(first);
    expect(names(tracker)).toEqual(['b']);
  });

  test('a ticket that was never there is ignored', () => {
    const { tracker } = filled('a');
    tracker.remove(ticket('x'));
    expect(names(tracker)).toEqual(['a']);
  });

  test('describes a thing only when asked', () => {
    const tracker = new LeakTracker(true);
    let asked = 0;
    tracker.add({ kind: 'pin', describe: () => `${++asked}` });
    expect(asked).toBe(0);
    tracker.list();
    expect(asked).toBe(1);
  });

  test('the stack begins with the caller of add, without the tracker', () => {
    const tracker = new LeakTracker(true);
    (function theMaker() {
      tracker.add(ticket('a'));
    })();
    const [leak] = tracker.list();
    expect(leak?.stack?.split('\n')[0]).toContain('theMaker');
    expect(leak?.stack).not.toContain('LeakTracker');
  });

  test('there is no stack while the tracker does not trace', () => {
    expect(filled('a').tracker.list()).toEqual([{ kind: 'device', what: 'a' }]);
  });

  test('lists what a list would', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 7 }), { maxLength: 60 }), (steps) => {
        const tracker = new LeakTracker(false);
        const tickets = Array.from({ length: 8 }, (_, i) => ticket(String(i)));
        let alive: string[] = [];
        for (const step of steps) {
          const each = tickets[step];
          if (each === undefined) continue;
          const name = String(step);
          const lives = alive.includes(name);
          if (lives) tracker.remove(each);
          else tracker.add(each);
          alive = lives ? alive.filter((other) => other !== name) : [...alive, name];
          expect(names(tracker)).toEqual(alive);
        }
      }),
    );
  });
});
