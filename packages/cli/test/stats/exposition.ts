// A strict reader of the text format of Prometheus, version 0.0.4.

import assert from 'node:assert/strict';

/** One line with a value. */
export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A metric with everything that is said of it. */
export interface ExposedFamily {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ExposedSample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"`;
const NUMBER = String.raw`[+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN`;
const SAMPLE = new RegExp(
  `^(?<name>${NAME})(?:\\{(?<labels>${LABEL}(?:,${LABEL})*)\\})? (?<value>${NUMBER})$`,
  'u',
);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
};

/** Reads it all. @throws AssertionError a scraper could take offence at something */
export function parseExposition(text: string): ReadonlyMap<string, ExposedFamily> {
  assert.match(text, /\n$/u, 'ends with a newline');
  const families = new Map<string, ExposedFamily & { readonly samples: ExposedSample[] }>();
  const seen = new Set<string>();
  const lines = text.slice(0, -1).split('\n');
  for (let at = 0; at < lines.length;) {
    const help = /^# HELP (?<name>\S+) (?<help>.+)$/u.exec(lines[at++] ?? '')?.groups ?? {};
    const type = /^# TYPE (?<name>\S+) (?<type>\w+)$/u.exec(lines[at++] ?? '')?.groups ?? {};
    const name = help['name'] ?? assert.fail(`line ${at - 1} is no HELP`);
    assert.equal(type['name'], name, 'TYPE follows HELP of the same metric');
    assert.match(name, new RegExp(`^${NAME}$`, 'u'));
    assert.ok(!families.has(name), `${name} is said in one place`);
    const suffixes = SUFFIXES[type['type'] ?? ''] ?? assert.fail(`${name} has a known type`);
    const samples: ExposedSample[] = [];
    for (; at < lines.length && !lines[at]?.startsWith('#'); at++) {
      const line = lines[at] ?? '';
      assert.ok(!seen.has(line.replace(/ \S+$/u, '')), `${line} is said once`);
      seen.add(line.replace(/ \S+$/u, ''));
      const sample = parseSample(line);
      assert.ok(suffixes.includes(sample.name.slice(name.length)), `${line} is one of ${name}`);
      assert.ok(sample.name.startsWith(name), `${line} is one of ${name}`);
      samples.push(sample);
    }
    assert.ok(samples.length > 0, `${name} has values`);
    families.set(name, { type: type['type'] ?? '', help: help['help'] ?? '', samples });
  }
  for (const [name, family] of families) {
    if (family.type === 'counter') checkCounter(name, family);
    if (family.type === 'histogram') checkHistogram(name, family);
  }
  return families;
}

function parseSample(line: string): ExposedSample {
  const { name = '', labels = '', value = '' } = SAMPLE.exec(line)?.groups ?? {};
  assert.notEqual(name, '', `${line} is a value`);
  const pairs = Array.from(labels.matchAll(new RegExp(LABEL, 'gu')), ([pair]) => {
    const at = pair.indexOf('=');
    return [pair.slice(0, at), unescape(pair.slice(at + 2, -1))] as const;
  });
  assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, 'each label once');
  return { name, labels: Object.fromEntries(pairs), value: numberOf(value) };
}

function unescape(text: string): string {
  return text.replaceAll(/\\[\\"n]/gu, (pair) => (pair === String.raw`\n` ? '\n' : pair.slice(1)));
}

function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}

function checkCounter(name: string, { samples }: ExposedFamily): void {
  assert.match(name, /_total$/u);
  for (const { value } of samples) assert.ok(value >= 0, `${name} only grows`);
}

/** Buckets grow with their limits, and the last has everything. */
function checkHistogram(name: string, { samples }: ExposedFamily): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _le, ...others } }) =>
    JSON.stringify(others),
  );
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const limits = buckets.map(({ labels }) => numberOf(labels['le']?.replace('+', '') ?? 'NaN'));
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      limits,
      limits.toSorted((a, b) => a - b),
    );
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    );
    assert.equal(limits.at(-1), Infinity);
    const count = group.find((sample) => sample.name === `${name}_count`);
    assert.equal(counts.at(-1), count?.value);
    assert.ok(group.some((sample) => sample.name === `${name}_sum`));
  }
}
