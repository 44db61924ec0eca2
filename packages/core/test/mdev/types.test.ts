import { expectTypeOf, test } from 'vitest';
import type { MdevBus } from '../../src/mdev/bus.ts';
import type { MdevTypeDefinition } from '../../src/mdev/definition.ts';
import type { MdevDriver } from '../../src/mdev/driver.ts';
import type { MdevDevice, MdevParent } from '../../src/mdev/mdev.ts';

interface Display extends MdevTypeDefinition {
  readonly width: number;
}
interface Subchannel {
  readonly name: string;
  readonly schid: number;
}
class Vgpu {
  readonly id: number = 1;
}

const driver: MdevDriver<Display, Vgpu, Subchannel> = {
  name: 'd',
  deviceApi: 'vfio-pci',
  maxInstances: 1,
  probe(mdev) {
    expectTypeOf(mdev.type.definition).toEqualTypeOf<Display>();
    expectTypeOf(mdev.parent.device).toEqualTypeOf<Subchannel>();
    return new Vgpu();
  },
  async remove(_mdev, instance) {
    expectTypeOf(instance).toEqualTypeOf<Vgpu>();
  },
  attributes: { g: { a: { show: (_mdev, instance) => `${instance.id}\n` } } },
};

function wellTyped(bus: MdevBus, subchannel: Subchannel): void {
  const parent = bus.registerParentDevice(subchannel, driver, [{ sysfsName: 'a', width: 1 }]);
  expectTypeOf(parent).toEqualTypeOf<MdevParent<Display, Vgpu, Subchannel>>();
  expectTypeOf(parent.create('d-a', '')).resolves.toEqualTypeOf<
    MdevDevice<Display, Vgpu, Subchannel>
  >();
  expectTypeOf<MdevDevice<Display, Vgpu, Subchannel>['instance']>().toEqualTypeOf<Vgpu>();
}

function illTyped(bus: MdevBus, subchannel: Subchannel): void {
  // @ts-expect-error the driver needs a subchannel
  bus.registerParent('p', driver, [{ sysfsName: 'a', width: 1 }]);
  // @ts-expect-error the parent device is not the driver's
  bus.registerParentDevice({ name: 'p' }, driver, [{ sysfsName: 'a', width: 1 }]);
  // @ts-expect-error the type lacks what the driver needs
  bus.registerParentDevice(subchannel, driver, [{ sysfsName: 'a' }]);
  // @ts-expect-error no device api
  bus.registerDriver({ name: 'd', maxInstances: 1, probe: () => 1, remove: async () => {} });
}

test("a driver's own types come back from the bus without a cast", () => {
  expectTypeOf(wellTyped).toBeFunction();
});

test('a mismatch of driver, types and parent does not compile', () => {
  expectTypeOf(illTyped).toBeFunction();
});

test('any mdev and any parent can be looked at without its types', () => {
  expectTypeOf<MdevParent<Display, Vgpu, Subchannel>>().toExtend<MdevParent>();
  expectTypeOf<MdevDevice<Display, Vgpu, Subchannel>>().toExtend<MdevDevice>();
});
