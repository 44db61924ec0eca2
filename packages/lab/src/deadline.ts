/**
 * Waits for a promise, but not past a deadline (milliseconds from now): then it rejects with what
 * `late` makes. The promise itself goes on; its later rejection is not reported again.
 */
export async function within<T>(
  promise: Promise<T>,
  deadline: number,
  late: () => Error,
): Promise<T> {
  const { promise: expired, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(late()), deadline);
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
    promise.catch(() => {});
    expired.catch(() => {});
  }
}
