// Files of a card. Counterpart of ap_card_dev_attrs (drivers/s390/crypto/ap_card.c) and of zcrypt_card_attrs
// (zcrypt_card.c).

import { VfioError } from '@vfio-ts/core';
import type { ApMode } from '../hardware/card.ts';
import type { ApAttribute, ApAttributes } from './attribute.ts';
import type { BusCard } from './card-device.ts';
import { HOST_HWTYPES } from './host-driver.ts';
import { storeCardOnline } from './online.ts';
import { scanBus } from './scan.ts';
import type { BusState } from './state.ts';
import { parseSwitch } from './switch.ts';
import { modalias } from './uevent-env.ts';

/** Longest message of a card that does not say, and unit in which cards say it. */
const DEFAULT_MESSAGE_SIZE = 12 * 1024;
const MESSAGE_PAGE = 4096;

const LETTERS: Readonly<Record<ApMode, string>> = { accelerator: 'A', cca: 'C', ep11: 'P' };

/** Whether the host's own driver has the card. @internal */
export function isHostCard({ info }: BusCard): boolean {
  return HOST_HWTYPES.includes(info.hwtype);
}

/** `0x` and 8 digits, the facility bits of TAPQ. @internal */
export function functionsText(functions: number): string {
  return `0x${functions.toString(16).toUpperCase().padStart(8, '0')}\n`;
}

/** The files of a card in their order. @internal */
export function cardAttributes(state: BusState, card: BusCard): ApAttributes<BusCard> {
  const common: ApAttributes<BusCard> = {
    hwtype: { show: ({ info }) => `${info.hwtype}\n` },
    raw_hwtype: { show: ({ info }) => `${info.hwtype}\n` },
    depth: { show: ({ info }) => `${info.depth}\n` },
    ap_functions: { show: ({ info }) => functionsText(info.functions) },
    // The host's own driver sends nothing, so its counters stay as they are.
    request_count: { show: () => '0\n', store: () => undefined },
    requestq_count: { show: () => '0\n' },
    pendingq_count: { show: () => '0\n' },
    modalias: { show: ({ info }) => `${modalias(info.hwtype)}\n` },
    config: configAttribute(state),
    chkstop: { show: ({ isCheckstopped }) => (isCheckstopped ? '1\n' : '0\n') },
    max_msg_size: {
      show: ({ info: { maxMessagePages } }) =>
        `${maxMessagePages === 0 ? DEFAULT_MESSAGE_SIZE : maxMessagePages * MESSAGE_PAGE}\n`,
    },
  };
  return isHostCard(card) ? { ...common, ...hostAttributes(state) } : common;
}

function hostAttributes(state: BusState): ApAttributes<BusCard> {
  return {
    type: { show: ({ info: { hwtype, mode } }) => `CEX${hwtype - 6}${LETTERS[mode]}\n` },
    online: {
      show: ({ isOnline }) => (isOnline ? '1\n' : '0\n'),
      store: (card, text) => storeCardOnline(state, card, text),
    },
    load: { show: () => '0\n' },
  };
}

function configAttribute(state: BusState): ApAttribute<BusCard> {
  return {
    show: ({ isConfigured }) => (isConfigured ? '1\n' : '0\n'),
    async store(card, text) {
      const isConfigured = parseSwitch('config', text);
      if (isConfigured === card.isConfigured) return;
      if (card.hardware.configure === undefined) {
        throw new VfioError('EOPNOTSUPP', 'config', `${card.name} is configured elsewhere`);
      }
      card.hardware.configure(isConfigured);
      await scanBus(state);
    },
  };
}
