// The graphics plane of a device, as VFIO_DEVICE_QUERY_GFX_PLANE describes it (include/uapi/linux/vfio.h).

/** What the device shows and where the pixels are. */
export interface GfxPlane {
  /** DRM fourcc, for example `0x34325258` = XR24. */
  readonly drmFormat: number;
  readonly drmFormatMod: bigint;
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Bytes from one row to the next. */
  readonly stride: number;
  /** Bytes from the start of the region that the plane may use. */
  readonly size: number;
  readonly xPos: number;
  readonly yPos: number;
  readonly xHot: number;
  readonly yHot: number;
  /** Region with the pixels, mappable as a whole. */
  readonly regionIndex: number;
}
