// The machine below ccw devices: a channel subsystem with a control unit for each wish.

import { ChannelSubsystem, type SoftSubchannel } from '@vfio-ts/ccw';
import type { VfioCore } from '@vfio-ts/core';
import type { DeviceWish } from '../driver.ts';
import { deviceNumbers, hex4, readWish } from './settings.ts';
import { WatchedUnit } from './trace-feed.ts';
import { makeUnit, type MadeUnit } from './units.ts';

/** A device of the machine. */
export interface CcwMachineDevice {
  readonly subchannel: SoftSubchannel;
  /** `0.0.1234`. */
  readonly busId: string;
  readonly watched: WatchedUnit;
  readonly made: MadeUnit;
}

/** The devices, one for each wish in their order. */
export interface CcwMachine {
  readonly devices: readonly CcwMachineDevice[];
  /** Closes all of them: what was written is durable, images are free. */
  close(): Promise<void>;
}

/** Makes the devices. What was made is closed again when one cannot be. @throws UsageError, Error */
export async function openCcwMachine(
  core: VfioCore,
  wishes: readonly DeviceWish[],
): Promise<CcwMachine> {
  const wanted = wishes.map((wish) => readWish(wish));
  const numbers = deviceNumbers(wanted);
  await using undo = new AsyncDisposableStack();
  const subsystem = new ChannelSubsystem(core);
  undo.defer(() => subsystem.close());
  const devices: CcwMachineDevice[] = [];
  for (const [i, wish] of wanted.entries()) {
    const deviceNumber = numbers[i] ?? 0;
    // One after the other: of two that want the same image the first has it.
    // oxlint-disable-next-line no-await-in-loop
    const made = await makeUnit(core, wish, deviceNumber);
    if (made.close !== undefined) undo.defer(made.close);
    const watched = new WatchedUnit(made.unit, made.kind);
    const subchannel = subsystem.attach({ unit: watched.unit, deviceNumber });
    devices.push({ subchannel, busId: `0.0.${hex4(deviceNumber)}`, watched, made });
  }
  const owned = undo.move();
  return { devices, close: () => owned.disposeAsync() };
}
