// vfio-ts serve: one device on one socket, in the foreground.

import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LogLevel } from '@vfio-ts/core';
import { parseDeviceSpec, registerDriver } from '../drivers.ts';
import { jsonLogger, lineLogger, type Output } from '../output.ts';
import { qemuDeviceArgument } from '../qemu.ts';
import { ServedMdev } from '../served-mdev.ts';
import { EXIT } from '../usage.ts';
import { openWorkplace, privateFolder } from '../workplace.ts';

/** What `serve` is told. */
export interface ServeArguments {
  /** `driver:type`. */
  readonly device: string;
  /** Where the socket is to be; in a new private folder when left out. */
  readonly socket: string | undefined;
  /** One line of JSON when ready, in place of text. */
  readonly json: boolean;
  /** From which level on the log is wanted; `info` when left out, `warn` with `json`. */
  readonly logLevel?: LogLevel | undefined;
  /** The log as lines of JSON. */
  readonly logJson?: boolean;
}

/**
 * Serves until `stopped`, then removes socket and device.
 *
 * @returns exit code; 1 when something leaked
 */
export async function serve(
  { device, socket, json, logLevel = json ? 'warn' : 'info', logJson }: ServeArguments,
  output: Output,
  stopped: Promise<unknown>,
): Promise<number> {
  const spec = parseDeviceSpec(device);
  const { core, bus, loop } = openWorkplace(
    (logJson === true ? jsonLogger : lineLogger)(output, logLevel),
  );
  const { parent, unregister } = registerDriver(bus, spec);
  const folder = socket === undefined ? privateFolder() : undefined;
  const path = socket ?? join(folder ?? '', `${spec.type}.sock`);
  try {
    await using served = await ServedMdev.create({
      parent,
      type: spec.type,
      uuid: randomUUID(),
      socket: path,
      loop,
    });
    if (json) output.print(JSON.stringify({ socket: path, ...spec, uuid: served.mdev.name }));
    else explain(output, path, served);
    await stopped;
  } finally {
    if (folder !== undefined) rmSync(dirname(path), { recursive: true });
  }
  await unregister();
  return reportLeaks(core.leaks(), output);
}

function explain(output: Output, path: string, { mdev }: ServedMdev): void {
  output.print(`${mdev.type.directory} ${mdev.name} is on ${path}`);
  output.print(`plug it into QEMU 10.1 or later (guest memory shared) with`);
  output.print(`    ${qemuDeviceArgument(path)}`);
  output.print(`what passes through it: vfio-ts stats ${path}`);
  output.print('Ctrl-C ends it');
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
