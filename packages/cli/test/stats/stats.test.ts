import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  LATENCY_LIMITS,
  type CommandStats,
  type LatencyStats,
  type ServerStats,
} from '@vfio-ts/vfio-user';
import { histograms } from '../../src/stats/histogram.ts';
import { prometheusText } from '../../src/stats/prometheus.ts';
import { statsSince } from '../../src/stats/since.ts';
import { parseExposition } from './exposition.ts';

/** Times of which all that is in a bucket took as long as its limit. */
function latencyOf(counts: ReadonlyMap<number, number>): LatencyStats {
  const all = [...counts].filter(([, count]) => count > 0).toSorted(([a], [b]) => a - b);
  const timed = all.reduce((sum, [, count]) => sum + count, 0);
  const total = all.reduce((sum, [limit, count]) => sum + limit * count, 0);
  return {
    timed,
    mean: timed === 0 ? 0 : total / timed,
    p50: 0,
    p99: 0,
    max: all.at(-1)?.[0] ?? 0,
    buckets: all.map(([upTo, count]) => ({ upTo, count })),
  };
}

function serverStats(
  commands: Readonly<Record<string, CommandStats>>,
  said: Partial<ServerStats> = {},
): ServerStats {
  const messages = Object.values(commands).reduce((sum, one) => sum + one.messages, 0);
  return {
    device: 'vfio0',
    uptime: 1500,
    connections: 2,
    turnedAway: 1,
    total: {
      messages,
      bytesReceived: 100,
      bytesSent: 200,
      fdsReceived: 3,
      fdsSent: 4,
      irqs: 5,
      dmaBytesRead: 6,
      dmaBytesWritten: 7,
      errors: { EINVAL: 2 },
      commands,
    },
    sessions: [],
    ...said,
  };
}

const anyCounts = fc
  .array(fc.tuple(fc.constantFrom(...LATENCY_LIMITS), fc.integer({ min: 0, max: 1e6 })))
  .map((pairs) => new Map(pairs));

describe('the text for Prometheus', () => {
  test('is what a strict reader takes, whatever the device is called', () => {
    fc.assert(
      fc.property(anyCounts, fc.string({ unit: 'binary' }), (counts, device) => {
        const command = { messages: 64, errors: 1, latency: latencyOf(counts) };
        const text = prometheusText(serverStats({ REGION_READ: command }), device);
        const families = parseExposition(text);
        for (const { samples } of families.values()) {
          for (const { labels } of samples) expect(labels['device']).toBe(device);
        }
      }),
      { numRuns: 20 },
    );
  });

  test('has the counters, and times in seconds', () => {
    const latency = latencyOf(new Map([[LATENCY_LIMITS[3] ?? 0, 10]]));
    const commands = { REGION_READ: { messages: 640, errors: 2, latency } };
    const families = parseExposition(prometheusText(serverStats(commands), '/run/a.sock'));
    const value = (family: string, name: string = family, le?: string): number | undefined =>
      families
        .get(`vfio_ts_${family}`)
        ?.samples.find(
          (sample) =>
            sample.name === `vfio_ts_${name}` && (le === undefined || sample.labels['le'] === le),
        )?.value;
    expect(value('uptime_seconds')).toBe(1.5);
    expect(value('connections_total')).toBe(2);
    expect(value('interrupts_total')).toBe(5);
    expect(value('messages_total')).toBe(640);
    expect(value('message_errors_total')).toBe(2);
    const time = 'message_duration_seconds';
    expect(value(time, `${time}_count`)).toBe(10);
    expect(value(time, `${time}_sum`)).toBeCloseTo(10 * 1.024e-6, 12);
    expect(value(time, `${time}_bucket`, '5.12e-7')).toBe(0);
    expect(value(time, `${time}_bucket`, '0.000001024')).toBe(10);
  });

  test('has no family without values', () => {
    const idle = serverStats({});
    const text = prometheusText({ ...idle, total: { ...idle.total, errors: {} } }, 'x');
    expect([...parseExposition(text).keys()]).not.toContain('vfio_ts_errors_total');
  });
});

