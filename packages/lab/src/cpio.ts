// The "newc" form of cpio, as the kernel's initramfs unpacker reads it
// (Documentation/driver-api/early-userspace/buffer-format.rst in the kernel's tree).

/** One entry of an archive. Folders must come before what is in them. */
export type CpioEntry =
  | { readonly kind: 'dir'; readonly path: string; readonly mode: number }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly mode: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'char';
      readonly path: string;
      readonly mode: number;
      readonly major: number;
      readonly minor: number;
    };

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

/** Writes an archive. Everything belongs to root and carries no time, so equal input gives equal bytes. */
export function writeCpio(entries: readonly CpioEntry[]): Buffer {
  const parts: Buffer[] = [];
  entries.forEach((entry, index) => {
    switch (entry.kind) {
      case 'dir':
        parts.push(...member(index + 1, entry.path, S_IFDIR | entry.mode));
        break;
      case 'file':
        parts.push(...member(index + 1, entry.path, S_IFREG | entry.mode, entry.data));
        break;
      case 'link':
        parts.push(...member(index + 1, entry.path, S_IFLNK | 0o777, Buffer.from(entry.target)));
        break;
      case 'char': {
        const { path, mode, major, minor } = entry;
        parts.push(...member(index + 1, path, S_IFCHR | mode, new Uint8Array(), major, minor));
        break;
      }
    }
  });
  parts.push(...member(0, 'TRAILER!!!', 0));
  return Buffer.concat(parts);
}

function member(
  ino: number,
  path: string,
  mode: number,
  data: Uint8Array = new Uint8Array(),
  rdevMajor: number = 0,
  rdevMinor: number = 0,
): Buffer[] {
  const name = Buffer.from(`${path.replace(/^\/+/, '')}\0`);
  const links = (mode & S_IFDIR) === S_IFDIR ? 2 : 1;
  const fields = [
    ino,
    mode,
    0,
    0,
    links,
    0,
    data.length,
    0,
    0,
    rdevMajor,
    rdevMinor,
    name.length,
    0,
  ];
  const header = Buffer.from(`070701${fields.map(hex).join('')}`);
  return [pad(Buffer.concat([header, name])), pad(Buffer.from(data))];
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

function pad(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
