// The real openssl as the judge of results: it makes the keys and computes the same.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programForTest } from '@vfio-ts/lab';
import { describe, expect, test as base } from 'vitest';
import { exchange, queueOf } from './support/cards.ts';
import { readKey, type RsaKey } from './support/keys.ts';
import { bytesOf, fromBytes } from './support/numbers.ts';
import { crtRequest, modExpoRequest, receive50 } from './support/zcrypt50.ts';
import { pdRequest, pkRequest, receiveRsa } from './support/zcrypt6.ts';

class OpenSsl {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** A new key. */
  key(bits: number): RsaKey {
    return readKey(bits, run(['genrsa', '-traditional', `${bits}`]).toString());
  }

  /** Raw RSA of an input. */
  raw(operation: '-encrypt' | '-decrypt', key: RsaKey, input: bigint): bigint {
    const file = join(this.#folder, 'key.pem');
    writeFileSync(file, key.pem);
    const args = ['pkeyutl', operation, '-inkey', file, '-pkeyopt', 'rsa_padding_mode:none'];
    return fromBytes(run(args, bytesOf(input, key.size)));
  }
}

function run(args: readonly string[], input?: Uint8Array): Buffer {
  return execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] });
}

const test = base.extend<{ openssl: OpenSsl }>({
  openssl: async ({ skip }, use) => {
    programForTest({ skip }, 'openssl', 'openssl');
    const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-openssl-'));
    await use(new OpenSsl(folder));
    rmSync(folder, { recursive: true });
  },
});

/** Numbers below n that look random and are the same for the same key. */
function inputsOf({ n }: RsaKey): readonly bigint[] {
  const digests = [0, 1].map((i) => createHash('sha512').update(`${i} ${n}`).digest());
  const random = fromBytes(Buffer.concat(Array(4).fill(Buffer.concat(digests)))) % n;
  return [0n, 1n, random, n - 1n];
}

describe.each([512, 1024, 2048, 3072, 4096])('a key of %i bits', (bits) => {
  test(
    'gives what openssl gives, by both kinds of card',
    { timeout: 120_000 },
    async ({ openssl }) => {
      const key = openssl.key(bits);
      const { n, e, d, size } = key;
      const accelerator = queueOf();
      const coprocessor = queueOf({ mode: 'cca' });
      const send50 = async (request: Uint8Array): Promise<unknown> => {
        const received = receive50(await exchange(accelerator, request), size);
        return 'result' in received ? received.result : received;
      };
      const send6 = async (request: Uint8Array): Promise<unknown> => {
        const received = receiveRsa(await exchange(coprocessor, request), size);
        return 'result' in received ? fromBytes(received.result) : received;
      };
      for (const input of inputsOf(key)) {
        const encrypted = openssl.raw('-encrypt', key, input);
        const decrypted = openssl.raw('-decrypt', key, input);
        expect(await send50(modExpoRequest(input, e, n, size))).toBe(encrypted);
        expect(await send6(pkRequest(input, e, n, size))).toBe(encrypted);
        expect(await send50(modExpoRequest(input, d, n, size))).toBe(decrypted);
        expect(await send6(pkRequest(input, d, n, size))).toBe(decrypted);
        expect(await send50(crtRequest(input, key, size))).toBe(decrypted);
        expect(await send6(pdRequest(input, key, size))).toBe(decrypted);
      }
    },
  );
});
