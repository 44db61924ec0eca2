import { describe, expect, test } from 'vitest';
import { changeDefinition, type DefinitionChange } from '../../src/store/change.ts';

const BEFORE = {
  mdevType: 'a-b',
  start: 'manual',
  attrs: [
    { name: 'a', value: '1' },
    { name: 'b', value: '2' },
  ],
} as const;
const C = { name: 'c', value: '3' };

describe('a change', () => {
  test.each<readonly [DefinitionChange, string, string]>([
    [{}, 'a-b manual', 'ab'],
    [{ mdevType: 'c-d' }, 'c-d manual', 'ab'],
    [{ start: 'auto' }, 'a-b auto', 'ab'],
    [{ attribute: { op: 'add', attr: C } }, 'a-b manual', 'abc'],
    [{ attribute: { op: 'add', attr: C, index: 0 } }, 'a-b manual', 'cab'],
    [{ attribute: { op: 'add', attr: C, index: 2 } }, 'a-b manual', 'abc'],
    [{ attribute: { op: 'remove' } }, 'a-b manual', 'a'],
    [{ attribute: { op: 'remove', index: 0 } }, 'a-b manual', 'b'],
  ])('%j makes %s with %s', (change, head, names) => {
    const { mdevType, start, attrs } = changeDefinition(BEFORE, change);
    expect(`${mdevType} ${start}`).toBe(head);
    expect(attrs.map(({ name }) => name).join('')).toBe(names);
  });

  test.each<readonly [DefinitionChange]>([
    [{ attribute: { op: 'add', attr: C, index: 3 } }],
    [{ attribute: { op: 'remove', index: 2 } }],
  ])('%j is EINVAL and says which indices there are', (change) => {
    expect(() => changeDefinition(BEFORE, change)).toThrow(/^EINVAL: .*it takes 0 to/u);
  });

  test('nothing is removed from an empty list, and no index is valid there', () => {
    const empty = { ...BEFORE, attrs: [] };
    expect(changeDefinition(empty, { attribute: { op: 'remove' } }).attrs).toEqual([]);
    expect(() => changeDefinition(empty, { attribute: { op: 'remove', index: 0 } })).toThrow(
      'there are no attributes',
    );
  });
});
