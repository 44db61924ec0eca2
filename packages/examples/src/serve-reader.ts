// The whole program: node src/serve-reader.ts deck.txt /tmp/reader.sock

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { ChannelSubsystem, registerVfioCcw, TracingUnit } from '@vfio-ts/ccw';
import { formatChain } from '@vfio-ts/ccw/client';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';
import { CardReader } from './card-reader.ts';

const [deck = 'deck.txt', path = '/tmp/reader.sock'] = process.argv.slice(2);
const host = linuxHost();
const subsystem = new ChannelSubsystem(host);
const reader = new CardReader();
const unit = new TracingUnit(reader, (chain) => console.log(formatChain(chain).join('\n')));
const subchannel = subsystem.attach({ unit, deviceNumber: 0x000c });

const ccw = registerVfioCcw(new MdevBus(new VfioCore(host)), [subchannel]);
const mdev = await ccw.parents[0]?.create('vfio_ccw-io', randomUUID());
if (mdev === undefined) throw new Error('no parent');
const server = serveDevice(mdev.instance.device.vdev, { path, loop: new EventLoop() });

reader.load(readFileSync(deck, 'utf8').trimEnd().split('\n'));
console.log(`serving on ${path}, Ctrl-C ends it`);
await once(process, 'SIGINT');
server.close();
await ccw.unregister();
await subsystem.close();
