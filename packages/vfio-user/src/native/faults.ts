// Faults on demand below everything: any system call can be made to fail.

import { raw, type RawCalls, setErrno } from './ffi.ts';

/** The name of a system call of this package. */
export type CallName = keyof RawCalls;

/**
 * Asks `decide` before every system call and fails the call with the errno it gives, without making it; but `close`
 * is made all the same, as Linux frees the number whatever it reports.
 * Disposing puts the calls back; nested interceptions are put back in reverse.
 *
 * @param decide - a positive Linux error number, or 0 to let the call through
 */
export function interceptCalls(decide: (call: CallName) => number): Disposable {
  const originals: RawCalls = { ...raw };
  const isCall = (name: string): name is CallName => name in originals;
  for (const name of Object.keys(originals)) {
    if (!isCall(name)) continue;
    const call: (...args: never[]) => number = originals[name];
    Reflect.set(raw, name, (...args: never[]): number => {
      const errno = decide(name);
      if (errno === 0) return call(...args);
      if (name === 'close') call(...args);
      setErrno(errno);
      return -1;
    });
  }
  return {
    [Symbol.dispose]() {
      Object.assign(raw, originals);
    },
  };
}
