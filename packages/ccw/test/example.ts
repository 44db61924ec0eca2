import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ChannelSubsystem, DasdControlUnit, openImage, registerVfioCcw } from '@vfio-ts/ccw';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { EventLoop, linuxHost, serveDevice } from '@vfio-ts/vfio-user';

const [image = 'linux.ckd', path = '/tmp/dasd.sock'] = process.argv.slice(2);
const loop = new EventLoop();
const host = linuxHost({ clock: loop.clock });
const subsystem = new ChannelSubsystem(host);
const unit = new DasdControlUnit(await openImage(image));
const subchannel = subsystem.attach({ unit, deviceNumber: 0x1234 });

const ccw = registerVfioCcw(new MdevBus(new VfioCore(host)), [subchannel]);
const mdev = await ccw.parents[0]?.create('vfio_ccw-io', randomUUID());
if (mdev === undefined) throw new Error('no parent');
const server = serveDevice(mdev.instance.device.vdev, { path, loop });
console.log(`${subchannel.name} is on ${path}`);

await once(process, 'SIGINT');
server.close();
await ccw.unregister();
await subsystem.close();
