// The graphics plane of a device, as VFIO_DEVICE_QUERY_GFX_PLANE describes it (include/uapi/linux/vfio.h).

/** DRM fourcc of 32-bit x:R:G:B, little endian (include/uapi/drm/drm_fourcc.h). */
export const DRM_FORMAT_XRGB8888 = 0x3432_5258;
/** DRM modifier of rows one behind the other. */
export const DRM_FORMAT_MOD_LINEAR = 0n;

/** What the device shows and where the pixels are. */
export interface GfxPlane {
  /** DRM fourcc, {@link DRM_FORMAT_XRGB8888} for example. */
  readonly drmFormat: number;
  /** {@link DRM_FORMAT_MOD_LINEAR} for example. */
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
