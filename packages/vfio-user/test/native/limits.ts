import { readdirSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load(null);
const getrlimit: (what: number, limit: BigUint64Array) => number = libc.func('getrlimit', 'int', [
  'int',
  'void *',
]);
const setrlimit: (what: number, limit: BigUint64Array) => number = libc.func('setrlimit', 'int', [
  'int',
  'void *',
]);

const RLIMIT_NOFILE = 7;

/** Lets this process open only `room` more descriptors until disposed. */
export function lowerFdLimit(room: number): Disposable {
  const limit = new BigUint64Array(2);
  getrlimit(RLIMIT_NOFILE, limit);
  const taken = new Set(readdirSync('/proc/self/fd').map(Number));
  // readdirSync held one itself, which is free again.
  let lowest = 0;
  for (let free = 0; free <= room; lowest++) if (!taken.has(lowest)) free++;
  setrlimit(RLIMIT_NOFILE, BigUint64Array.of(BigInt(lowest - 1), limit[1] ?? 0n));
  return {
    [Symbol.dispose]() {
      setrlimit(RLIMIT_NOFILE, limit);
    },
  };
}
