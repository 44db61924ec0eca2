// Callbacks that say when they are called.

import type { VfioDeviceOps } from '@vfio-ts/core';

/**
 * The same callbacks, each noting its name before it runs. Nested tables (`migration`, `log`) are as they were.
 *
 * @param calls - where the names go
 */
export function spyOps<T>(ops: VfioDeviceOps<T>, calls: string[]): VfioDeviceOps<T> {
  return new Proxy(ops, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown => {
        calls.push(String(name));
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** Names of callbacks. */
export type OpName = Exclude<keyof VfioDeviceOps<object>, 'name'>;

/** Whether the driver has a callback. */
export function hasOp<T>(ops: VfioDeviceOps<T>, name: OpName): boolean {
  return Reflect.get(ops, name) !== undefined;
}

/** The same callbacks without some of them. */
export function withoutOps<T>(
  ops: VfioDeviceOps<T>,
  ...names: readonly OpName[]
): VfioDeviceOps<T> {
  const missing: ReadonlySet<string | symbol> = new Set(names);
  return new Proxy(ops, {
    get: (target, name): unknown => (missing.has(name) ? undefined : Reflect.get(target, name)),
  });
}
