import { generateKeyPairSync } from 'node:crypto';
import { ApClient } from '@vfio-ts/ap/client';
import { connect, EventLoop, linuxClientHost, linuxHost, VfioUserClient } from '@vfio-ts/vfio-user';

const path = process.argv[2] ?? '/tmp/ap.sock';
const loop = new EventLoop();
const { clock, logger, memory } = linuxHost({ clock: loop.clock });
const host = linuxClientHost(clock, logger);
await using device = await VfioUserClient.attach(connect(path, loop), { host });
await using client = await ApClient.open(device, { clock, memory });

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const { n, e, p, q, dp, dq, qi } = privateKey.export({ format: 'jwk' });
const number = (text = ''): Uint8Array => Buffer.from(text, 'base64url');

const message = await client.random(255);
const signature = await client.crt({
  input: message,
  p: number(p),
  q: number(q),
  dp: number(dp),
  dq: number(dq),
  u: number(qi),
});
const verified = await client.modExpo({
  base: signature,
  exponent: number(e),
  modulus: number(n),
});
console.log(Buffer.compare(verified.subarray(1), message) === 0 ? 'it is the message' : 'wrong');
