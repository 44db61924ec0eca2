// What somebody who has an image or a tape that cannot be opened should do.

import { isErrno } from '@vfio-ts/core';

/** What to do about a file. */
export interface NextSteps {
  /** There is none. */
  readonly missing: (path: string) => string;
  /** It is something else. */
  readonly other: string;
  /** It is damaged. */
  readonly damaged: string;
}

/** For images of DASDs. */
export const DASD_NEXT: NextSteps = {
  missing: (path) => `vfio-ts ccw init --model 3390-3 ${path} VOLSER makes a volume`,
  other: 'it has to be a CKD image, as dasdinit and vfio-ts ccw init make them',
  damaged: 'take a copy of it from before, or read what is left with --set readonly=on',
};

/** For tapes. */
export const TAPE_NEXT: NextSteps = {
  missing: () => 'an empty tape is made without readonly=on',
  other: 'it has to be an AWSTAPE file, or an empty one',
  damaged: 'take a copy of it from before',
};

/** Opens something, and says what to do where that fails. @throws Error with cause and next step */
export async function orWithAdvice<T>(path: string, open: Promise<T>, next: NextSteps): Promise<T> {
  try {
    return await open;
  } catch (cause) {
    throw new Error(adviceFor(path, cause, next), { cause });
  }
}

function adviceFor(path: string, cause: unknown, { missing, other, damaged }: NextSteps): string {
  const fact = cause instanceof Error ? cause.message : String(cause);
  if (isErrno(cause, 'ENOENT')) return `there is no ${path}; ${missing(path)}`;
  if (isErrno(cause, 'EBUSY')) {
    return `${path} is in use; end who has it first: only who serve it with --set readonly=on can share it`;
  }
  if (isErrno(cause, 'EROFS')) return `${path} can only be read (${fact}): --set readonly=on`;
  if (isErrno(cause, 'EACCES') || isErrno(cause, 'EPERM')) {
    return `${path} may not be opened (${fact}); --set readonly=on is enough where it may be read`;
  }
  if (isErrno(cause, 'EINVAL')) return `${path} cannot be used (${fact}); ${other}`;
  if (isErrno(cause, 'EIO')) return `${path} is damaged (${fact}); ${damaged}`;
  return `${path}: ${fact}`;
}
