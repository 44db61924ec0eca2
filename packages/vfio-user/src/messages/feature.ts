// DEVICE_FEATURE, MIG_DATA_READ and MIG_DATA_WRITE.
//
//   feature:         0 argsz  4 flags  8 data
//   migration data:  0 argsz  4 size   8 data

/** Bytes before the data of a feature. */
export const FEATURE_SIZE = 8;
/** Bytes before migration data. */
export const MIG_DATA_SIZE = 8;

/** A payload of two u32 and data: features and migration data share the shape. */
export function encodeWithData(argsz: number, second: number, data: Uint8Array): Uint8Array {
  const payload = new Uint8Array(FEATURE_SIZE + data.length);
  const view = new DataView(payload.buffer);
  view.setUint32(0, argsz, true);
  view.setUint32(4, second, true);
  payload.set(data, FEATURE_SIZE);
  return payload;
}
