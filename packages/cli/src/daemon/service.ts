// What the daemon does: the devices of the store, and what clients ask for.

import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { VfioError, type Logger } from '@vfio-ts/core';
import { definitionObject, type MdevDefinition } from '../mdev/definition.ts';
import { deviceSocket, type Places } from '../places.ts';
import {
  definitionsOf,
  onlyOne,
  type Damage,
  type DefinitionStore,
  type StoreContents,
  type StoredDefinition,
} from '../store/definition-store.ts';
import type { DeviceOrder } from './device-process.ts';
import type { ManagedDevice } from './managed-device.ts';
import type {
  DaemonRequest,
  DaemonStatus,
  DeviceStatus,
  ReloadResult,
  StartedDevice,
  StartRequest,
} from './protocol.ts';
import type { Supervisor } from './supervisor.ts';

/** What the daemon consists of. */
export interface ServiceOptions {
  readonly store: DefinitionStore;
  readonly supervisor: Supervisor;
  readonly places: Pick<Places, 'runtime'>;
  readonly logger: Logger;
  /** Of the package. */
  readonly version: string;
}

/** The daemon without its socket. */
export class DaemonService {
  readonly #options: ServiceOptions;
  /** Settles when the reload before has ended: one at a time. */
  #reloading: Promise<unknown> = Promise.resolve();

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** Does what a client asks. @throws VfioError, or what the store throws */
  async answer(request: DaemonRequest): Promise<unknown> {
    switch (request.verb) {
      case 'status':
        return this.status();
      case 'reload':
        return await this.reload();
      case 'start':
        return await this.#start(request);
      case 'stop':
        await this.#options.supervisor.stop(request.uuid);
        return null;
    }
  }

  status(): DaemonStatus {
    const { supervisor, version } = this.#options;
    const devices = supervisor.devices.map((device) => statusOf(device));
    return { version, pid: process.pid, devices };
  }

  /**
   * Makes what runs what the store says: starts what is `auto` and does not run, starts what has changed or failed
   * again, and leaves alone all else. A device whose definition is gone runs on, as with mdevctl.
   *
   * @throws as Node does, when the store cannot be read
   */
  reload(): Promise<ReloadResult> {
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded.catch(() => undefined);
    return reloaded;
  }

  async #reload(): Promise<ReloadResult> {
    const { store, supervisor, logger } = this.#options;
    const contents = await store.load();
    const damaged = contents.damaged.map((damage) => describeDamage(damage));
    for (const line of damaged) logger.log('error', 'store', () => line);
    const changed: ManagedDevice[] = [];
    const unchanged: string[] = [];
    const gone: string[] = [];
    const failed: ManagedDevice[] = [];
    for (const device of supervisor.devices) {
      const { uuid } = device.order;
      switch (this.#compare(device, contents)) {
        case 'changed':
          changed.push(device);
          break;
        case 'same':
          unchanged.push(uuid);
          break;
        case 'gone':
          gone.push(uuid);
          break;
        case 'failed':
          failed.push(device);
      }
    }
    const isChanged = new Set(changed.map(({ order }) => order.uuid));
    const isLeft = new Set([...unchanged, ...gone]);
    const auto = this.#wanted(contents);
    // What was to run before it failed is to run still, also where it does not start by itself.
    const again = failed
      .filter(({ order }) => auto.every(({ uuid }) => uuid !== order.uuid))
      .flatMap(({ order }) => definitionsOf(contents, order.uuid, order.parent));
    const wanted = [...auto, ...again].filter(({ uuid }) => !isLeft.has(uuid));
    const orders = [
      ...wanted.filter(({ uuid }) => !isChanged.has(uuid)),
      ...changed.flatMap(({ order }) => definitionsOf(contents, order.uuid, order.parent)),
    ];
    await Promise.all(changed.map((device) => device.stop()));
    for (const { order } of failed) {
      // Nobody would ask for it again.
      if (definitionsOf(contents, order.uuid).length === 0) supervisor.forget(order.uuid);
    }
    await supervisor.keep(orders.map((stored) => this.#orderOf(stored, true)));
    const uuids = orders.map(({ uuid }) => uuid);
    return {
      started: uuids.filter((uuid) => !isChanged.has(uuid)),
      restarted: uuids.filter((uuid) => isChanged.has(uuid)),
      unchanged,
      undefined: gone,
      damaged,
    };
  }

  /** How a device that is active stands to the store; one that has failed may do better now. */
  #compare(
    { order, state }: ManagedDevice,
    contents: StoreContents,
  ): 'same' | 'changed' | 'gone' | 'failed' {
    if (state === 'failed') return 'failed';
    const [stored] = definitionsOf(contents, order.uuid, order.parent);
    if (stored === undefined) return order.isDefined ? 'gone' : 'same';
    return isSameDevice(stored.definition, order.definition) ? 'same' : 'changed';
  }

