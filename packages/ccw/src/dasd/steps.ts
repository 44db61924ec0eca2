// Commands that may have to wait for a track, written once: as generators that give out what they wait for. Where
// nothing has to be waited for they run to their end at once.

/** A piece of work that gives out each promise it waits for. */
export type Steps<T> = Generator<Promise<unknown>, T, void>;

/**
 * The value of a promise, waited for; any other value at once.
 */
export function* settle<T>(value: Promise<T> | T): Steps<T> {
  if (!(value instanceof Promise)) return value;
  const settled: { value: T }[] = [];
  yield value.then((result) => settled.push({ value: result }));
  const [first] = settled;
  if (first === undefined) throw new Error('resumed before the promise has settled');
  return first.value;
}

async function finish<T>(steps: Steps<T>, first: Promise<unknown>): Promise<T> {
  for (let waited = first; ;) {
    let step: IteratorResult<Promise<unknown>, T>;
    try {
      await waited;
      step = steps.next();
    } catch (error) {
      step = steps.throw(error);
    }
    if (step.done === true) return step.value;
    waited = step.value;
  }
}

/** Runs to the end: at once where nothing is waited for. */
export function run<T>(steps: Steps<T>): Promise<T> | T {
  const step = steps.next();
  return step.done === true ? step.value : finish(steps, step.value);
}
