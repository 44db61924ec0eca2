// The drivers the command knows, by the name of their package.

import type { MdevBus, MdevParent } from '@vfio-ts/core';
import { registerMdpy, unregisterMdpy } from '@vfio-ts/mdpy-sample';
import { UsageError } from './usage.ts';

/** A driver on a bus. */
export interface RegisteredDriver {
  readonly parent: MdevParent;
  /** Removes its devices, its parent and the driver. */
  readonly unregister: () => Promise<void>;
}

/** Registers a driver and its parent on a bus. */
type Register = (bus: MdevBus) => RegisteredDriver;

const drivers: ReadonlyMap<string, Register> = new Map([
  [
    'mdpy-sample',
    (bus) => {
      const parent = registerMdpy(bus);
      return { parent, unregister: () => unregisterMdpy(bus, parent) };
    },
  ],
]);

/** What to make: a driver and one of its types. */
export interface DeviceSpec {
  readonly driver: string;
  /** Directory of the type, for example `mdpy-xga`. */
  readonly type: string;
}

/** A device specification as on the command line, `driver:type`. @throws UsageError */
export function parseDeviceSpec(text: string): DeviceSpec {
  const [driver = '', type, ...rest] = text.split(':');
  if (!drivers.has(driver)) {
    const known = [...drivers.keys()].join(', ');
    throw new UsageError(`no driver ${JSON.stringify(driver)}; there are: ${known}`);
  }
  if (type === undefined || type === '' || rest.length > 0) {
    throw new UsageError(`${text}: say which type, as in ${driver}:TYPE; see vfio-ts --help`);
  }
  return { driver, type };
}

/** Registers a driver on a bus and finds a type of it. @throws UsageError */
export function registerDriver(bus: MdevBus, { driver, type }: DeviceSpec): RegisteredDriver {
  const register = drivers.get(driver);
  if (register === undefined) throw new UsageError(`no driver ${driver}`);
  const registered = register(bus);
  const { parent } = registered;
  if (parent.type(type) === undefined) {
    const known = parent.types.map(({ directory }) => directory).join(', ');
    throw new UsageError(`${driver} has no type ${JSON.stringify(type)}; there are: ${known}`);
  }
  return registered;
}
