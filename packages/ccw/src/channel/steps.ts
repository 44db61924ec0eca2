// Work that is done at once where everything is at hand, and goes on later where something has to be waited for.

/** A piece of work: it yields what it waits for, or nothing to let others have a turn. */
export type Step<T> = Generator<Promise<unknown> | undefined, T, void>;

/** Waits for a value that may be there already. */
export function* wait<T>(value: Promise<T> | T): Step<T> {
  if (!(value instanceof Promise)) return value;
  let result: { readonly value: T } | undefined;
  yield value.then((settled) => (result = { value: settled }));
  if (result === undefined) throw new Error('resumed too early');
  return result.value;
}

/** Lets others have a turn. */
export function* yieldTurn(): Step<void> {
  yield undefined;
}

/** Who runs work, and hears its end. */
export interface StepRunner<T> {
  /** Calls `go` when others have had a turn. */
  later(go: () => void): void;
  done(result: T): void;
  failed(error: unknown): void;
}

/** Runs work to its end, or to what it has to wait for first. */
export function runSteps<T>(work: Step<T>, runner: StepRunner<T>): void {
  advance(work, runner, () => work.next());
}

function advance<T>(
  work: Step<T>,
  runner: StepRunner<T>,
  step: () => IteratorResult<Promise<unknown> | undefined, T>,
): void {
  let result: IteratorResult<Promise<unknown> | undefined, T>;
  try {
    result = step();
  } catch (error) {
    runner.failed(error);
    return;
  }
  if (result.done === true) runner.done(result.value);
  else resume(work, result.value, runner);
}

/** Goes on when what the work waits for is there. */
function resume<T>(
  work: Step<T>,
  waited: Promise<unknown> | undefined,
  runner: StepRunner<T>,
): void {
  const go = (): void => advance(work, runner, () => work.next());
  if (waited === undefined) runner.later(go);
  else waited.then(go, (error: unknown) => advance(work, runner, () => work.throw(error)));
}

/** Runs work that lets nobody have a turn: at once where nothing is waited for. */
export function runToEnd<T>(work: Step<T>): Promise<T> | T {
  const step = work.next();
  if (step.done === true) return step.value;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  resume(work, step.value, { later: (go) => go(), done: resolve, failed: reject });
  return promise;
}
