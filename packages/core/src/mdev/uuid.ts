// UUIDs as the mdev bus takes them: what a write to a type's `create` file accepts, and nothing else.

import { VfioError } from '../errno.ts';

/** Characters of a UUID's text form. */
export const UUID_STRING_LEN = 36;

const pattern = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\n?$/i;

/**
 * Reads a UUID: 36 characters of either case, or 37 of which the last is a newline.
 *
 * Counterpart of `create_store()` with `guid_parse()`.
 *
 * @returns the canonical form: 36 characters, lower case, as `%pUl` prints it
 * @throws `EINVAL` another length, or not a UUID
 */
export function parseUuid(text: string): string {
  if (text.length < UUID_STRING_LEN || text.length > UUID_STRING_LEN + 1) {
    throw new VfioError('EINVAL', 'parseUuid', `${text.length} characters are not a uuid's 36`);
  }
  if (!pattern.test(text)) throw new VfioError('EINVAL', 'parseUuid', 'not a uuid');
  return formatUuid(text.slice(0, UUID_STRING_LEN));
}

/** The canonical form of a UUID's text; text that is no UUID comes out as none. */
export function formatUuid(uuid: string): string {
  return uuid.toLowerCase();
}
