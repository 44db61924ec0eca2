// vfio-ts view: a page with the pictures of devices that other processes serve.

import { LinuxClock } from '@vfio-ts/vfio-user';
import { PageServer } from '@vfio-ts/viewer';
import { lineLogger, type Output } from '../output.ts';
import { namedTarget, targetsIn } from '../picture/targets.ts';
import { listenForVnc, readPassword } from '../picture/vnc.ts';
import { placesOf, socketOf } from '../places.ts';
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
  /** A TCP port for VNC clients, of the only device; 0 for any that is free, none when left out. */
  readonly vnc?: number | undefined;
  /** File with the password of VNC clients. */
  readonly vncPasswordFile?: string | undefined;
}

/** Addresses that other machines cannot reach. */
const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/u;

/** Serves the page until `stopped`. @returns exit code */
export async function view(
  { devices, port = 0, host, json, vnc, vncPasswordFile }: ViewArguments,
  output: Output,
  stopped: Promise<unknown>,
): Promise<number> {
  const named = devices.map(namedTarget);
  const { runtime } = placesOf();
  const logger = lineLogger(output, 'warn');
  await using page = new PageServer({
    clock: new LinuxClock(),
    logger,
    targets: () => (named.length > 0 ? named : targetsIn(runtime)),
  });
  const url = await page.listen({ port, host });
  await using stack = new AsyncDisposableStack();
  const [device = ''] = devices;
  const clients =
    vnc === undefined
      ? undefined
      : stack.use(
          await listenForVnc({
            socket: socketOf(device),
            host,
            port: vnc,
            password: readPassword(vncPasswordFile ?? ''),
            logger,
          }),
        );
  if (!LOOPBACK.test(host)) {
    output.note(
      'vfio-ts: nothing is enciphered: who can read this network can read token and picture',
    );
  }
  const address = clients && `${clients.address.address}::${clients.address.port}`;
  if (json) output.print(JSON.stringify({ url, ...(address !== undefined && { vnc: address }) }));
  else {
    output.print(`${devices.join(' ') || 'all devices'}: ${url}`);
    if (address !== undefined) output.print(`VNC clients: vncviewer ${address}`);
    output.print('Ctrl-C ends it');
  }
  await stopped;
  return EXIT.OK;
}
