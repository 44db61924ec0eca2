// The parameter block of a CCA reply: the verb, the rules, and fields that are preceded by their length.

/** A parameter block. Each field gets a length of two bytes that counts itself. */
export function parameterBlock(
  functionCode: string,
  ...fields: readonly Uint8Array[]
): Uint8Array<ArrayBuffer> {
  const size = fields.reduce((sum, field) => sum + 2 + field.length, 2);
  const block = new Uint8Array(size);
  const view = new DataView(block.buffer);
  block.set(Buffer.from(functionCode, 'latin1').subarray(0, 2));
  let offset = 2;
  for (const field of fields) {
    view.setUint16(offset, 2 + field.length);
    block.set(field, offset + 2);
    offset += 2 + field.length;
  }
  return block;
}

/** No rules, no data. */
export const NO_BYTES: Uint8Array = new Uint8Array(0);
