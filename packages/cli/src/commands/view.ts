// vfio-ts view: a page with the pictures of devices that other processes serve.

import { LinuxClock } from '@vfio-ts/vfio-user';
import { PageServer } from '@vfio-ts/viewer';
import { lineLogger, type Output } from '../output.ts';
import { namedTarget, targetsIn } from '../picture/targets.ts';
import { placesOf } from '../places.ts';
import { EXIT } from '../usage.ts';

/** What `view` is told. */
export interface ViewArguments {
  /** UUIDs and sockets; all devices of the daemon when there is none. */
  readonly devices: readonly string[];
  /** Any that is free when left out. */
  readonly port?: number | undefined;
  readonly host: string;
  /** One line of JSON in place of text. */
  readonly json: boolean;
}

/** Addresses that other machines cannot reach. */
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/u;

/** Serves the page until `stopped`. @returns exit code */
export async function view(
  { devices, port = 0, host, json }: ViewArguments,
  output: Output,
  stopped: Promise<unknown>,
): Promise<number> {
  const named = devices.map(namedTarget);
  const { runtime } = placesOf();
  await using page = new PageServer({
    clock: new LinuxClock(),
    logger: lineLogger(output, 'warn'),
    targets: () => (named.length > 0 ? named : targetsIn(runtime)),
  });
  const url = await page.listen({ port, host });
  if (!LOOPBACK.test(host)) {
    output.note(
      'vfio-ts: nothing is enciphered: who can read this network can read token and picture',
    );
  }
  if (json) output.print(JSON.stringify({ url }));
  else output.print(`${devices.join(' ') || 'all devices'}: ${url}\nCtrl-C ends it`);
  await stopped;
  return EXIT.OK;
}