describe('what has passed since', () => {
  test('is what there is more, for any two moments', () => {
    fc.assert(
      fc.property(anyCounts, anyCounts, fc.nat(), fc.integer({ min: 1 }), (...told) => {
        const [first, second, a, b] = told;
        const both = new Map(first);
        for (const [limit, count] of second) both.set(limit, count + (both.get(limit) ?? 0));
        const at = (messages: number, counts: ReadonlyMap<number, number>, uptime: number) =>
          serverStats(
            { REGION_READ: { messages, errors: 0, latency: latencyOf(counts) } },
            { uptime },
          );
        const since = statsSince(at(a + b, both, 2000), at(a, first, 1000));
        expect(since.uptime).toBe(1000);
        expect(since.total.messages).toBe(b);
        const latency = since.total.commands['REGION_READ']?.latency;
        const expected = latencyOf(second);
        expect(latency?.timed).toBe(expected.timed);
        expect(latency?.buckets).toEqual(expected.buckets);
        expect(latency?.max).toBe(expected.max);
        expect(latency?.mean).toBeCloseTo(expected.mean, -1);
      }),
    );
  });

  test('has no commands that did not come', () => {
    const latency = latencyOf(new Map());
    const stats = serverStats({ VERSION: { messages: 1, errors: 0, latency } });
    expect(statsSince(stats, stats).total.commands).toEqual({});
  });

  test('has quantiles of its own', () => {
    const slow = latencyOf(new Map([[1024 * 1.024, 1000]]));
    const both = latencyOf(
      new Map([
        [1024 * 1.024, 1000],
        [LATENCY_LIMITS[3] ?? 0, 99],
        [LATENCY_LIMITS[9] ?? 0, 1],
      ]),
    );
    const before = serverStats({ REGION_READ: { messages: 1000, errors: 0, latency: slow } });
    const now = serverStats(
      { REGION_READ: { messages: 1100, errors: 0, latency: both } },
      { uptime: 2500 },
    );
    expect(statsSince(now, before).total.commands['REGION_READ']?.latency).toMatchObject({
      timed: 100,
      p50: LATENCY_LIMITS[3],
      p99: LATENCY_LIMITS[3],
      max: LATENCY_LIMITS[9],
    });
  });

  test('is everything where the device was started again', () => {
    const before = serverStats({}, { uptime: 9000 });
    const now = serverStats({}, { uptime: 10 });
    expect(statsSince(now, before)).toBe(now);
  });
});

describe('bars', () => {
  test('show the buckets between the first and the last, the fullest as the longest', () => {
    const latency = latencyOf(
      new Map([
        [LATENCY_LIMITS[0] ?? 0, 25],
        [LATENCY_LIMITS[2] ?? 0, 100],
      ]),
    );
    const told = serverStats({ REGION_READ: { messages: 125, errors: 0, latency } });
    expect(histograms(told)).toEqual([
      '',
      'REGION_READ, 125 timed',
      `    128 ns        25  20.0 %  ${'█'.repeat(10)}`,
      '    256 ns         0   0.0 %',
      `    512 ns       100  80.0 %  ${'█'.repeat(40)}`,
    ]);
  });

  test('of what took longer than any limit has a name', () => {
    const latency = { ...latencyOf(new Map()), timed: 1, buckets: [{ upTo: null, count: 1 }] };
    const told = serverStats({ DEVICE_RESET: { messages: 1, errors: 0, latency } });
    expect(histograms(told).at(-1)).toContain('longer         1 100.0 %');
  });

  test('of what was not timed are left out', () => {
    const latency = latencyOf(new Map());
    expect(histograms(serverStats({ VERSION: { messages: 1, errors: 0, latency } }))).toEqual([]);
  });
});
