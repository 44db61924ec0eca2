// What TAPQ and QCI tell a guest. Layouts: Linux arch/s390/include/asm/ap.h, struct ap_tapq_hwinfo and
// struct ap_config_info.

import type { ApConfigInfo } from '../bus/config-info.ts';
import type { ApCardInfo } from '../hardware/card.ts';
import type { ApPortMasks } from './host.ts';
import { AP_QCI_SIZE } from './layout.ts';

const QCI_APSC = 0x8000_0000;
const QCI_APXA = 0x4000_0000;
const QCI_RC8A = 0x1000_0000;

/** General register 2 of TAPQ. */
export function encodeQueueInfo(
  info: ApCardInfo,
  config: ApConfigInfo,
  hasFacilities: boolean,
): bigint {
  const low =
    ((info.hwtype & 0xff) << 24) |
    ((config.maxDomain & 0xff) << 16) |
    ((info.maxMessagePages & 0xf) << 8) |
    ((info.depth - 1) & 0xf);
  const high = hasFacilities ? info.functions >>> 0 : 0;
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}

/**
 * The block that QCI stores, big endian: the machine, with the masks that the guest has. Functions that the port does
 * not carry out, QACT and those of secure execution, are not in it.
 */
export function encodeConfigInfo(config: ApConfigInfo, masks: ApPortMasks): Uint8Array {
  const block = new Uint8Array(AP_QCI_SIZE);
  const flags =
    (config.apsc ? QCI_APSC : 0) | (config.apxa ? QCI_APXA : 0) | (config.rc8a ? QCI_RC8A : 0);
  const view = new DataView(block.buffer);
  view.setUint32(0, flags >>> 0);
  view.setUint8(4, config.maxAdapter);
  view.setUint8(5, config.maxDomain);
  block.set(masks.adapters.toBytes(), 16);
  block.set(masks.domains.toBytes(), 48);
  block.set(masks.controlDomains.toBytes(), 80);
  return block;
}
