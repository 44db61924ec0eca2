import { isErrno, VfioError } from '@vfio-ts/core';

/** An answer that is an error is an answer too. @throws `ENOTCONN` and `ETIMEDOUT`: there is none, and will be none */
export async function orRefused<T>(asked: Promise<T>): Promise<T | VfioError> {
  try {
    return await asked;
  } catch (error) {
    const isOver = isErrno(error, 'ENOTCONN') || isErrno(error, 'ETIMEDOUT');
    if (error instanceof VfioError && !isOver) return error;
    throw error;
  }
}
