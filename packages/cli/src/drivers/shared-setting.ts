// Settings of what several devices stand on: one GPU, one machine.

import { UsageError } from '../usage.ts';
import type { DeviceWish } from './driver.ts';

/**
 * The value of a setting that all devices of one command share; of what one says twice the last counts.
 *
 * @returns `undefined` where none says it
 * @throws UsageError they want different values
 */
export function sharedSetting(name: string, wishes: readonly DeviceWish[]): string | undefined {
  const wanted = wishes.flatMap(
    ({ settings }) => settings.findLast((setting) => setting.name === name)?.value ?? [],
  );
  const [value, other] = new Set(wanted);
  if (other === undefined) return value;
  throw new UsageError(
    `${name}=${value} and ${name}=${other}: devices that are served together share it; serve them apart`,
  );
}
