// Drivers get the command's own core, whichever copy lies beside them, and where none does.

import { registerHooks } from 'node:module';

const CORE = '@vfio-ts/core';
let isHooked = false;

/** From now on all modules of this thread that import core import the command's. A second call does nothing. */
export function shareCore(): void {
  if (isHooked) return;
  isHooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const isCore = specifier === CORE || specifier.startsWith(`${CORE}/`);
      return next(specifier, isCore ? { ...context, parentURL: import.meta.url } : context);
    },
  });
}
