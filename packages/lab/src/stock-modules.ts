import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CpioEntry } from './cpio.ts';
import { fileEntry, folderEntries, writeLayer } from './layer.ts';
import { runShell } from './process.ts';
import { LIBRARIES, LOADER } from './unpack.ts';

/** The layer with i915, as the steps of kernels name it. */
export const I915_LAYER = 'i915.cpio.gz';

/** `xz TREE`: the tree's own, on standard input. */
export const XZ: string = `
    xz() { "$1/${LOADER}" --library-path "$1/${LIBRARIES}" \\
      "$1/usr/bin/xz" -dc; }`;

/** Drivers in a package. */
export interface PackagedModules {
  /** The package that has them, compressed. */
  readonly deb: string;
  /** An unpacked tree that has `xz`. */
  readonly tree: string;
  readonly names: readonly string[];
}

/** Takes stock drivers out of their package into a folder. @throws LabError when one is not there */
export async function takeModules({
  deb,
  tree,
  names,
  into,
}: PackagedModules & { readonly into: string }): Promise<void> {
  const script = `${XZ}
    deb="$1" tree="$2" into="$3"
    shift 3
    dpkg-deb --fsys-tarfile "$deb" |
      tar -x -C "$into" --transform 's,.*/,,' --wildcards "$@"
    for file in "$into"/*.ko.xz; do
      xz "$tree" <"$file" >"\${file%.xz}"
      rm "$file"
    done`;
  const paths = names.map((name) => `*/kernel/*/${name}.ko.xz`);
  await runShell(script, [deb, tree, into, ...paths]);
}

/** Makes a layer of drivers for the kernel of a release in `work`. @throws LabError as {@link takeModules} */
export async function makeDriverLayer(
  work: string,
  { release, ...packaged }: PackagedModules & { readonly release: string },
): Promise<void> {
  const into = join(work, 'layer');
  mkdirSync(into);
  await takeModules({ ...packaged, into });
  const folder = `lib/modules/${release}`;
  const entries: CpioEntry[] = [
    ...folderEntries(`${folder}/any`),
    ...readdirSync(into)
      .toSorted()
      .map((name) => fileEntry(`${folder}/${name}`, 0o644, readFileSync(join(into, name)))),
  ];
  writeLayer(join(work, I915_LAYER), entries);
  rmSync(into, { recursive: true });
}
