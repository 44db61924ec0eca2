// A card reader, and a client of it over a socket.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChannelSubsystem, registerVfioCcw, type ControlUnit } from '@vfio-ts/ccw';
import { CcwClient } from '@vfio-ts/ccw/client';
import { RecordingLogger } from '@vfio-ts/conformance/fakes';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import {
  connect,
  EventLoop,
  linuxClientHost,
  linuxHost,
  serveDevice,
  VfioUserClient,
  watchedSignals,
} from '@vfio-ts/vfio-user';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';

/** What a test has. */
export interface OpenReader extends AsyncDisposable {
  readonly client: CcwClient;
  /** Status that nobody has asked for, each as it came. */
  readonly unsolicited: readonly number[];
  /** The next of them. */
  next(): Promise<number>;
}

/** Serves a control unit, and opens a client of it. */
export async function openReader(unit: ControlUnit): Promise<OpenReader> {
  await using undo = new AsyncDisposableStack();
  const host = linuxHost({ logger: new RecordingLogger() });
  const core = new VfioCore(host, { trace: true });
  const loop = new EventLoop({ turn: 0 });
  const subsystem = new ChannelSubsystem(host);
  undo.defer(() => subsystem.close());
  const subchannel = subsystem.attach({ unit, deviceNumber: 0x000c });
  const ccw = registerVfioCcw(new MdevBus(core), [subchannel]);
  undo.defer(() => ccw.unregister());
  const mdev = await ccw.parents[0]?.create('vfio_ccw-io', UUID);
  if (mdev === undefined) throw new Error('no parent');
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-reader-'));
  undo.defer(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'reader.sock');
  const server = serveDevice(mdev.instance.device.vdev, { path, loop });
  undo.defer(() => server.close());

  const unsolicited: number[] = [];
  let told = Promise.withResolvers<number>();
  const attention = (status: number): void => {
    unsolicited.push(status);
    told.resolve(status);
    told = Promise.withResolvers();
  };
  const clientHost = linuxClientHost(host.clock, host.logger);
  const access = undo.use(await VfioUserClient.attach(connect(path, loop), { host: clientHost }));
  const client = undo.use(
    await CcwClient.open(access, { ...host, makeSignal: watchedSignals(loop), attention }),
  );
  const owned = undo.move();
  return {
    client,
    unsolicited,
    next: () => told.promise,
    async [Symbol.asyncDispose]() {
      await owned.disposeAsync();
      const leaks = core.leaks().map(({ kind, what }) => `${kind} ${what}`);
      if (leaks.length > 0) throw new Error(`leaks: ${leaks.join(', ')}`);
    },
  };
}
