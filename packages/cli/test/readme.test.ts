import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeBlocks } from '@vfio-ts/lab';

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');

test('the driver in the README is the end of the one that is tested', () => {
  const [driver = ''] = codeBlocks(join(import.meta.dirname, '../README.md'));
  expect(driver).toContain('register(bus)');
  expect(read('drivers/uart/src/driver.ts').endsWith(driver)).toBe(true);
});

test('the README has what package.json of that driver says', () => {
  const { 'vfio-ts': said } = JSON.parse(read('drivers/uart/package.json'));
  const text = read('../README.md');
  expect(text).toContain(
    `"vfio-ts": { "driver": "${said.driver}", "interface": ${said.interface} }`,
  );
});
