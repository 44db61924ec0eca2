// The daemon: from its lock to its end.

import { availableParallelism } from 'node:os';
import type { Logger, LogLevel } from '@vfio-ts/core';
import { isErrno } from '@vfio-ts/core';
import { LinuxClock } from '@vfio-ts/vfio-user';
import { jsonLogger, lineLogger, type Output } from '../output.ts';
import type { Environment, Places } from '../places.ts';
import { DefinitionStore } from '../store/definition-store.ts';
import { EXIT } from '../usage.ts';
import { listenForRequests } from './control-server.ts';
import { startNodeProcess } from './node-process.ts';
import {
  lockRuntimeFolder,
  makeRuntimeFolder,
  removeDeviceSockets,
  removeSocket,
} from './runtime-folder.ts';
import { handedSocket, ServiceManager } from './service-manager.ts';
import { DaemonService } from './service.ts';
import { Supervisor } from './supervisor.ts';

/** How the daemon runs. */
export interface DaemonOptions {
  readonly places: Places;
  readonly environment: Environment;
  readonly output: Output;
  readonly logLevel: LogLevel;
  readonly logJson: boolean;
  /** Of the package. */
  readonly version: string;
  /** Calls back at each wish that definitions be read again. */
  readonly onReload?: ((reload: () => void) => void) | undefined;
}

/**
 * Runs devices until `stopped`, then stops them.
 *
 * @returns exit code
 * @throws Error a daemon runs already, or its folder cannot be used; what reading the store throws
 */
export async function runDaemon(
  options: DaemonOptions,
  stopped: Promise<unknown>,
): Promise<number> {
  const { places, environment, output, logLevel, logJson, version, onReload } = options;
  const logger = (logJson ? jsonLogger : lineLogger)(output, logLevel);
  makeRuntimeFolder(places.runtime, environment.uid);
  using owned = new DisposableStack();
  owned.use(lockRuntimeFolder(places.runtime));
  removeDeviceSockets(places.runtime);
  const manager = new ServiceManager(environment.env, logger);
  const supervisor = new Supervisor({
    start: (order) => startNodeProcess(order, { logLevel, logJson, log: forward(output, logJson) }),
    clock: new LinuxClock(),
    logger,
    clean: (socket) => cleaned(socket, logger),
    parallel: availableParallelism(),
  });
  const store = new DefinitionStore(places.definitions);
  const service = new DaemonService({ store, supervisor, places, logger, version });
  const reload = async (): Promise<void> => {
    await service.reload();
    const { devices } = service.status();
    const running = devices.filter(({ state }) => state === 'running').length;
    manager.ready(`${running} of ${devices.length} devices run`);
    logger.log('info', 'daemon', () => `${running} of ${devices.length} devices run`);
  };
  onReload?.(() => {
    manager.reloading();
    reload().catch((error: unknown) => {
      manager.ready('the definitions cannot be read');
      logger.log('error', 'daemon', () => 'the definitions cannot be read', error);
    });
  });
  try {
    const control = owned.use(listen(options, service, logger));
    await Promise.race([reload(), stopped]);
    await stopped;
    manager.stopping();
    control[Symbol.dispose]();
  } finally {
    await supervisor.close();
  }
  logger.log('info', 'daemon', () => 'all devices have stopped');
  return EXIT.OK;
}

function listen(
  { places, environment }: DaemonOptions,
  service: DaemonService,
  logger: Logger,
): Disposable {
  const handed = handedSocket(environment.env, process.pid);
  try {
    const at = handed ?? places.control;
    const listening = listenForRequests(at, (request) => service.answer(request), logger);
    logger.log('info', 'daemon', () =>
      handed === undefined ? `listens on ${places.control}` : 'listens where it was told to',
    );
    return listening;
  } catch (error) {
    if (!isErrno(error, 'EADDRINUSE')) throw error;
    const fact = `somebody else listens on ${places.control}, a service manager perhaps`;
    const manager = environment.uid === 0 ? 'systemctl' : 'systemctl --user';
    throw new Error(`${fact}: ${manager} stop vfio-ts.socket`, { cause: error });
  }
}

function cleaned(socket: string, logger: Logger): void {
  try {
    removeSocket(socket);
  } catch (error) {
    logger.log('warn', 'daemon', () => `${socket} could not be removed`, error);
  }
}

/** Passes on what a device logs, with its UUID. */
function forward(output: Output, isJson: boolean): (uuid: string, line: string) => void {
  if (!isJson) return (uuid, line) => output.note(`${uuid}: ${line}`);
  return (uuid, line) => output.note(JSON.stringify({ device: uuid, ...fieldsOf(line) }));
}

function fieldsOf(line: string): object {
  try {
    const fields: unknown = JSON.parse(line);
    if (typeof fields === 'object' && fields !== null) return fields;
  } catch {
    // A device may end with a line that is no JSON: Node's own of an error.
  }
  return { message: line };
}
