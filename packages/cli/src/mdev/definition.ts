// Definitions of mediated devices in the form of mdevctl: one JSON file a device, its name the UUID, its folder the
// parent. What mdevctl writes is read, and what is written here mdevctl reads.

import { VfioError } from '@vfio-ts/core';
import { isRecord } from '../json.ts';
import { jsonErrorAt } from './json-syntax.ts';

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
    const at = jsonErrorAt(text) ?? 0;
    const isShort = at === text.length;
    const fact = isShort ? 'it ends too soon' : `unexpected ${JSON.stringify(wordAt(text, at))}`;
    return fail(`it is not valid JSON: ${fact}`, lineAt(text.trimEnd(), at), error);
  }
  return parseDefinitionObject(json, (fact, key) => fail(fact, lineOfKey(text, key)));
}

/**
 * Reads a definition that has been JSON.
 *
 * @param fail - throws; it is told what is wrong, and at which key
 */
export function parseDefinitionObject(
  json: unknown,
  fail: (fact: string, key: string) => never,
): MdevDefinition {
  if (!isRecord(json)) return fail('no JSON object', '');
  const { mdev_type: mdevType, start = 'manual', attrs = [] } = json;
  if (typeof mdevType !== 'string' || mdevType === '') {
    return fail('mdev_type is missing', 'mdev_type');
  }
  if (start !== 'auto' && start !== 'manual') {
    return fail('start is neither auto nor manual', 'start');
  }
  if (!Array.isArray(attrs)) return fail('attrs is no list', 'attrs');
  return { mdevType, start, attrs: attrs.flatMap((attr: unknown) => settings(attr, fail)) };
}

function settings(attr: unknown, fail: (fact: string, key: string) => never): Setting[] {
  if (!isRecord(attr)) return fail('attrs has an element that is no object', 'attrs');
  return Object.entries(attr).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : fail(`the value of ${name} is no string`, name),
  );
}

/** What is at a place, for people. */
function wordAt(text: string, at: number): string {
  return /^(?:[\w.-]{1,20}|[^])/u.exec(text.slice(at))?.[0] ?? '';
}

/** Where a key is first; 1 where it is not. */
function lineOfKey(text: string, key: string): number {
  const quoted = RegExp.escape(JSON.stringify(key));
  return lineAt(text, new RegExp(`${quoted}\\s*:`, 'u').exec(text)?.index ?? 0);
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
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

/** A definition from what JSON has of it. */
export function definitionFromObject(object: DefinitionObject): MdevDefinition {
  const { mdev_type: mdevType, start, attrs } = object;
  const listed = attrs.flatMap((attr) =>
    Object.entries(attr).map(([name, value]) => ({ name, value })),
  );
  return { mdevType, start, attrs: listed };
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
