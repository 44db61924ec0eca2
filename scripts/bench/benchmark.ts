// What a benchmark is. A file `packages/<name>/bench/<any>.bench.ts` exports one as `benchmark` and is found by that.

/** What a value or a ratio should be. */
export type Goal =
  | { readonly of: 'value' | 'ratio'; readonly atLeast: number }
  | { readonly of: 'value' | 'ratio'; readonly atMost: number };

/** One figure. */
export interface Measurement {
  /** Begins with the benchmark's name, `life-cycle/1000`. */
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The value over that of a peer or a limit measured in the same run. */
  readonly ratio?: number;
  /** What that peer or limit is. */
  readonly ratioTo?: string;
  readonly goal?: Goal;
}

/** What a benchmark is given. */
export interface BenchmarkRun {
  /** Says what is being done now. */
  progress(text: string): void;
  /** Says what a reader of the figures has to know, and why a figure is missing. */
  note(text: string): void;
}

/** A benchmark. Each runs in a process of its own, started with `--expose-gc`. */
export interface Benchmark {
  /** What it is called on the command line. */
  readonly name: string;
  /** What it measures, in one line. */
  readonly about: string;
  /** Why it cannot run on this machine; absent where it can. */
  readonly missing?: string | undefined;
  run(bench: BenchmarkRun): Promise<readonly Measurement[]>;
}

/** Tells whether a goal is met; `undefined` without one. */
export function isMet({ value, ratio, goal }: Measurement): boolean | undefined {
  if (goal === undefined) return undefined;
  const figure = goal.of === 'value' ? value : (ratio ?? Number.NaN);
  return 'atLeast' in goal ? figure >= goal.atLeast : figure <= goal.atMost;
}
