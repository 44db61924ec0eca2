import { describe, expect, test } from 'vitest';
import { formatDefinition, parseDefinition, parseSetting } from '../../src/mdev/definition.ts';

/** As mdevctl 1.2.0 writes it. */
const WRITTEN = `{
  "mdev_type": "vfio_ap-passthrough",
  "start": "manual",
  "attrs": [
    {
      "assign_adapter": "5"
    },
    {
      "assign_domain": "4"
    }
  ]
}`;

describe('a definition', () => {
  test('is read as mdevctl writes it', () => {
    expect(parseDefinition(WRITTEN, 'x')).toEqual({
      mdevType: 'vfio_ap-passthrough',
      start: 'manual',
      attrs: [
        { name: 'assign_adapter', value: '5' },
        { name: 'assign_domain', value: '4' },
      ],
    });
  });

  test('is written as mdevctl writes it', () => {
    expect(formatDefinition(parseDefinition(WRITTEN, 'x'))).toBe(`${WRITTEN}\n`);
  });

  test('needs nothing but a type', () => {
    expect(parseDefinition('{"mdev_type":"a-b"}', 'x')).toEqual({
      mdevType: 'a-b',
      start: 'manual',
      attrs: [],
    });
  });

  test.each<readonly [string, string]>([
    ['', 'JSON'],
    ['[]', 'no JSON object'],
    ['null', 'no JSON object'],
    ['{}', 'mdev_type is missing'],
    ['{"mdev_type":1}', 'mdev_type is missing'],
    ['{"mdev_type":"a","start":"later"}', 'start is neither auto nor manual'],
    ['{"mdev_type":"a","attrs":{}}', 'attrs is no list'],
    ['{"mdev_type":"a","attrs":["b"]}', 'attrs has an element that is no object'],
    ['{"mdev_type":"a","attrs":[{"b":1}]}', 'the value of b is no string'],
  ])('%s is refused with the reason', (text, fact) => {
    expect(() => parseDefinition(text, 'file.json')).toThrow(
      /^EINVAL: parseDefinition: file\.json: /u,
    );
    expect(() => parseDefinition(text, 'file.json')).toThrow(fact);
  });
});

test.each([
  ['a=1', { name: 'a', value: '1' }],
  ['a=', { name: 'a', value: '' }],
  ['a=b=c', { name: 'a', value: 'b=c' }],
  ['=1', undefined],
  ['a', undefined],
  ['', undefined],
])('%j as a setting', (text, setting) => {
  expect(parseSetting(text)).toEqual(setting);
});