  /** Those to be started; of several with one UUID the first. */
  #wanted({ definitions }: StoreContents): StoredDefinition[] {
    const auto = definitions.filter(({ definition }) => definition.start === 'auto');
    const byUuid = new Map<string, StoredDefinition>();
    for (const one of auto) {
      const first = byUuid.get(one.uuid);
      if (first === undefined) {
        byUuid.set(one.uuid, one);
        continue;
      }
      this.#options.logger.log(
        'error',
        one.uuid,
        () => `${first.parent} and ${one.parent} are both to start it; only ${first.parent} does`,
      );
    }
    return [...byUuid.values()];
  }

  async #start(request: StartRequest): Promise<StartedDevice> {
    const { supervisor } = this.#options;
    const order = await this.#resolve(request);
    const { driver, type } = await supervisor.start(order);
    return { uuid: order.uuid, socket: order.socket, driver, type };
  }

  /** Which device is meant: with a parent and a type or a definition one of its own, unless it is defined. */
  async #resolve(request: StartRequest): Promise<DeviceOrder> {
    const { uuid = randomUUID(), parent, type } = request;
    const contents = await this.#options.store.load();
    const definition =
      request.definition ??
      (type === undefined ? undefined : { mdevType: type, start: 'manual' as const, attrs: [] });
    const isDefined = definitionsOf(contents, uuid, parent).length > 0;
    if (!isDefined && definition !== undefined && parent !== undefined) {
      return this.#orderOf({ uuid: uuid.toLowerCase(), parent, definition }, false);
    }
    if (request.uuid === undefined) {
      throw new VfioError('EINVAL', 'start', 'it takes a uuid, or a parent and a type');
    }
    const stored = onlyOne(contents, uuid, parent);
    const { mdevType } = stored.definition;
    if (definition !== undefined && definition.mdevType !== mdevType) {
      const fact = `device ${uuid} is defined on ${stored.parent} with type ${mdevType}`;
      throw new VfioError('EEXIST', 'start', fact);
    }
    return this.#orderOf(stored, true);
  }

  #orderOf({ uuid, parent, definition }: StoredDefinition, isDefined: boolean): DeviceOrder {
    const socket = deviceSocket(this.#options.places, uuid);
    return { uuid, parent, definition, isDefined, socket };
  }
}

/** Whether a device would be the same one; when it starts says nothing of that. */
function isSameDevice(a: MdevDefinition, b: MdevDefinition): boolean {
  return a.mdevType === b.mdevType && isDeepStrictEqual(a.attrs, b.attrs);
}

function statusOf(device: ManagedDevice): DeviceStatus {
  const { order, state, restarts, pid, runs, startsIn, reason, ready } = device;
  return {
    uuid: order.uuid,
    parent: order.parent,
    definition: definitionObject(order.definition),
    state,
    socket: order.socket,
    restarts,
    ...(ready !== undefined && { driver: ready.driver }),
    ...(pid !== undefined && { pid }),
    ...(runs !== undefined && { runs: Math.round(runs) }),
    ...(startsIn !== undefined && { startsIn: Math.round(startsIn) }),
    ...(reason !== undefined && { reason }),
  };
}

/** What is wrong with a file, where it is now, and what to do. */
export function describeDamage({ fact, aside }: Damage): string {
  return aside === undefined
    ? `${fact}; it is passed over until it is repaired`
    : `${fact}; it has been moved to ${aside}: repair it and move it back`;
}
