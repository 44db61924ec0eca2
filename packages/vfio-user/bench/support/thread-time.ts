// Time of a processor that one thread has used, to the nanosecond. What `process.threadCpuUsage()` gives of a thread that
// runs is what the kernel's last tick has seen, up to 4 ms ago.

import koffi from 'koffi';

/** `CLOCK_THREAD_CPUTIME_ID` of clock_gettime(2). */
const CLOCK = 3;

const clockGettime = koffi.load(null).func('clock_gettime', 'int', ['int', 'void *']);
const timespec = new BigInt64Array(2);

/** Milliseconds of a processor that this thread has used. */
export function threadTime(): number {
  clockGettime(CLOCK, timespec);
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1000 + Number(nanoseconds) / 1e6;
}
