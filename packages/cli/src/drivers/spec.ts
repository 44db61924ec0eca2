// A device as it is named on the command line.

import { UsageError } from '../usage.ts';

/** `DRIVER` or `DRIVER:TYPE`, apart. */
export interface DeviceSpec {
  /** Of a driver; it need not exist. */
  readonly driver: string;
  /** What is behind the colon. */
  readonly type: string | undefined;
}

/** Reads `driver:type` or `driver`; of a path, only what is behind its last slash is looked at. @throws UsageError */
export function parseDeviceSpec(text: string): DeviceSpec {
  const at = text.indexOf(':', text.lastIndexOf('/') + 1);
  if (at < 0) return { driver: text, type: undefined };
  const [driver, type] = [text.slice(0, at), text.slice(at + 1)];
  if (type === '' || type.includes(':')) {
    throw new UsageError(`${text}: say which type, as in ${driver}:TYPE`);
  }
  return { driver, type };
}
