import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { MdevBus, VfioCore } from '@vfio-ts/core';
import { registerMdpy, unregisterMdpy } from '@vfio-ts/mdpy-sample';
import { deviceSource, localTarget, PageServer, PictureServer } from '@vfio-ts/viewer';
import { linuxHost } from '@vfio-ts/vfio-user';

const { clock, logger, memory } = linuxHost();
const bus = new MdevBus(new VfioCore({ clock, logger, memory }));
const parent = registerMdpy(bus);
const { instance } = await parent.create('mdpy-xga', randomUUID());

const source = deviceSource(instance.device.vdev, 'my display');
const pictures = new PictureServer(source, { clock, logger, password: 'geheim' });
const vnc = await pictures.listen({ port: 0 });

const open = new PictureServer(source, { clock, logger });
const targets = [localTarget('display', open)];
const page = new PageServer({ clock, logger, targets: () => targets });
console.log(JSON.stringify({ vnc, page: await page.listen() }));

await once(process, 'SIGINT');
await Promise.all([page.close(), pictures.close(), open.close()]);
await unregisterMdpy(bus, parent);
