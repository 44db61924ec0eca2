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
 * @throws `EINVAL` no JSON, or not a definition; says where
 */
export function parseDefinition(text: string, source: string): MdevDefinition {
  const fail = (fact: string, cause?: unknown): never => {
    throw new VfioError('EINVAL', 'parseDefinition', `${source}: ${fact}`, { cause });
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return fail(error instanceof Error ? error.message : 'no JSON', error);
  }
  if (!isRecord(json)) return fail('no JSON object');
  const { mdev_type: mdevType, start = 'manual', attrs = [] } = json;
  if (typeof mdevType !== 'string' || mdevType === '') return fail('mdev_type is missing');
  if (start !== 'auto' && start !== 'manual') return fail('start is neither auto nor manual');
  if (!Array.isArray(attrs)) return fail('attrs is no list');
  return { mdevType, start, attrs: attrs.flatMap((attr: unknown) => settings(attr, fail)) };
}

function settings(attr: unknown, fail: (fact: string) => never): Setting[] {
  if (!isRecord(attr)) return fail('attrs has an element that is no object');
  return Object.entries(attr).map(([name, value]) =>
    typeof value === 'string' ? { name, value } : fail(`the value of ${name} is no string`),
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Writes a definition as mdevctl does, newline at the end. */
export function formatDefinition({ mdevType, start, attrs }: MdevDefinition): string {
  const json = {
    mdev_type: mdevType,
    start,
    attrs: attrs.map(({ name, value }) => ({ [name]: value })),
  };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

/** Reads `NAME=VALUE`; the value may be empty. `undefined` where there is no name. */
export function parseSetting(text: string): Setting | undefined {
  const at = text.indexOf('=');
  return at < 1 ? undefined : { name: text.slice(0, at), value: text.slice(at + 1) };
}
