// A matrix as the files of a mediated device show and take it (Linux Documentation/arch/s390/vfio-ap.rst).

import { VfioError } from '@vfio-ts/core';
import { formatMask, parseHexMask } from '../bus/mask-syntax.ts';
import type { ApMask } from '../bus/mask.ts';
import { adapterName, apqnName, apqnOf, domainName } from '../bus/names.ts';
import type { ApMatrix, QueuePart } from './matrix.ts';

/** Characters that a file has at most: a page without its final zero. */
const PAGE_LIMIT = 4095;
/** Characters of a write to `ap_config` that are looked at: three masks of 66, their separators, one more. */
const CONFIG_LIMIT = 201;

/**
 * Text of `matrix` and `guest_matrix`: a line for each queue, adapter by adapter; where one of the masks is empty, a
 * line for each number of the other. It ends at one page, be that in the middle of a line.
 */
export function formatQueues({ adapters, domains }: Pick<ApMatrix, QueuePart>): string {
  return page(queueLines(adapters, domains));
}

function* queueLines(adapters: ApMask, domains: ApMask): Generator<string> {
  if (adapters.isEmpty) {
    for (const domain of domains) yield `.${domainName(domain)}\n`;
  } else if (domains.isEmpty) {
    for (const adapter of adapters) yield `${adapterName(adapter)}.\n`;
  } else {
    for (const adapter of adapters) {
      for (const domain of domains) yield `${apqnName(apqnOf(adapter, domain))}\n`;
    }
  }
}

function page(lines: Iterable<string>): string {
  let text = '';
  for (const line of lines) {
    text += line;
    if (text.length >= PAGE_LIMIT) break;
  }
  return text.slice(0, PAGE_LIMIT);
}

/** Text of `control_domains`: a line for each. */
export function formatControlDomains({ controlDomains }: Pick<ApMatrix, 'controlDomains'>): string {
  return page(Array.from(controlDomains, (domain) => `${domainName(domain)}\n`));
}

/** Text of `ap_config`: adapters, usage domains and control domains. */
export function formatConfig({ adapters, domains, controlDomains }: ApMatrix): string {
  return `${[adapters, domains, controlDomains].map(formatMask).join(',')}\n`;
}

/**
 * Reads what `ap_config` takes: three masks, each ended by a comma or a newline but for the last, which can also end
 * with the text. A mask of no characters is empty; what follows the third one is not looked at. Counterpart of
 * `parse_bitmaps()`.
 *
 * @throws `EINVAL` fewer than three masks, or one that is none
 */
export function parseConfig(text: string): ApMatrix {
  const [adapters, domains, controlDomains] = text.slice(0, CONFIG_LIMIT).split(/[,\n]/);
  if (adapters === undefined || domains === undefined || controlDomains === undefined) {
    throw new VfioError('EINVAL', 'ap_config', 'not three masks');
  }
  return {
    adapters: parseHexMask('ap_config', adapters),
    domains: parseHexMask('ap_config', domains),
    controlDomains: parseHexMask('ap_config', controlDomains),
  };
}
