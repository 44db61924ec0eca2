// How a failed call of node:fs becomes an exception of ours.

import { errnoCode, VfioError } from '@vfio-ts/core';

/** The exception for a failed call on a file; `EIO` where our table does not have its number. */
export function fileError(error: unknown, op: string, path: string): VfioError {
  if (error instanceof VfioError) return error;
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  const code = typeof errno === 'number' ? errnoCode(errno) : undefined;
  if (code !== undefined) return new VfioError(code, op, path, { cause: error });
  const text = error instanceof Error ? error.message : String(error);
  return new VfioError('EIO', op, `${path}: ${text}`, { cause: error });
}
