// PCI Express capability, version 2, of an endpoint (PCI Express Base, 7.5.3).

import { VfioError } from '../../errno.ts';
import { checkUint } from '../bytes.ts';
import { PciRegisters } from '../register-block.ts';
import type { PciCapability } from '../register-block.ts';
import * as regs from '../registers.ts';

const LENGTH = 0x3c;
const WIDTHS: ReadonlySet<number> = new Set([1, 2, 4, 8, 12, 16, 32]);

/** Kind of function; one integrated into the root complex has no link. */
export type PciExpressType = 'endpoint' | 'legacy-endpoint' | 'root-complex-integrated-endpoint';

const TYPES: Readonly<Record<PciExpressType, number>> = {
  endpoint: regs.PCI_EXP_TYPE_ENDPOINT,
  'legacy-endpoint': regs.PCI_EXP_TYPE_LEG_END,
  'root-complex-integrated-endpoint': regs.PCI_EXP_TYPE_RC_END,
};

/** What a PCI Express capability offers. */
export interface PciExpressOptions {
  readonly offset?: number;
  readonly type: PciExpressType;
  /** Largest payload in bytes, a power of two from 128 to 4096; 128 when left out. */
  readonly maxPayload?: number;
  /** 8-bit tags are supported. */
  readonly extendedTag?: boolean;
  /** Fastest link: 1 = 2.5, 2 = 5, 3 = 8, 4 = 16, 5 = 32, 6 = 64 GT/s; 1 when left out. */
  readonly linkSpeed?: number;
  /** Lanes: 1, 2, 4, 8, 12, 16 or 32; 1 when left out. */
  readonly linkWidth?: number;
  /** Vector that the capability's own interrupts use, 0 to 31. */
  readonly interruptMessage?: number;
  /**
   * The guest asks for a function level reset; the capability offers one where this is given. The space
   * does not reset itself: the device does all of its reset, the space's included.
   */
  onFunctionLevelReset?(): void;
}

/**
 * Makes a PCI Express capability.
 *
 * @throws `EINVAL` no such type, payload, speed, width or vector
 */
export function expressCapability(options: PciExpressOptions): PciCapability {
  const op = 'expressCapability';
  const { type, maxPayload = 128, extendedTag = false, linkSpeed = 1, linkWidth = 1 } = options;
  const { interruptMessage = 0 } = options;
  const payload = [128, 256, 512, 1024, 2048, 4096].indexOf(maxPayload);
  if (!Object.hasOwn(TYPES, type)) throw new VfioError('EINVAL', op, `no function type ${type}`);
  if (payload === -1) throw new VfioError('EINVAL', op, `payload ${maxPayload} is not possible`);
  if (![1, 2, 3, 4, 5, 6].includes(linkSpeed)) {
    throw new VfioError('EINVAL', op, `link speed ${linkSpeed} is not 1 to 6`);
  }
  if (!WIDTHS.has(linkWidth)) {
    throw new VfioError('EINVAL', op, `there is no link of ${linkWidth} lanes`);
  }
  checkUint(op, 'interrupt message', interruptMessage, 5);

  const hasFlr = options.onFunctionLevelReset !== undefined;
  const registers = new PciRegisters(LENGTH)
    .set16(regs.PCI_EXP_FLAGS, 2 | (TYPES[type] << 4) | (interruptMessage << 9))
    .set32(
      regs.PCI_EXP_DEVCAP,
      payload |
        regs.PCI_EXP_DEVCAP_RBER |
        (extendedTag ? regs.PCI_EXP_DEVCAP_EXT_TAG : 0) |
        (hasFlr ? regs.PCI_EXP_DEVCAP_FLR : 0),
    )
    .set16(
      regs.PCI_EXP_DEVCTL,
      regs.PCI_EXP_DEVCTL_RELAX_EN |
        regs.PCI_EXP_DEVCTL_NOSNOOP_EN |
        regs.PCI_EXP_DEVCTL_READRQ_512B,
      {
        rw:
          regs.PCI_EXP_DEVCTL_CERE |
          regs.PCI_EXP_DEVCTL_NFERE |
          regs.PCI_EXP_DEVCTL_FERE |
          regs.PCI_EXP_DEVCTL_URRE |
          regs.PCI_EXP_DEVCTL_RELAX_EN |
          regs.PCI_EXP_DEVCTL_PAYLOAD |
          (extendedTag ? regs.PCI_EXP_DEVCTL_EXT_TAG : 0) |
          regs.PCI_EXP_DEVCTL_NOSNOOP_EN |
          regs.PCI_EXP_DEVCTL_READRQ,
      },
    )
    .set16(regs.PCI_EXP_DEVSTA, 0, {
      rw1c:
        regs.PCI_EXP_DEVSTA_CED |
        regs.PCI_EXP_DEVSTA_NFED |
        regs.PCI_EXP_DEVSTA_FED |
        regs.PCI_EXP_DEVSTA_URD,
      volatile: regs.PCI_EXP_DEVSTA_TRPND,
    })
    .set32(regs.PCI_EXP_DEVCAP2, regs.PCI_EXP_DEVCAP2_COMP_TMOUT_DIS)
    .set16(regs.PCI_EXP_DEVCTL2, 0, {
      rw: regs.PCI_EXP_DEVCTL2_COMP_TIMEOUT | regs.PCI_EXP_DEVCTL2_COMP_TMOUT_DIS,
    });
  if (TYPES[type] !== regs.PCI_EXP_TYPE_RC_END) describeLink(registers, linkSpeed, linkWidth);
  return {
    id: regs.PCI_CAP_ID_EXP,
    ...(options.offset !== undefined && { offset: options.offset }),
    registers,
    onWrite({ start, data }) {
      const high = data[regs.PCI_EXP_DEVCTL + 1 - start] ?? 0;
      if ((high << 8) & regs.PCI_EXP_DEVCTL_BCR_FLR) options.onFunctionLevelReset?.();
    },
  };
}

function describeLink(registers: PciRegisters, speed: number, width: number): void {
  const link = speed | (width << regs.PCI_EXP_LNKSTA_NLW_SHIFT);
  registers
    .set32(regs.PCI_EXP_LNKCAP, link)
    .set16(regs.PCI_EXP_LNKCTL, 0, {
      rw:
        regs.PCI_EXP_LNKCTL_ASPMC |
        regs.PCI_EXP_LNKCTL_RCB |
        regs.PCI_EXP_LNKCTL_CCC |
        regs.PCI_EXP_LNKCTL_ES,
    })
    .set16(regs.PCI_EXP_LNKSTA, link, {
      volatile: regs.PCI_EXP_LNKSTA_CLS | regs.PCI_EXP_LNKSTA_NLW,
    })
    // Bit n of the vector is speed n.
    .set32(regs.PCI_EXP_LNKCAP2, 2 ** (speed + 1) - 2)
    .set16(regs.PCI_EXP_LNKCTL2, speed, {
      rw: regs.PCI_EXP_LNKCTL2_TLS | regs.PCI_EXP_LNKCTL2_ENTER_COMP | regs.PCI_EXP_LNKCTL2_HASD,
    });
}
