// Where the tracks of a volume are. A CKD image file is one; a test's memory is another.

/** What a volume is. */
export interface VolumeGeometry {
  readonly cylinders: number;
  /** Tracks per cylinder. */
  readonly heads: number;
  /** Bytes of one track's image, end mark included. */
  readonly trackSize: number;
  /** 0x3390 or 0x3380. */
  readonly deviceType: number;
  /** 12 characters; empty where the image has none. */
  readonly serial: string;
}

/**
 * The tracks of a volume, numbered `cylinder * heads + head`. A track's image is: home address of 5 bytes (flag,
 * CC, HH), then records of count (CC HH R KL DL, 8 bytes), key and data, from R0 on, then 8 bytes of FF; what is
 * behind has no meaning.
 */
export interface TrackStore {
  readonly geometry: VolumeGeometry;
  readonly isReadOnly: boolean;
  /**
   * The image of a track, which the caller must not change. Given at once where it is in memory.
   *
   * @throws `EIO` it cannot be read or is damaged; `EINVAL` no such track
   */
  read(track: number): Promise<Uint8Array> | Uint8Array;
  /**
   * The image of a track where it takes no wait, for the one device of the volume: valid until it asks for the next,
   * because its memory then is used again.
   *
   * @returns `undefined` where {@link TrackStore.read} has to be asked, which also knows of errors
   */
  lend?(track: number): Uint8Array | undefined;
  /**
   * Replaces a track as a whole: after a crash it is there as before or as given here, never half. Later reads
   * give it; it is durable after {@link TrackStore.flush}.
   *
   * @throws `EROFS` the store is read-only; `EINVAL` no track image, or no such track; `EIO`, `ENOSPC`
   */
  write(track: number, image: Uint8Array): Promise<void> | void;
  /** Makes durable what was written before. @throws `EIO`, `ENOSPC` */
  flush(): Promise<void>;
  /** Flushes, then gives everything back. A second call does nothing. */
  close(): Promise<void>;
}
