/** Types and settings. */
export const GVT_HELP: readonly string[] = [
  'i915-GVTg_V5_8 64 MB of graphics memory, i915-GVTg_V5_4 128 MB, i915-GVTg_V5_2 256 MB,',
  'i915-GVTg_V5_1 512 MB',
  'resolution=WxH  what the monitor prefers; 1024x768 (V5_8) or 1920x1200 when left out',
  'mappable=full   a guest is told of all its graphics memory as mappable: faithful, and slow;',
  '                of a window of 2 MB when left out',
  'table=trapped   a guest writes entries of its graphics address space by messages, and QEMU waits for no',
  '                write of its; it maps them when left out',
  'aperture=MB     of the GPU: 256, 512 or 1024; as the devices need it when left out',
  'pipes=N         of its display: 1 when left out, 0 without',
  'all are of the GPU, which devices that are served together share: their definitions have to agree',
];
