// The text form of configuration space that lspci writes with -x and reads back with -F.

/**
 * Writes bytes as `lspci -F` reads them: a title line that starts with the slot, 16 bytes a line, an empty
 * line.
 *
 * @param slot - address of the function, `00:00.0` style
 * @param title - free text after it
 */
export function hexDump(bytes: Uint8Array, slot: string, title: string): string {
  const lines = [`${slot} ${title}`];
  for (let offset = 0; offset < bytes.length; offset += 16) {
    const row = Array.from(bytes.subarray(offset, offset + 16), hex2);
    lines.push(`${hex2(offset)}: ${row.join(' ')}`);
  }
  return `${lines.join('\n')}\n\n`;
}

function hex2(value: number): string {
  return value.toString(16).padStart(2, '0');
}
