// A process that serves a DASD until it is killed.

import { MdevBus, VfioCore } from '@vfio-ts/core';
import { CachedReader, EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';
import { ChannelSubsystem } from '../../src/channel/subsystem.ts';
import { DasdControlUnit } from '../../src/dasd/dasd-control-unit.ts';
import { registerVfioCcw } from '../../src/driver/driver.ts';
import { cachedFiles } from '../../src/image/file.ts';
import { openImage } from '../../src/image/open.ts';

const [image = '', path = ''] = process.argv.slice(2);
const host = linuxHost();
const files = cachedFiles(new CachedReader());
const store = await openImage(image, { files });
const subsystem = new ChannelSubsystem(host);
subsystem.attach({ unit: new DasdControlUnit(store), deviceNumber: 0x1000 });
const ccw = registerVfioCcw(new MdevBus(new VfioCore(host)), subsystem.subchannels);
const uuid = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const mdev = await ccw.parents[0]?.create('vfio_ccw-io', uuid);
if (mdev === undefined) throw new Error('no parent');
serveDevice(mdev.instance.device.vdev, { path, loop: new EventLoop() });
console.log('ready');
