// How long commands took, as bars.

import { LATENCY_LIMITS, type LatencyStats, type ServerStats } from '@vfio-ts/vfio-user';

/** Characters of the longest bar. */
const WIDTH = 40;
const FULL = '█';
/** Eighths of a character. */
const PARTS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A histogram of each command of which something was timed; an empty line before each. */
export function histograms({ total }: Pick<ServerStats, 'total'>): string[] {
  const lines: string[] = [];
  for (const [name, { latency }] of Object.entries(total.commands)) {
    if (latency.timed > 0) lines.push('', `${name}, ${latency.timed} timed`, ...bars(latency));
  }
  return lines;
}

/** All buckets from the first to the last with something in it, so that a gap is seen. */
function bars({ buckets, timed }: LatencyStats): string[] {
  const counts = new Map(buckets.map(({ upTo, count }) => [upTo ?? Infinity, count]));
  const limits = [...LATENCY_LIMITS, Infinity];
  const used = limits.map((limit) => counts.has(limit));
  const shown = limits.slice(used.indexOf(true), used.lastIndexOf(true) + 1);
  const most = Math.max(...counts.values());
  return shown.map((limit) => {
    const count = counts.get(limit) ?? 0;
    const share = `${((100 * count) / timed).toFixed(1)} %`;
    const numbers = `${String(count).padStart(9)} ${share.padStart(7)}`;
    return `${limitText(limit).padStart(10)} ${numbers}  ${bar(count / most)}`.trimEnd();
  });
}

function bar(share: number): string {
  const eighths = Math.ceil(share * WIDTH * 8);
  return FULL.repeat(Math.floor(eighths / 8)) + (PARTS[eighths % 8] ?? '');
}

function limitText(microseconds: number): string {
  if (microseconds === Infinity) return 'longer';
  if (microseconds < 1) return `${Math.round(microseconds * 1000)} ns`;
  if (microseconds < 1000) return `${short(microseconds)} us`;
  if (microseconds < 1e6) return `${short(microseconds / 1000)} ms`;
  return `${short(microseconds / 1e6)} s`;
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
