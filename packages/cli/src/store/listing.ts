// Lists of devices in the forms of mdevctl.

import { definitionObject, type MdevDefinition } from '../mdev/definition.ts';

/** A device in a list. */
export interface ListedDevice {
  readonly uuid: string;
  readonly parent: string;
  readonly definition: MdevDefinition;
  /** What is said of it behind, in parentheses: `defined`, `active`. */
  readonly remarks: readonly string[];
}

/** Lines as `mdevctl list` prints them, with the attributes when `isVerbose`. */
export function listLines(devices: readonly ListedDevice[], isVerbose: boolean): string[] {
  return devices.flatMap(({ uuid, parent, definition, remarks }) => {
    const { mdevType, start, attrs } = definition;
    const said = remarks.map((remark) => ` (${remark})`).join('');
    const line = `${uuid} ${parent} ${mdevType} ${start}${said}`;
    if (!isVerbose || attrs.length === 0) return [line];
    const numbered = attrs.map(({ name, value }, i) => `    @{${i}}: {"${name}":"${value}"}`);
    return [line, '  Attrs:', ...numbered];
  });
}

/**
 * What `mdevctl list --dumpjson` prints: parents with their devices, or the definition alone when one device was asked
 * for and is the only one.
 */
export function dumpList(devices: readonly ListedDevice[], isOneAskedFor: boolean): unknown {
  const [only] = devices;
  if (isOneAskedFor && only !== undefined && devices.length === 1) {
    return definitionObject(only.definition);
  }
  if (devices.length === 0) return [];
  const byParent = Map.groupBy(devices, ({ parent }) => parent);
  const entries = Array.from(byParent, ([parent, ofParent]) => {
    const listed = ofParent.map(({ uuid, definition }) => ({
      [uuid]: definitionObject(definition),
    }));
    return [parent, listed] as const;
  });
  return [Object.fromEntries(entries)];
}
