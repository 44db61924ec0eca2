import { expect, test } from 'vitest';
import { RegisterFile } from '../../../src/gpu/registers/register-file.ts';
import { Sideband } from '../../../src/gpu/registers/sideband.ts';

const READ = 0x0601;
const WRITE = 0x0701;

function run(file: RegisterFile, address: number, command: number, data = 0): number {
  file.write(0xc_6000, (address << 16) >>> 0);
  file.write(0xc_6004, data);
  file.write(0xc_6008, command);
  expect(file.read(0xc_6008) & 0b111).toBe(0);
  return file.read(0xc_6004);
}

function sideband(): { file: RegisterFile; device: Sideband } {
  const file = new RegisterFile();
  const device = new Sideband();
  file.add(device.family);
  return { file, device };
}

test('what is written behind the interface is read from there', () => {
  const { file } = sideband();
  run(file, 0x600, WRITE, 0x1234);
  run(file, 0x604, WRITE, 0x5678);
  expect(run(file, 0x600, READ)).toBe(0x1234);
  expect(run(file, 0x608, READ, 9)).toBe(0);
});

test('twenty registers are remembered, not more', () => {
  const { file } = sideband();
  for (let i = 1; i <= 21; i++) run(file, i, WRITE, i);
  expect([1, 20, 21].map((address) => run(file, address, READ))).toEqual([1, 20, 0]);
});

test('a reset forgets them', () => {
  const { file, device } = sideband();
  run(file, 0x600, WRITE, 1);
  device.reset();
  expect(run(file, 0x600, READ)).toBe(0);
});

test('a write that is not for the interface starts nothing', () => {
  const { file } = sideband();
  file.write(0xc_6004, 5);
  file.write(0xc_6008, READ & ~1);
  expect(file.read(0xc_6004)).toBe(5);
});
