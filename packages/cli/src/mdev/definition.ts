// Definitions of mediated devices in the form of mdevctl: one JSON file a device, its name the UUID, its folder the
// parent. What mdevctl writes is read, and what is written here mdevctl reads.

import { VfioError } from '@vfio-ts/core';

/** A file of a device and what is written to it. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** What a definition says. */
export interface MdevDefinition {
  /** Directory of the type, for example `vfio_ap-passthrough`. */
  readonly mdevType: string;
  /** `auto` where the device is to be started with the machine. */
  readonly start: 'auto' | 'manual';
  /** Written in this order before the device counts as started. */
  readonly attrs: readonly Setting[];
}

/**
 * Reads a definition. Fields that mdevctl does not have are passed over.
 *
 * @param source - for errors, the file's name
 * @throws `EINVAL` no JSON, or not a definition; says in which line
 */
export function parseDefinition(text: string, source: string): MdevDefinition {
  const fail = (fact: string, line = 1, cause?: unknown): never => {
    const where = `${source}: line ${line}`;
    throw new VfioError('EINVAL', 'parseDefinition', `${where}: ${fact}`, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const fact = error instanceof Error ? error.message : 'no JSON';
    return fail(fact, lineOfSyntaxError(text, fact), error);
  }
  const failAt = (key: string, fact: string): never => fail(fact, lineOfKey(text, key));
  if (!isRecord(json)) return fail('no JSON object');
  const { mdev_type: mdevType, start = 'manual', attrs = [] } = json;
  if (typeof mdevType !== 'string' || mdevType === '') {
    return failAt('mdev_type', 'mdev_type is missing');
  }
  if (start !== 'auto' && start !== 'manual') {
    return failAt('start', 'start is neither auto nor manual');
  }
  if (!Array.isArray(attrs)) return failAt('attrs', 'attrs is no list');
  return { mdevType, start, attrs: attrs.flatMap((attr: unknown) => settings(attr, failAt)) };
}

function settings(attr: unknown, failAt: (key: string, fact: string) => never): Setting[] {
  if (!isRecord(attr)) return failAt('attrs', 'attrs has an element that is no object');
  return Object.entries(attr).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : failAt(name, `the value of ${name} is no string`),
  );
}

/** V8 says where, but for a text that ends too soon. */
function lineOfSyntaxError(text: string, fact: string): number {
  const said = /\(line (?<line>\d+) column \d+\)/u.exec(fact)?.groups?.['line'];
  return said === undefined ? lineAt(text.trimEnd(), Infinity) : Number(said);
}

/** Where a key is first; 1 where it is not. */
function lineOfKey(text: string, key: string): number {
  const quoted = RegExp.escape(JSON.stringify(key));
  return lineAt(text, new RegExp(`${quoted}\\s*:`, 'u').exec(text)?.index ?? 0);
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A definition as JSON has it. */
export interface DefinitionObject {
  readonly mdev_type: string;
  readonly start: 'auto' | 'manual';
  readonly attrs: readonly Readonly<Record<string, string>>[];
}

/** A definition as mdevctl's JSON has it. */
export function definitionObject({ mdevType, start, attrs }: MdevDefinition): DefinitionObject {
  const objects = attrs.map(({ name, value }) => Object.fromEntries([[name, value]]));
  return { mdev_type: mdevType, start, attrs: objects };
}

/** Writes a definition as mdevctl does, newline at the end. */
export function formatDefinition(definition: MdevDefinition): string {
  return `${JSON.stringify(definitionObject(definition), undefined, 2)}\n`;
}

/** Reads `NAME=VALUE`; the value may be empty. `undefined` where there is no name. */
export function parseSetting(text: string): Setting | undefined {
  const at = text.indexOf('=');
  return at < 1 ? undefined : { name: text.slice(0, at), value: text.slice(at + 1) };
}
