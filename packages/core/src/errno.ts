// Linux error numbers (include/uapi/asm-generic/errno-base.h and errno.h). Core carries its own table
// because the host's may differ, while numbers on the wire do not.

/** Linux error numbers by name, positive. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  E2BIG: 7,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  ENOSPC: 28,
  ESPIPE: 29,
  EROFS: 30,
  EPIPE: 32,
  ERANGE: 34,
  EDEADLK: 35,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOMSG: 42,
  EPROTO: 71,
  EOVERFLOW: 75,
  EBADFD: 77,
  EUSERS: 87,
  EMSGSIZE: 90,
  EOPNOTSUPP: 95,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ECONNRESET: 104,
  ENOTCONN: 107,
  ETOOMANYREFS: 109,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  ECANCELED: 125,
} as const;

/** The name of a Linux error, for example `'EINVAL'`. */
export type ErrnoCode = keyof typeof ERRNO;

/** The one error class of this project, shaped like Node's system errors. */
export class VfioError extends Error {
  /** Name of the error, the thing to compare. */
  readonly code: ErrnoCode;
  /** Negative Linux error number, as Node has it (`-22`). */
  readonly errno: number;
  /** The VFIO operation that failed, for example `'registerEmulatedIommuDev'`. */
  readonly op: string;

  /**
   * @param code - name of the error
   * @param op - operation that failed
   * @param fact - what is wrong, lower case, no full stop; guest-visible numbers in hex
   * @param options - `cause`: what lay beneath
   */
  constructor(code: ErrnoCode, op: string, fact: string, options?: ErrorOptions) {
    super(`${code}: ${op}: ${fact}`, options);
    this.name = 'VfioError';
    this.code = code;
    this.errno = -ERRNO[code];
    this.op = op;
  }
}

/**
 * Tells whether `error` is an error with that code; also true for Node's own system errors and for
 * a `VfioError` of another copy of core.
 */
export function isErrno<C extends ErrnoCode>(
  error: unknown,
  code: C,
): error is Error & { readonly code: C } {
  return error instanceof Error && 'code' in error && error.code === code;
}

function isErrnoCode(name: string): name is ErrnoCode {
  return Object.hasOwn(ERRNO, name);
}

const codeOf: ReadonlyMap<number, ErrnoCode> = new Map(
  Object.keys(ERRNO)
    .filter(isErrnoCode)
    .map((code) => [ERRNO[code], code]),
);

/** The name of a positive or negative Linux error number; `undefined` where the table has none. */
export function errnoCode(errno: number): ErrnoCode | undefined {
  return codeOf.get(Math.abs(errno));
}
