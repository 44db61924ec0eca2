// Settings of the machine below ap devices: which cards there are, and whose they are.

import { ApMask, parseHexMask, parseMask } from '@vfio-ts/ap';
import { parseUnsigned, VfioError } from '@vfio-ts/core';
import type { Setting } from '../../mdev/definition.ts';
import { factOf } from '../../errors.ts';
import { UsageError } from '../../usage.ts';
import type { DeviceWish } from '../driver.ts';
import { sharedSetting } from '../shared-setting.ts';

/** A card somebody wants. */
export interface CardSetting {
  readonly adapter: number;
  readonly mode: 'accelerator' | 'cca';
  /** 10 CEX4 to 14 CEX8. */
  readonly hwtype: number;
}

/** What is below the devices. */
export interface ApSettings {
  readonly cards: readonly CardSetting[];
  /** Usage domains of the machine. */
  readonly domains: ApMask;
  /** What stays with the host's own drivers. */
  readonly apmask: ApMask;
  readonly aqmask: ApMask;
  readonly instructionPort: boolean;
  /** Threads that compute. */
  readonly workers: number;
}

const OWN = new Set(['card', 'domains', 'apmask', 'aqmask', 'instruction_port', 'workers']);

/** Splits the settings of a wish: what is the machine's, and what is written to the device. */
export function splitSettings(settings: readonly Setting[]): {
  readonly own: readonly Setting[];
  readonly attributes: readonly Setting[];
} {
  return {
    own: settings.filter(({ name }) => OWN.has(name)),
    attributes: settings.filter(({ name }) => !OWN.has(name)),
  };
}

/** Reads the settings of all wishes, which share one machine. @throws UsageError */
export function readSettings(wishes: readonly DeviceWish[]): ApSettings {
  const settings = wishes.flatMap((wish) => wish.settings);
  const values = (name: string): readonly string[] =>
    settings.filter((setting) => setting.name === name).map(({ value }) => value);
  const assigned = assignedBy(settings);
  const cards = values('card').map((text) => card(text));
  const domains = values('domains').map((text) => numbers('domains', text));
  return {
    cards:
      cards.length > 0 ? cards : Array.from(assigned.adapters, (adapter) => usualCard(adapter)),
    domains: domains.length > 0 ? domains.reduce((a, b) => a.or(b)) : assigned.domains,
    apmask: mask('apmask', values('apmask')),
    aqmask: mask('aqmask', values('aqmask')),
    instructionPort: isOn(sharedSetting('instruction_port', wishes)),
    workers: count(sharedSetting('workers', wishes) ?? '2'),
  };
}

function usualCard(adapter: number): CardSetting {
  return { adapter, mode: 'cca', hwtype: 14 };
}

/** What the devices are going to ask for; what is wrong there is refused when it is written. */
function assignedBy(settings: readonly Setting[]): {
  readonly adapters: ApMask;
  readonly domains: ApMask;
} {
  let adapters = ApMask.NONE;
  let domains = ApMask.NONE;
  for (const { name, value } of settings) {
    if (name === 'assign_adapter') adapters = adapters.or(lenient(value, oneNumber));
    if (name === 'assign_domain') domains = domains.or(lenient(value, oneNumber));
    if (name === 'ap_config') {
      const [ap = '', aq = ''] = value.split(',');
      adapters = adapters.or(lenient(ap, hexMask));
      domains = domains.or(lenient(aq, hexMask));
    }
  }
  return { adapters, domains };
}

function oneNumber(text: string): ApMask {
  const number = parseUnsigned(text);
  return number < 256n ? ApMask.of(Number(number)) : ApMask.NONE;
}

function hexMask(text: string): ApMask {
  return parseHexMask('ap_config', text);
}

function lenient(text: string, parse: (text: string) => ApMask): ApMask {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof VfioError) return ApMask.NONE;
    throw error;
  }
}

const CARD = /^(?<adapter>[\da-f]{1,2}):CEX(?<generation>[4-8])(?<mode>[AC])$/iu;

function card(text: string): CardSetting {
  const { adapter = '', generation = '', mode = '' } = CARD.exec(text)?.groups ?? {};
  if (adapter === '') throw new UsageError(`card=${text}: it takes AA:CEX8C, as in card=05:CEX8A`);
  return {
    adapter: Number.parseInt(adapter, 16),
    mode: mode.toUpperCase() === 'A' ? 'accelerator' : 'cca',
    hwtype: Number(generation) + 6,
  };
}

function numbers(name: string, text: string): ApMask {
  let all = ApMask.NONE;
  for (const part of text.split(',')) {
    const [first, last = first, ...rest] = part.split('-').map((one) => one.trim());
    const [from, to] = [Number(first), Number(last)];
    const isRange = first !== '' && last !== '' && rest.length === 0;
    if (!isRange || !(from <= to && from >= 0 && to < 256)) {
      throw new UsageError(`${name}=${text}: it takes numbers and ranges below 256, as in 0-15,71`);
    }
    for (let n = from; n <= to; n++) all = all.with(n);
  }
  return all;
}

function mask(name: string, values: readonly string[]): ApMask {
  try {
    return values.reduce((before, text) => parseMask(name, text, before), ApMask.NONE);
  } catch (error) {
    if (error instanceof VfioError) throw new UsageError(`${name}: ${factOf(error)}`);
    throw error;
  }
}

function isOn(text: string | undefined): boolean {
  if (text === undefined || text === 'off') return false;
  if (text === 'on') return true;
  throw new UsageError(`instruction_port=${text}: it is on or off`);
}

function count(text: string): number {
  const number = Number(text);
  if (/^\d+$/u.test(text) && number >= 1 && number <= 64) return number;
  throw new UsageError(`workers=${text}: it takes 1 to 64`);
}
