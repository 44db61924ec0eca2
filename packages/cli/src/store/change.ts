// What `modify` does to a definition.

import { VfioError } from '@vfio-ts/core';
import type { MdevDefinition, Setting } from '../mdev/definition.ts';

/** A change; what is left out stays. */
export interface DefinitionChange {
  readonly mdevType?: string;
  readonly start?: MdevDefinition['start'];
  readonly attribute?: AttributeChange;
}

/** A change of the list of attributes, at its end when no index is given. */
export type AttributeChange =
  | { readonly op: 'add'; readonly attr: Setting; readonly index?: number }
  | { readonly op: 'remove'; readonly index?: number };

/** Makes the change. @throws `EINVAL` the list has no such index */
export function changeDefinition(
  before: MdevDefinition,
  { mdevType = before.mdevType, start = before.start, attribute }: DefinitionChange,
): MdevDefinition {
  return { mdevType, start, attrs: changeAttributes(before.attrs, attribute) };
}

function changeAttributes(
  attrs: readonly Setting[],
  change: AttributeChange | undefined,
): readonly Setting[] {
  switch (change?.op) {
    case undefined:
      return attrs;
    case 'add': {
      const { attr, index = attrs.length } = change;
      checkIndex(index, attrs.length);
      return attrs.toSpliced(index, 0, attr);
    }
    case 'remove': {
      // As with mdevctl, nothing is removed from an empty list.
      if (change.index === undefined) return attrs.slice(0, -1);
      checkIndex(change.index, attrs.length - 1);
      return attrs.toSpliced(change.index, 1);
    }
  }
}

function checkIndex(index: number, max: number): void {
  if (index <= max) return;
  const range = max < 0 ? 'there are no attributes' : `it takes 0 to ${max}`;
  throw new VfioError('EINVAL', 'modify', `attribute index ${index} is invalid; ${range}`);
}
