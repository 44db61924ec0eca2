// All commands of the control unit, by command byte.

import type { CommandHandler, CommandTable } from '../unit.ts';
import { DEFINE_EXTENT } from './define-extent.ts';
import { IDENTIFY } from './identify.ts';
import { LOCATE_RECORD } from './locate-record.ts';
import { PATHS } from './paths.ts';
import { PREFIX } from './prefix.ts';
import { READS } from './reads.ts';
import { SEARCHES } from './searches.ts';
import { SEEKS } from './seeks.ts';
import { SPACE } from './space.ts';
import { SUBSYSTEM } from './subsystem.ts';
import { WRITES } from './writes.ts';

const TABLES: readonly CommandTable[] = [
  DEFINE_EXTENT,
  LOCATE_RECORD,
  PREFIX,
  READS,
  WRITES,
  SEARCHES,
  SEEKS,
  IDENTIFY,
  PATHS,
  SUBSYSTEM,
  SPACE,
];

/** The handler of a command byte; `undefined` where the control unit has no such command. */
export const COMMANDS: ReadonlyArray<CommandHandler | undefined> = Array.from(
  { length: 0x100 },
  (_unused, code) => TABLES.find((table) => code in table)?.[code],
);
