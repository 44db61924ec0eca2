import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Styler } from '../../src/output.ts';
import { run } from '../../src/program.ts';

const UUID = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1001';
const OTHER = '83b8f4f2-509f-382f-3c1e-e6bfe0fa1002';
let definitions = '';

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'vfio-ts-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  vi.stubEnv('VFIO_TS_CONFIG_DIR', folder);
  vi.stubEnv('VFIO_TS_RUNTIME_DIR', join(folder, 'run'));
  definitions = join(folder, 'mdevctl.d');
});

async function said(argv: readonly string[], style?: Styler) {
  const printed: string[] = [];
  const noted: string[] = [];
  const exit = await run(argv, {
    output: {
      print: (line) => void printed.push(line),
      note: (line) => void noted.push(line),
      ...(style !== undefined && { style }),
    },
    untilStopped: () => Promise.resolve(),
    version: '1.2.3',
  });
  return { exit, printed, noted: noted.join('\n') };
}

function put(path: string, text: string): string {
  const file = join(definitions, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function driverPackage(name: string, module: string): void {
  const told = { driver: './driver.js', interface: 1 };
  const json = { name, version: '1.2.3', type: 'module', 'vfio-ts': told };
  put(`../node_modules/${name}/package.json`, JSON.stringify(json));
  put(`../node_modules/${name}/driver.js`, module);
}

describe('a command line', () => {
  test.each<readonly [string, readonly string[], string]>([
    ['define of nothing', ['define'], '--parent and --type; vfio-ts types lists'],
    ['define without a type', ['define', '-p', 'mdpy'], 'define needs --type'],
    ['define of a device that is not active', ['define', '-u', UUID], 'is not active'],
    ['define of a file without a parent', ['define', '--jsonfile', 'x'], 'give --parent'],
    ['define of no UUID', ['define', '-u', 'x', '-p', 'a', '-t', 'b'], 'takes a UUID'],
    ['undefine of nothing', ['undefine'], '--uuid'],
    ['modify of nothing', ['modify'], '--uuid'],
    ['an attribute without a value', ['modify', '-u', UUID, '--addattr', 'a'], 'needs --value'],
    ['an attribute without a name', ['modify', '-u', UUID, '--addattr', ''], 'takes the name'],
    ['a value of nothing', ['modify', '-u', UUID, '--value', 'a'], '--addattr NAME'],
    ['a value to remove', ['modify', '-u', UUID, '--delattr', '--value', 'a'], 'is for --addattr'],
    ['an index that is none', ['modify', '-u', UUID, '--delattr', '-i', '-1'], 'from 0 on'],
    ['a start both ways', ['modify', '-u', UUID, '-a', '-m'], 'cannot be used with'],
    ['start of nothing', ['start'], 'start needs the UUID'],
    ['start without a type', ['start', '-p', 'mdpy'], 'start needs --type'],
    ['start of two', ['start', UUID, '-u', OTHER], 'are two devices: give one'],
    ['stop of nothing', ['stop'], 'vfio-ts list'],
    ['stop of no UUID', ['stop', '/run/a.sock'], 'takes a UUID'],
    ['a command that the daemon has not', ['daemon', 'explode'], 'explode'],
  ])('%s is wrong, and says what to do', async (_what, argv, fact) => {
    const { exit, printed, noted } = await said(argv);
    expect(noted).toContain(fact);
    expect({ exit, printed }).toEqual({ exit: 2, printed: [] });
  });

  test.each([
    ['define'],
    ['undefine'],
    ['modify'],
    ['start'],
    ['stop'],
    ['list'],
    ['types'],
    ['daemon'],
    ['daemon', 'status'],
    ['daemon', 'reload'],
    ['daemon', 'install'],
  ])('%s %s has help', async (...argv) => {
    const { exit, printed } = await said([...argv.filter((one) => one !== undefined), '--help']);
    expect(exit).toBe(0);
    expect(printed.join('\n')).toContain('Usage: vfio-ts');
  });

  test('the command of devices is not in the help', async () => {
    expect((await said(['--help'])).printed.join('\n')).not.toContain('run-device');
  });
});

describe('without a daemon', () => {
  test.each([[['start', UUID]], [['stop', UUID]], [['daemon', 'status']], [['daemon', 'reload']]])(
    '%j says how to start one',
    async (argv) => {
      const { exit, noted } = await said(argv);
      expect(noted).toMatch(
        /no daemon listens on \S+control\.sock; start one with vfio-ts daemon/u,
      );
      expect(exit).toBe(1);
    },
  );

  test('no device is active', async () => {
    put(`mdpy/${UUID}`, '{"mdev_type":"mdpy-vga"}');
    expect(await said(['list'])).toEqual({ exit: 0, printed: [], noted: '' });
    expect((await said(['list', '--dumpjson'])).printed).toEqual(['[]']);
    expect((await said(['list', '--json'])).printed).toEqual(['[]']);
  });
});

describe('definitions', () => {
  test('of a type that nobody has are written, with a remark', async () => {
    const { exit, noted } = await said(['define', '-u', UUID, '-p', 'a', '-t', 'foo-bar']);
    expect(noted).toBe(
      'vfio-ts: no driver here has a type foo-bar; vfio-ts types lists those there are',
    );
    expect(exit).toBe(0);
    expect((await said(['list', '-d'])).printed).toEqual([`${UUID} a foo-bar manual`]);
  });

  test('that are there already are not replaced', async () => {
    const file = put(`mdpy/${UUID}`, '{"mdev_type":"mdpy-vga"}');
    const { exit, noted } = await said(['define', '-u', UUID, '-p', 'mdpy', '-t', 'mdpy-hd']);
    expect(noted).toContain(`device ${UUID} on mdpy is already defined`);
    expect(exit).toBe(1);
    expect(readFileSync(file, 'utf8')).toBe('{"mdev_type":"mdpy-vga"}');
  });

  test('that are damaged are listed with their line beside the others', async () => {
    const file = put(`mdpy/${UUID}`, '{\n  "mdev_type" "mdpy-vga"\n}');
    put(`mdpy/${OTHER}`, '{"mdev_type":"mdpy-vga"}');
    const { exit, printed, noted } = await said(['list', '--defined']);
    expect(printed).toEqual([`${OTHER} mdpy mdpy-vga manual`]);
    const aside = join(definitions, '.damaged/mdpy', UUID);
    expect(noted).toBe(
      `vfio-ts: ${file}: line 2: it is not valid JSON: unexpected "\\""; it has been moved to ${aside}: repair it and move it back`,
    );
    expect(exit).toBe(0);
  });

  test('are listed in one line of JSON with what is known of them', async () => {
    put(`mdpy/${UUID}`, '{"mdev_type":"mdpy-vga","attrs":[{"a":"1"}]}');
    const { printed } = await said(['list', '-d', '--json']);
    expect(printed.map((line): unknown => JSON.parse(line))).toEqual([
      [
        {
          uuid: UUID,
          parent: 'mdpy',
          mdev_type: 'mdpy-vga',
          start: 'manual',
          attrs: [{ a: '1' }],
          defined: true,
          active: false,
        },
      ],
    ]);
  });

  test('in a folder that cannot be are refused with what to do', async () => {
    vi.stubEnv('VFIO_TS_CONFIG_DIR', '/proc/none');
    const { exit, noted } = await said(['define', '-p', 'mdpy', '-t', 'mdpy-vga']);
    expect(noted).toMatch(/^vfio-ts: .*\/proc/u);
    expect(exit).toBe(1);
  });
});

describe('types', () => {
  test('are a table of what drivers have', async () => {
    const { exit, printed, noted } = await said(['types']);
    expect(printed[0]).toMatch(/^PARENT +TYPE +AVAILABLE +API +DRIVER +DESCRIPTION$/u);
    for (const row of [
      /^mdpy +mdpy-xga +4 +vfio-pci +mdpy-sample +virtual display, 1024x768 framebuffer$/mu,
      /^matrix +vfio_ap-passthrough +65536 +vfio-ap +ap +VFIO AP Passthrough Device$/mu,
      /^0\.0\.0000 +vfio_ccw-io +1 +vfio-ccw +ccw +I\/O subchannel \(Non-QDIO\)$/mu,
    ]) {
      expect(printed.join('\n')).toMatch(row);
    }
    expect({ exit, noted }).toEqual({ exit: 0, noted: '' });
  });

  test('of drivers of packages are among them, and one that cannot say its types hides no other', async () => {
    driverPackage(
      'my-driver',
      `const mine = { name: 'mine', deviceApi: 'vfio-pci', maxInstances: 7, probe() {}, async remove() {} };
      export const driver = { name: 'my-driver', busName: 'mine', help: [], register(bus) {
        bus.registerDriver(mine);
        const parent = bus.registerParent('mine0', mine, [{ sysfsName: 'one', prettyName: 'One' }]);
        return { async unregister() { await parent.unregister(); await bus.unregisterDriver(mine); } };
      } };`,
    );
    driverPackage(
      'bad-driver',
      `export const driver = { name: 'bad-driver', busName: 'bad', help: [], register() { throw new Error('no card'); } };`,
    );
    const { exit, printed, noted } = await said(['types']);
    const text = printed.join('\n');
    expect(text).toMatch(/^mine0 +mine-one +7 +vfio-pci +my-driver +One$/mu);
    expect(text).toMatch(/^matrix +vfio_ap-passthrough /mu);
    expect(noted).toBe('vfio-ts: bad-driver does not say which types it has: no card');
    expect(exit).toBe(0);
  });

  test('of one parent are a list in one line of JSON', async () => {
    const { printed } = await said(['types', '--parent', 'matrix', '--json']);
    expect(printed.map((line): unknown => JSON.parse(line))).toEqual([
      [
        {
          driver: 'ap',
          parent: 'matrix',
          mdev_type: 'vfio_ap-passthrough',
          available_instances: 65_536,
          device_api: 'vfio-ap',
          name: 'VFIO AP Passthrough Device',
        },
      ],
    ]);
  });

  test('of a parent there is not are none', async () => {
    expect((await said(['types', '-p', 'none'])).printed).toEqual([]);
    expect((await said(['types', '-p', 'none', '--dumpjson'])).printed).toEqual(['[]']);
  });

  test('have a head that can be told from the rest on a terminal', async () => {
    const { printed } = await said(['types'], (style, text) => `<${style}>${text}`);
    expect(printed.filter((line) => line.startsWith('<bold>'))).toEqual([printed[0]]);
  });
});
