// Names of vendors, devices and classes from pci.ids, which Debian has in the package pci.ids.

import { readFileSync } from 'node:fs';
import { digits } from './facts.ts';

/** Names; `undefined` where the list has none. */
export interface PciNames {
  vendor(vendor: number): string | undefined;
  device(vendor: number, device: number): string | undefined;
  /** Of 24 bits: that of the subclass, or of the base class. */
  pciClass(classCode: number): string | undefined;
}

const FILES = ['/usr/share/misc/pci.ids', '/usr/share/hwdata/pci.ids'];

/** The list of this machine; an empty one where there is none. */
export function systemPciNames(files: readonly string[] = FILES): PciNames {
  for (const file of files) {
    try {
      return new PciIds(readFileSync(file, 'latin1'));
    } catch {
      // Names are an extra.
    }
  }
  return new PciIds('');
}

/** A list as a text: `vvvv  name`, below it a tab and `dddd  name`; classes begin with `C`. */
export class PciIds implements PciNames {
  readonly #text: string;

  /** It is searched as it is: a look-up is rare, and parsing a megabyte is not worth one. */
  constructor(text: string) {
    this.#text = `\n${text}`;
  }

  vendor(vendor: number): string | undefined {
    return this.#below(0, this.#text.length, `\n${digits(vendor, 4)}  `)?.name;
  }

  device(vendor: number, device: number): string | undefined {
    return this.#child(`\n${digits(vendor, 4)}  `, `\n\t${digits(device, 4)}  `);
  }

  pciClass(classCode: number): string | undefined {
    const base = `\nC ${digits(classCode >>> 16, 2)}  `;
    const sub = digits((classCode >>> 8) & 0xff, 2);
    return this.#child(base, `\n\t${sub}  `) ?? this.#below(0, this.#text.length, base)?.name;
  }

  #child(parent: string, child: string): string | undefined {
    const above = this.#below(0, this.#text.length, parent);
    if (above === undefined) return undefined;
    // Everything up to the next line that is neither indented nor a comment is the parent's.
    const rest = /\n[^\t\n#]/u.exec(this.#text.slice(above.end));
    const end = rest === null ? this.#text.length : above.end + rest.index;
    return this.#below(above.end, end, child)?.name;
  }

  #below(
    start: number,
    end: number,
    key: string,
  ): { readonly name: string; readonly end: number } | undefined {
    const at = this.#text.indexOf(key, start);
    if (at < 0 || at >= end) return undefined;
    const line = this.#text.indexOf('\n', at + 1);
    const stop = line < 0 ? this.#text.length : line;
    return { name: this.#text.slice(at + key.length, stop).trimEnd(), end: stop };
  }
}
