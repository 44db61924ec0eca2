// What somebody who has an image that cannot be opened should do.

import { isErrno } from '@vfio-ts/core';

/** Opens something, and says what to do where that fails. @throws Error with cause and next step */
export async function orWithAdvice<T>(path: string, open: Promise<T>): Promise<T> {
  try {
    return await open;
  } catch (cause) {
    throw new Error(adviceFor(path, cause), { cause });
  }
}

function adviceFor(path: string, cause: unknown): string {
  const fact = cause instanceof Error ? cause.message : String(cause);
  if (isErrno(cause, 'ENOENT')) {
    return `there is no ${path}; vfio-ts ccw init --model 3390-3 ${path} VOLSER makes a volume`;
  }
  if (isErrno(cause, 'EBUSY')) {
    return `${path} is in use; end who has it first: only who serve it with --set readonly=on can share it`;
  }
  if (isErrno(cause, 'EROFS')) {
    return `${path} is compressed and can only be read: --set readonly=on`;
  }
  if (isErrno(cause, 'EACCES') || isErrno(cause, 'EPERM')) {
    return `${path} may not be opened (${fact}); --set readonly=on is enough where it may be read`;
  }
  if (isErrno(cause, 'EINVAL')) {
    return `${path} cannot be used: ${fact}; it has to be a CKD image, as dasdinit or vfio-ts ccw init make them`;
  }
  if (isErrno(cause, 'EIO')) {
    return `${path} is damaged: ${fact}; dasdls and vfio-ts ccw ls say more, or take a copy of it from before`;
  }
  return `${path}: ${fact}`;
}
