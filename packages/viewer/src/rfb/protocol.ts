// Numbers of the remote framebuffer protocol: RFC 6143, and the registry of the RFB community's specification
// (rfbproto.rst) for what came later.

/** RFC 6143, 7.1.1. */
export const RFB_VERSION = 'RFB 003.008\n';
export const VERSION_SIZE = 12;

/** RFC 6143, 7.1.2. */
export const SECURITY = { NONE: 1, VNC: 2 } as const;

/** RFC 6143, 7.1.3. */
export const SECURITY_RESULT = { OK: 0, FAILED: 1 } as const;

/** Bytes of the challenge of VNC authentication, RFC 6143, 7.2.2. */
export const CHALLENGE_SIZE = 16;

/** Messages of the client, RFC 6143, 7.5, and extensions. */
export const CLIENT = {
  SET_PIXEL_FORMAT: 0,
  SET_ENCODINGS: 2,
  FRAMEBUFFER_UPDATE_REQUEST: 3,
  KEY_EVENT: 4,
  POINTER_EVENT: 5,
  CLIENT_CUT_TEXT: 6,
  ENABLE_CONTINUOUS_UPDATES: 150,
  FENCE: 248,
  SET_DESKTOP_SIZE: 251,
  QEMU: 255,
} as const;

/** Messages of the server, RFC 6143, 7.6, and extensions. */
export const SERVER = {
  FRAMEBUFFER_UPDATE: 0,
  SET_COLOUR_MAP_ENTRIES: 1,
  END_OF_CONTINUOUS_UPDATES: 150,
  FENCE: 248,
} as const;

/** Encodings, RFC 6143, 7.7 and 7.8, and extensions. */
export const ENCODING = {
  RAW: 0,
  COPY_RECT: 1,
  TIGHT: 7,
  DESKTOP_SIZE: -223,
  /** Compression level 9; level 0 is nine below. */
  COMPRESS_LEVEL_9: -247,
  COMPRESS_LEVEL_0: -256,
  TIGHT_PNG: -260,
  EXTENDED_DESKTOP_SIZE: -308,
  FENCE: -312,
  CONTINUOUS_UPDATES: -313,
} as const;

/** Flags of a fence. */
export const FENCE = {
  BLOCK_BEFORE: 1,
  BLOCK_AFTER: 2,
  SYNC_NEXT: 4,
  REQUEST: 0x8000_0000,
} as const;

/** Bytes a fence may carry. */
export const MAX_FENCE_PAYLOAD = 64;

/** Answers to a client that wants another size: `x` says who asked, `y` how it went. */
export const DESKTOP_SIZE_REASON = { SERVER: 0, THIS_CLIENT: 1 } as const;
export const DESKTOP_SIZE_STATUS = { OK: 0, PROHIBITED: 1 } as const;
