// One device of the daemon, in a process of its own: told on standard input what to serve, and served until that ends.

import { createInterface } from 'node:readline';
import type { Command } from '@commander-js/extra-typings';
import { RUN_DEVICE, type DeviceJob } from '../daemon/node-process.ts';
import { findDriverOfType } from '../drivers/find.ts';
import type { Choose, CommandHost } from '../host.ts';
import { UsageError } from '../usage.ts';

/** Adds the command, which is not for people. */
export function addRunDevice(program: Command, host: CommandHost, choose: Choose): void {
  program
    .command(RUN_DEVICE, { hidden: true })
    .description('Serves a device for the daemon.')
    .action(() =>
      choose(async () => {
        const stop = Promise.withResolvers<void>();
        void host.untilStopped().then(() => stop.resolve());
        try {
          const job = await readJob(() => stop.resolve());
          return await runDevice(job, host, stop.promise);
        } finally {
          // Is open until the daemon ends, and would keep this process.
          process.stdin.destroy();
        }
      }),
    );
}

async function runDevice(
  { order, logLevel, logJson }: DeviceJob,
  { output }: CommandHost,
  stopped: Promise<void>,
): Promise<number> {
  const { uuid, definition, socket } = order;
  const { mdevType: type, attrs: settings } = definition;
  const driver = await findDriverOfType(type);
  const wishes = [{ type, uuid, settings }];
  const { serve } = await import('./serve.ts');
  return await serve({ driver, wishes, socket, json: true, logLevel, logJson }, output, stopped);
}

/** The first line of standard input. */
function readJob(onEnd: () => void): Promise<DeviceJob> {
  const { promise, resolve, reject } = Promise.withResolvers<DeviceJob>();
  const lines = createInterface({ input: process.stdin });
  lines.on('close', () => {
    reject(new UsageError("this command is the daemon's own: vfio-ts daemon"));
    onEnd();
  });
  lines.once('line', (line) => {
    const job: DeviceJob = JSON.parse(line);
    resolve(job);
  });
  return promise;
}
