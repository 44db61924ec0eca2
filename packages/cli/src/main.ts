#!/usr/bin/env node
// The vfio-ts command. The rest is loaded once Node is known to be able to read it.

import { tooOld } from './node-version.ts';

const fact = tooOld(process.versions.node);
if (fact === undefined) await import('./command.ts');
else {
  console.error(fact);
  process.exitCode = 1;
}
