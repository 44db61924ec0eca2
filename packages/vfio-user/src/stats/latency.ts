// How long commands take, in buckets of fixed limits that double from one to the next. Recording allocates nothing.

/** Nanoseconds below which a time falls into the first bucket; a power of two. */
const FIRST = 128;
/** Buckets; the last one has no upper limit and begins at 4.3 s. */
const BUCKETS = 27;
const LAST = BUCKETS - 1;

const TIMED = 0;
const TOTAL = 1;
const LONGEST = 2;
const BUCKETS_AT = 3;

/** Upper limits of all buckets but the last, which has none, microseconds. */
export const LATENCY_LIMITS: readonly number[] = Array.from({ length: LAST }, (_, i) => limit(i));

/** Times in one bucket. */
export interface LatencyBucket {
  /** No time in it is longer, microseconds; `null` where there is no limit. */
  readonly upTo: number | null;
  readonly count: number;
}

/** Times as plain data, microseconds. All are 0 where nothing was timed. */
export interface LatencyStats {
  /** How many messages were timed. */
  readonly timed: number;
  readonly mean: number;
  /** Upper limit of the bucket in which the median is, but no more than `max`. */
  readonly p50: number;
  /** The same for the 99th percentile. */
  readonly p99: number;
  readonly max: number;
  /** Those with a time in them, shortest first. */
  readonly buckets: readonly LatencyBucket[];
}

/** Times of one command. */
export class Latency {
  readonly #counts = new Float64Array(BUCKETS_AT + BUCKETS);

  /** Adds one time, in milliseconds. */
  record(milliseconds: number): void {
    const counts = this.#counts;
    const units = Math.min((milliseconds * 1e6) / FIRST, 0xffffffff);
    const bucket = BUCKETS_AT + Math.min(32 - Math.clz32(units), LAST);
    const microseconds = milliseconds * 1000;
    counts[TIMED] = (counts[TIMED] ?? 0) + 1;
    counts[TOTAL] = (counts[TOTAL] ?? 0) + microseconds;
    if (microseconds > (counts[LONGEST] ?? 0)) counts[LONGEST] = microseconds;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }

  /** Adds all times of another. */
  add(other: Latency): void {
    for (const [at, count] of other.#counts.entries()) {
      const mine = this.#counts[at] ?? 0;
      this.#counts[at] = at === LONGEST ? Math.max(mine, count) : mine + count;
    }
  }

  snapshot(): LatencyStats {
    const [timed = 0, total = 0, max = 0] = this.#counts;
    const mean = timed === 0 ? 0 : total / timed;
    return {
      timed,
      mean,
      p50: this.#quantile(0.5),
      p99: this.#quantile(0.99),
      max,
      buckets: this.#buckets(),
    };
  }

  #quantile(share: number): number {
    const [timed = 0, , max = 0] = this.#counts;
    let rest = Math.ceil(timed * share);
    for (let bucket = 0; bucket < LAST; bucket++) {
      rest -= this.#counts[BUCKETS_AT + bucket] ?? 0;
      if (rest <= 0) return Math.min(limit(bucket), max);
    }
    return max;
  }

  #buckets(): LatencyBucket[] {
    return Array.from(this.#counts.subarray(BUCKETS_AT), (count, bucket) => ({
      upTo: bucket === LAST ? null : limit(bucket),
      count,
    })).filter(({ count }) => count > 0);
  }
}

/** Upper limit of a bucket, microseconds. */
function limit(bucket: number): number {
  return (FIRST * 2 ** bucket) / 1000;
}
