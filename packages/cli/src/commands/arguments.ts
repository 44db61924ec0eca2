// Values that several commands take.

import { InvalidArgumentError } from '@commander-js/extra-typings';
import { isUuid } from '../mdev/uuid.ts';

/** A UUID, in lower case. @throws InvalidArgumentError */
export function uuidArgument(text: string): string {
  if (isUuid(text)) return text.toLowerCase();
  throw new InvalidArgumentError('It takes a UUID.');
}

/** Reads so many seconds, up to an hour, as milliseconds. @param least - seconds */
export function secondsArgument(least: number): (text: string) => number {
  return (text) => {
    const seconds = Number(text);
    if (/^\d+(?:\.\d+)?$/u.test(text) && seconds >= least && seconds <= 3600) return seconds * 1000;
    throw new InvalidArgumentError(`It takes seconds, from ${least} to 3600.`);
  };
}

/** A TCP port, 0 for any that is free. @throws InvalidArgumentError */
export function portArgument(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/u.test(text) && port <= 0xffff) return port;
  throw new InvalidArgumentError('It takes a number from 0 to 65535.');
}
