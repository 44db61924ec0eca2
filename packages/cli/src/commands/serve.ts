// vfio-ts serve: devices on sockets, in the foreground.

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLevel } from '@vfio-ts/core';
import type { CommandDriver, DevicePlan, DeviceWish } from '../drivers/driver.ts';
import { listenError } from '../errors.ts';
import { ServedMdev } from '../mdev/served-mdev.ts';
import { jsonLogger, lineLogger, type Output } from '../output.ts';
import { qemuDeviceArgument } from '../qemu.ts';
import { EXIT } from '../usage.ts';
import { openWorkplace, privateFolder } from '../workplace.ts';

/** What `serve` is told. */
export interface ServeArguments {
  readonly driver: CommandDriver;
  /** One at least. */
  readonly wishes: readonly DeviceWish[];
  /** Where the socket of the only device is to be; in a new private folder when left out. */
  readonly socket?: string | undefined;
  /** One line of JSON for each device when all are ready, in place of text. */
  readonly json?: boolean | undefined;
  /** From which level on the log is wanted; `info` when left out, `warn` with `json`. */
  readonly logLevel?: LogLevel | undefined;
  /** The log as lines of JSON. */
  readonly logJson?: boolean | undefined;
}

/**
 * Serves until `stopped`, then removes sockets and devices.
 *
 * @returns exit code; 1 when something leaked
 */
export async function serve(
  { driver, wishes, socket, json, logLevel = json ? 'warn' : 'info', logJson }: ServeArguments,
  output: Output,
  stopped: Promise<unknown>,
): Promise<number> {
  const logger = (logJson === true ? jsonLogger : lineLogger)(output, logLevel);
  const { core, bus, loop } = openWorkplace(logger);
  const { plans, sysfs, unregister } = await driver.register(bus, wishes);
  const folder = socket === undefined ? privateFolder() : undefined;
  const pathOf = ({ uuid }: DeviceWish, { type }: DevicePlan): string =>
    socket ?? join(folder ?? '', `${wishes.length === 1 ? type : uuid}.sock`);
  try {
    await using devices = new AsyncDisposableStack();
    const served: { readonly one: ServedMdev; readonly plan: DevicePlan }[] = [];
    for (const [i, plan] of plans.entries()) {
      const wish = wishes[i];
      if (wish === undefined) break;
      const { uuid } = wish;
      const path = pathOf(wish, plan);
      const options = { bus, ...plan, uuid, socket: path, loop, sysfs };
      // One after the other: what they want may exclude each other, and then the first has it.
      // oxlint-disable-next-line no-await-in-loop
      const one = await ServedMdev.create(options).catch((error: unknown) => {
        throw listenError(error, path);
      });
      served.push({ one: devices.use(one), plan });
    }
    for (const { one, plan } of served) {
      if (json === true) output.print(JSON.stringify(described(driver, one, plan)));
      else explain(output, one, driver, plan);
    }
    if (json !== true) output.print('Ctrl-C ends it');
    await stopped;
  } finally {
    if (folder !== undefined) rmSync(folder, { recursive: true });
    await unregister();
  }
  return reportLeaks(core.leaks(), output);
}

function described(
  { name }: CommandDriver,
  { socket, mdev }: ServedMdev,
  { facts }: DevicePlan,
): object {
  return { socket, driver: name, type: mdev.type.directory, uuid: mdev.name, ...facts };
}

function explain(
  output: Output,
  { mdev, socket }: ServedMdev,
  { look }: CommandDriver,
  { lines = [] }: DevicePlan,
): void {
  output.print(`${mdev.type.directory} ${mdev.name} is on ${socket}`);
  for (const line of lines) output.print(line);
  if (mdev.type.deviceApi === 'vfio-pci') {
    output.print(`plug it into QEMU 10.1 or later (guest memory shared) with`);
    output.print(`    ${qemuDeviceArgument(socket)}`);
  }
  output.print(`what passes through it: vfio-ts stats ${socket}`);
  if (look !== undefined) output.print(look(socket));
}

/** Says what is still alive, which must be nothing. @returns exit code */
export function reportLeaks(
  leaks: readonly { readonly kind: string; readonly what: string; readonly stack?: string }[],
  output: Output,
): number {
  for (const { kind, what, stack } of leaks) {
    output.note(`leak: ${kind} ${what}${stack === undefined ? '' : `\n${stack}`}`);
  }
  return leaks.length === 0 ? EXIT.OK : EXIT.FAILED;
}
