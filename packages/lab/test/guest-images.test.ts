import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { guestImages } from '../src/guest-images.ts';
import { folderEntries } from '../src/layer.ts';
import type { LabReady } from '../src/status.ts';
import { tempDir } from './temp-dir.ts';

function labIn(dir: string): LabReady {
  const file = (name: string): string => {
    writeFileSync(join(dir, name), `<${name}>`);
    return join(dir, name);
  };
  return {
    ready: true,
    dir,
    qemu: { command: 'qemu', args: [], env: {} },
    qemuVersion: '11.1.3',
    initramfs: file('base'),
    font: '',
    s390: '',
    kernels: {
      stable: { image: join(dir, 'vmlinuz'), release: '6.12.1', i915: file('i915') },
      backports: { image: join(dir, 'newer'), release: '7.3.1', i915: file('i915-newer') },
    },
    igt: file('igt'),
  };
}

test('a guest without parts boots what is in the lab', () => {
  using temp = tempDir();
  const lab = labIn(temp.path);
  const images = guestImages(lab, {}, temp.path);
  expect(images).toEqual({ kernel: lab.kernels.stable.image, initramfs: lab.initramfs });
});

test('the initramfs of a guest with parts is the base, then each part for its kernel', () => {
  using temp = tempDir();
  const software = { kernel: 'backports', parts: ['i915', 'igt'] } as const;
  const images = guestImages(labIn(temp.path), software, temp.path);
  expect(images.kernel).toBe(join(temp.path, 'newer'));
  expect(readFileSync(images.initramfs, 'utf8')).toBe('<base><i915-newer><igt>');
});

test('the folders of a path come outermost first, without the path itself', () => {
  expect(folderEntries('a/b/c').map(({ path }) => path)).toEqual(['a', 'a/b']);
});
